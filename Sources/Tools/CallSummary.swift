import Entries

/// What a call did, in the words of its protocol: the verb, its object, how it ended.
struct CallSummary {
  /// HTTP method, command, API name; nil for protocols without.
  var method: String?
  /// What stands for the method in a line for reading, where that is another word.
  var verb: String?
  /// Path, key, topic, question, statement.
  var path: String?
  /// Numeric status as KFL knows it; nil when unanswered.
  var status: Int64?
  /// The status in words where the number says little: `NXDOMAIN`, `5 NOT_FOUND`.
  var statusText: String

  init(_ row: some FieldRow) {
    let answered = row.hasResponse
    switch row.kind {
    case .http, .http2, .gqlv1, .gqlv2:
      method = row.text(.method)
      path = row.text(.path)
      status = answered ? row.int(.statusCode) : nil
      statusText = status.map(String.init) ?? "-"
    case .grpc:
      method = row.text(.grpcMethod) ?? row.text(.method)
      path = row.text(.path)
      status = answered ? row.int(.statusCode) : nil
      statusText = row.int(.grpcStatus).map { "grpc \($0)" } ?? "-"
    case .dns:
      method = "query"
      verb = row.texts(.dnsQuestionTypes).first
      path = row.texts(.dnsQuestions).first
      status = answered ? row.int(.statusCode) : nil
      statusText = answered ? row.text(.dnsRcode) ?? "-" : "-"
    case .tcpConn, .udpConn:
      method = nil
      path = row.texts(.connL7Detected).joined(separator: ",")
      status = nil
      statusText = row.text(.connState) ?? "-"
    default:
      method = row.text(.method)
      path = row.text(.path)
      status = nil
      statusText = answered ? "ok" : "-"
    }
  }

  /// `POST /api/checkout`, `A orders.shop.svc`.
  var line: String { [verb ?? method, path].compactMap(\.self).joined(separator: " ") }
}

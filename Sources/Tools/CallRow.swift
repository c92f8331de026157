import Bytes
import Entries
import JSON
import Query
import ToolKit

/// A call as the tools list it: `compact` and `full` of the contract, and cells for reading.
struct CallRow {
  /// Longest body preview of the full format, in bytes.
  static let previewLimit = 1_024
  /// Bytes shown of a protocol nobody recognised: where its secrets stand is not known, and many
  /// protocols begin with a password.
  static let unrecognisedLimit = 16

  /// The fields of the compact format and of a line for reading.
  static let compactFields: [FieldID] =
    CallSummary.fields + [.elapsed, .failed, .faultKind]
    + [End.client, .server].map { EndFields($0) }.flatMap { end in
      [end.ip, end.port, end.pod, end.namespace, end.service, end.node, end.dns]
    }

  private let row: EntryView
  private let summary: CallSummary
  /// The path as it may be shown.
  private let path: String?
  let redactor: Redactor

  init(_ row: EntryView, _ redactor: Redactor) {
    (self.row, self.redactor) = (row, redactor)
    let summary = CallSummary(row)
    self.summary = summary
    path = summary.path.map { Shown.text(Self.redacted($0, of: row, redactor)) }
  }

  var id: String { row.id.description }
  var timestamp: Timestamp { row.timestamp }
  /// Microseconds.
  var elapsed: Int64? { row.int(.elapsed) }
  /// Whether it is one, and not the record of a connection or a flow.
  var isCall: Bool { row.kind?.isCall != false }
  /// What it is called in a sentence.
  var noun: String { isCall ? "Call" : row.kind?.isFlow == true ? "Flow" : "Connection" }
  var hasRequest: Bool { row.hasRequest }
  var hasResponse: Bool { row.hasResponse }
  var isError: Bool { row.bool(.failed) || row.int(.faultKind) != nil }
  /// What kept the call from being whole.
  var fault: String? {
    guard let kind = row.text(.errorType) else { return nil }
    return kind + (row.text(.faultMessage).map { ": " + Shown.text($0) } ?? "")
  }

  func json(_ format: String) -> JSONObject {
    switch format {
    case "full": full
    case "raw": RawRedaction.redacted(row.raw, redactor, bodyLimit: bodyLimit(.max))
    default: compact
    }
  }

  /// Most bytes of a body that may be shown.
  func bodyLimit(_ wanted: Int) -> Int {
    row.kind?.isCall == false && !redactor.isOff ? min(wanted, Self.unrecognisedLimit) : wanted
  }

  /// Where it was captured, as its id says: captures of no known node are all of one.
  private var node: String { row.text(.nodeID) ?? EntryID.defaultNode }

  /// The key of `group_by`.
  func group(_ name: String) -> String {
    switch name {
    case "node": node
    case "worker": row.text(.worker) ?? ""
    default: row.text(.destinationNamespace) ?? row.text(.sourceNamespace) ?? ""
    }
  }

  var compact: JSONObject {
    var object: JSONObject = [
      "id": .string(id), "ts": .int(timestamp.milliseconds),
      "src": .object(endpoint(.client)), "dst": .object(endpoint(.server)),
      "proto": .string(row.kind?.name ?? "unknown"),
    ]
    if let method = summary.method { object["method"] = .string(Shown.text(method)) }
    if let path { object["path"] = .string(path) }
    if let status = summary.status { object["status"] = .int(status) }
    if let text = statusWord { object["status_text"] = .string(text) }
    if row.kind == .grpc, let status = row.int(.grpcStatus), status >= 0 {
      object["grpc_status"] = .int(status)
    }
    if let elapsed = row.int(.elapsed) {
      object["latency_ms"] = JSONValue(Double(elapsed) / 1_000)
    }
    if row.bool(.failed) { object["error"] = true }
    if isHalf { object["incomplete"] = row.hasRequest ? "response" : "request" }
    if row.kind?.isCall == false {
      if summary.statusText != "-" { object["conn_state"] = .string(summary.statusText) }
      let trouble = TCPTrouble(row).json
      if !trouble.members.isEmpty { object["tcp_metrics"] = .object(trouble) }
    }
    return object
  }

  /// How it ended, where that is told by words: `NXDOMAIN`, `WRONGTYPE`, `TLS 1.2`.
  private var statusWord: String? {
    let text = summary.statusText
    guard row.kind?.isCall == true, row.kind != .grpc, text != "-", text != "ok",
      text != summary.status.map({ String($0) })
    else { return nil }
    return Shown.text(redactor.text(text))
  }

  /// Whether its other half is missing. One that nobody has to answer is whole.
  private var isHalf: Bool {
    row.kind?.isCall == true && row.hasRequest != row.hasResponse && row.int(.faultKind) != nil
  }

  var full: JSONObject {
    let contents = row.contents()
    var object = compact
    object["src"] = .object(endpoint(.client, full: true))
    object["dst"] = .object(endpoint(.server, full: true))
    if let worker = row.text(.worker) { object["worker"] = .string(worker) }
    object["req_size"] = .int(row.int(.requestBytes) ?? 0)
    object["resp_size"] = .int(row.int(.responseBytes) ?? 0)
    addContent(contents.request, "req", to: &object)
    addContent(contents.response, "resp", to: &object)
    addRest(to: &object)
    return object
  }

  /// Ids, protocol details, health of the connection, what went wrong.
  func addRest(to object: inout JSONObject) {
    if let conn = row.int(.connID) { object["conn_id"] = .int(conn) }
    if let flow = row.int(.flowID) { object["flow_id"] = .int(flow) }
    object["node_id"] = .string(node)
    if let value = try? JSONReader.value(of: row.details) {
      object["details"] = RawRedaction.redacted(value, redactor)
    }
    if let metrics { object["tcp_metrics"] = .object(metrics) }
    if let kind = row.text(.errorType) {
      object["fault"] = [
        "type": .string(kind), "msg": .string(Shown.text(row.text(.faultMessage) ?? "")),
      ]
    }
  }

  /// Method, URL and version, as far as the protocol has them.
  func addRequestLine(to object: inout JSONObject) {
    if let method = summary.method { object["method"] = .string(Shown.text(method)) }
    if let url = row.text(.url) {
      object["url"] = .string(Shown.text(redactor.url(url), limit: 4_096))
    }
    if let path { object["path"] = .string(path) }
    let query = row.pairs(.queryString)
    if !query.isEmpty {
      object["query"] = .object(
        JSONObject(
          members: query.map { pair in
            .init(
              name: Shown.text(pair.name),
              value: .string(Shown.text(redactor.parameter(pair.name, pair.value), limit: 4_096)))
          }))
    }
    if let version = row.text(.httpVersion) {
      object["http_version"] = .string(Shown.text(version))
    }
    object["size"] = .int(row.int(.requestBytes) ?? 0)
  }

  func addStatusLine(to object: inout JSONObject) {
    if let status = summary.status { object["status"] = .int(status) }
    if let text = row.text(.statusText) { object["status_text"] = .string(Shown.text(text)) }
    object["size"] = .int(row.int(.responseBytes) ?? 0)
  }

  var requestLine: String {
    let path = summary.path.map { Self.redacted($0, of: row, redactor) }
    let object = row.text(.url).map { redactor.url($0) } ?? path ?? ""
    return [
      (summary.verb ?? summary.method).map { Shown.text($0) }, Shown.text(object, limit: 500),
      row.text(.httpVersion).map { Shown.text($0) },
    ].compactMap(\.self).filter { !$0.isEmpty }.joined(separator: " ")
  }

  var statusLine: String {
    // A frame of a WebSocket is half of nothing, and says what it is.
    if row.kind == .ws, summary.statusText == "-" { return Shown.text(summary.verb ?? "-") }
    guard let text = row.text(.statusText).map({ Shown.text(redactor.text($0)) }) else {
      return statusCell(.max)
    }
    // Some protocols have no number, and the words are all there is.
    let status = statusCell(.max)
    return text.hasPrefix(status) ? text : status + " " + text
  }

  /// How it ended, fit to be shown. Some of it are words of a server.
  private func statusCell(_ limit: Int) -> String {
    Shown.text(redactor.text(summary.statusText), limit: limit)
  }

  /// The 24 health figures, on connection records, and from where they were measured.
  var metrics: JSONObject? {
    let numbers = row.numbers(.tcpMetrics)
    guard !numbers.isEmpty else { return nil }
    var metrics = JSONObject(
      members: numbers.map { .init(name: $0.name, value: JSONValue($0.value)) })
    for note in TCPMetrics.notes(on: row).members { metrics[note.name] = note.value }
    return metrics
  }

  private func addContent(_ content: Content?, _ prefix: String, to object: inout JSONObject) {
    guard let content else { return }
    let message = ShownMessage(
      content, redactor: redactor, bodyLimit: bodyLimit(Self.previewLimit))
    if !message.headers.isEmpty { object[prefix + "_headers"] = .object(message.headers) }
    guard let body = message.body else { return }
    object[prefix + "_body"] = .string(body.text)
    if body.isCut { object[prefix + "_truncated"] = true }
    if let encoding = body.encoding { object[prefix + "_encoding"] = .string(encoding) }
  }

  enum End { case client, server }

  func endpoint(_ end: End, full: Bool = false) -> JSONObject {
    let ids = EndFields(end)
    var object = JSONObject()
    func add(_ name: String, _ id: FieldID) {
      if let text = row.text(id) { object[name] = .string(Shown.text(text)) }
    }
    add("ip", ids.ip)
    if let port = row.int(ids.port), port > 0 { object["port"] = .int(port) }
    add("pod", ids.pod)
    add("ns", ids.namespace)
    add("svc", ids.service)
    add("node", ids.node)
    if full {
      add("name", ids.name)
      add("dns", ids.dns)
      let labels = row.pairs(ids.labels)
      if !labels.isEmpty {
        object["labels"] = .object(
          JSONObject(members: labels.map { .init(name: $0.name, value: .string($0.value)) }))
      }
    }
    return object
  }

  /// `shop/frontend`, `8.8.8.8:53`: who it was, as short as it is clear.
  func label(_ end: End) -> String {
    let ids = EndFields(end)
    let name = row.text(ids.service) ?? row.text(ids.pod) ?? row.text(ids.dns)
    if let name {
      guard let namespace = row.text(ids.namespace) else { return Shown.text(name) }
      return Shown.text(namespace + "/" + name)
    }
    let ip = row.text(ids.ip) ?? "?"
    guard end == .server, let port = row.int(ids.port), port > 0 else { return ip }
    return hostAndPort(ip, port)
  }

  /// Whether an end goes by a name that DNS gave it: what `label` says then are captured words.
  var showsNames: Bool {
    [End.client, .server].contains { end in
      let ids = EndFields(end)
      return row.text(ids.service) == nil && row.text(ids.pod) == nil && row.text(ids.dns) != nil
    }
  }

  /// Rows as a table; where they are of several days, their times have dates.
  static func table(_ rows: [CallRow]) -> Table {
    let day: Int64 = 86_400_000
    let areOfOneDay = Set(rows.map { $0.timestamp.milliseconds / day }).count <= 1
    var table = Table(columns)
    for row in rows {
      var cells = row.cells
      if !areOfOneDay { cells[0] = String(Shown.date(row.timestamp).prefix(11)) + cells[0] }
      table.add(cells)
    }
    return table
  }

  private static let columns: [Table.Column] = [
    .init("time (UTC)"), .init("client", limit: 30), .init("server", limit: 30), .init("proto"),
    .init("call", limit: 56), .init("status", limit: maxStatus), .init("ms", right: true),
    // A part of an id is of no use, and names of nodes may be long.
    .init("id", limit: .max),
  ]

  private var cells: [String] {
    [
      Shown.clock(timestamp), label(.client), label(.server), row.kind?.name ?? "?", line,
      shortStatus, row.int(.elapsed).map(Shown.milliseconds) ?? "-", id,
    ]
  }

  /// `POST /api/checkout`: for tables, where the status stands beside it and is not said twice.
  var line: String {
    let result = summary.result == "→ " + summary.statusText ? nil : summary.result
    let words = [summary.verb ?? summary.method, path, result.map(redactor.text)]
      .compactMap(\.self).filter { !$0.isEmpty }
    if words.isEmpty, isHalf { return row.hasRequest ? "(unknown)" : "(request not seen)" }
    return Shown.text(words.joined(separator: " "))
  }

  /// Widest status in a table, in characters: names of errors, which differ in their ends.
  static let maxStatus = 40

  /// `500 !`: a mark where it failed, which stays where the status is cut.
  var shortStatus: String {
    if row.bool(.failed) {
      return (summary.statusText == "-" ? "failed" : statusCell(Self.maxStatus - 3)) + " !"
    }
    let isUnanswered = summary.statusText == "-" && isHalf && row.hasRequest
    return isUnanswered ? "no reply" : statusCell(Self.maxStatus - 1)
  }

  /// Paths may carry secrets too, as in `/reset/eyJ…`.
  private static func redacted(
    _ path: String, of row: EntryView, _ redactor: Redactor
  ) -> String {
    row.kind == .ws ? redactor.body(path, mediaType: "") : redactor.url(path)
  }
}

/// The fields of one end.
struct EndFields {
  let ip, port, pod, namespace, service, node, name, dns, labels: FieldID

  init(_ end: CallRow.End) {
    switch end {
    case .client:
      (ip, port, pod) = (.sourceIP, .sourcePort, .sourcePodName)
      (namespace, service, node) = (.sourceNamespace, .sourceServiceName, .sourceNode)
      (name, dns, labels) = (.sourceName, .sourceDNS, .sourceLabels)
    case .server:
      (ip, port, pod) = (.destinationIP, .destinationPort, .destinationPodName)
      (namespace, service, node) = (
        .destinationNamespace, .destinationServiceName, .destinationNode
      )
      (name, dns, labels) = (.destinationName, .destinationDNS, .destinationLabels)
    }
  }
}

import Bytes
import Entries
import JSON
import Query
import ToolKit

/// One call in full.
struct GetAPICall: Tool {
  static let headers = Parameter("include_headers", .flag(default: true), "Header fields")
  static let payload = Parameter("include_payload", .flag(default: true), "Bodies")
  static let size = Parameter(
    "max_payload_size", .count(0...1_048_576, default: 65_536), "Most bytes of each body")
  static let node = Parameter("node_id", .text, "Node, where the id does not carry it")

  static let row = ToolRow(
    name: "get_api_call", title: "Get an API call",
    doc: """
      One call with everything known of it: headers, cookies and bodies of request and reply \
      (decoded, secrets replaced by fingerprints), times, sizes, protocol details, connection.
      """,
    parameters: [
      .id, headers, payload, size, node, ListAPICalls.db, ListAPICalls.snapshot, .maxTokens,
    ],
    answer: AnswerSchema.answer(
      [
        "id": .text(), "ts": .integer(), "src": .anyObject,
        "dst": .anyObject, "proto": .text(), "method": .text(),
        "path": .text(), "status": .integer(), "latency_ms": .number(),
        "request": .anyObject, "response": .anyObject, "details": .anyObject,
        "conn_id": .integer(), "flow_id": .integer(), "node_id": .text(),
      ], required: ["id", "proto"]),
    route: "GET calls/:id")

  let traffic: Traffic

  func call(
    _ arguments: Arguments, progress: @escaping ProgressReport
  ) async throws(ToolError) -> ToolAnswer {
    let view = try await traffic.entry(arguments)
    let row = CallRow(view, traffic.redactor)
    var answer = Answer(arguments)
    answer.structured = row.compact
    answer.structured["src"] = .object(row.endpoint(.client, full: true))
    answer.structured["dst"] = .object(row.endpoint(.server, full: true))
    say(row, in: &answer)
    let contents = view.contents()
    let limit = arguments.flag(Self.payload) ? row.bodyLimit(arguments.count(Self.size)) : 0
    let wantsHeaders = arguments.flag(Self.headers)
    var request = JSONObject()
    var response = JSONObject()
    row.addRequestLine(to: &request)
    row.addStatusLine(to: &response)
    let sent = contents.request.map {
      ShownMessage($0, redactor: traffic.redactor, bodyLimit: limit)
    }
    let received = contents.response.map {
      ShownMessage($0, redactor: traffic.redactor, bodyLimit: limit)
    }
    add(sent, contents.request, to: &request, headers: wantsHeaders, body: limit > 0)
    add(received, contents.response, to: &response, headers: wantsHeaders, body: limit > 0)
    if row.hasRequest { answer.structured["request"] = .object(request) }
    if row.hasResponse { answer.structured["response"] = .object(response) }
    row.addRest(to: &answer.structured)
    if !row.showsNames { answer.say(Answer.fence) }
    if let words = ConversationWords(view) {
      answer.say("State: \(words.text).")
      for (title, message) in [("client", sent), ("server", received)] {
        say("First bytes of the \(title)", message, limit, row, in: &answer)
      }
    } else {
      if row.hasRequest {
        answer.say("Request: \(row.requestLine)")
        say(sent, wantsHeaders, limit, row, in: &answer)
      }
      if row.hasResponse {
        answer.say("Response: \(row.statusLine)")
        say(received, wantsHeaders, limit, row, in: &answer)
      }
    }
    if let details = answer.structured["details"] {
      answer.say("Details: " + Shown.text(details.text, limit: max(200, answer.room)))
    }
    return answer.finish(traffic.coverage)
  }

  private func say(_ row: CallRow, in answer: inout Answer) {
    var line = "\(row.label(.client)) → \(row.label(.server)), \(Shown.date(row.timestamp)) UTC"
    if let elapsed = row.elapsed { line += ", \(Shown.milliseconds(elapsed)) ms" }
    if row.showsNames { answer.say(Answer.fence) }
    answer.say("\(row.noun) \(row.id): " + line + ".")
    if let fault = row.fault { answer.say("Not whole: \(fault)") }
  }

  private func add(
    _ message: ShownMessage?, _ content: Content?, to object: inout JSONObject, headers: Bool,
    body: Bool
  ) {
    guard let message, let content else { return }
    if headers {
      object["headers"] = .object(message.headers)
      if !message.cookies.isEmpty { object["cookies"] = .object(message.cookies) }
    }
    object["body_size"] = .int(content.bodyLength)
    guard body, let shown = message.body else { return }
    object["body"] = .string(shown.text)
    object["truncated"] = .bool(shown.isCut)
    if let encoding = shown.encoding { object["encoding"] = .string(encoding) }
    if let problem = shown.problem { object["body_problem"] = .string(problem) }
  }

  private func say(
    _ message: ShownMessage?, _ headers: Bool, _ limit: Int, _ row: CallRow,
    in answer: inout Answer
  ) {
    if headers, let message {
      for member in message.headers.members {
        answer.say("  \(member.name): \(Shown.text(member.value.string ?? "", limit: 300))")
      }
    }
    say("  body", message, limit, row, in: &answer)
  }

  private func say(
    _ title: String, _ message: ShownMessage?, _ limit: Int, _ row: CallRow,
    in answer: inout Answer
  ) {
    guard limit > 0, let body = message?.body else { return }
    let room = max(200, answer.room / 2)
    let isLong = body.encoding == nil && body.text.unicodeScalars.count > room
    let text =
      body.encoding == nil ? Shown.text(body.text, limit: room) : body.binaryNote
    // Of what nobody could read only so much is shown, whatever is asked for.
    let isBounded = !row.isCall && !traffic.redactor.isOff
    let note = isBounded ? "" : Self.note(body, isLong: isLong, limit: limit)
    answer.say("\(title)\(note): \(text)")
  }

  /// What gives more of a body that is not shown whole.
  private static func note(_ body: ShownMessage.Body, isLong: Bool, limit: Int) -> String {
    if isLong { return " (its beginning; raise max_tokens)" }
    if let problem = body.problem { return " (\(Shown.text(problem, limit: 80)))" }
    guard body.isCut else { return "" }
    // A cut between characters leaves up to three bytes less.
    return body.text.utf8.count + 4 > limit
      ? " (its beginning; raise max_payload_size)" : " (cut)"
  }
}

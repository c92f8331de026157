import Bytes
import Entries
import JSON
import KFL
import Query
import ToolKit

/// One call with its bodies, the connection and flow it travelled on, and its packets.
struct GetAPICallDetails: Tool {
  static let payload = Parameter("include_payload", .flag(default: true), "Bodies")
  static let l4 = Parameter("include_l4", .flag(default: true), "Connection and flow")
  static let pcap = Parameter(
    "include_pcap", .flag(default: false), "Packets of its connection, unredacted, as a pcap file")

  /// Largest capture that goes into the answer itself, in bytes.
  static let inlineLimit = 256 << 10
  /// Largest capture that is cut at all, in bytes.
  static let cutLimit = 12 << 20
  /// ICMP errors that are listed.
  private static let mostErrors = 5

  private static let rates: JSONObject = [
    "local_pkts": .integer(), "local_bytes": .integer(), "remote_pkts": .integer(),
    "remote_bytes": .integer(), "state": .text(), "conn_state": .text(), "unit": .anyObject,
  ]

  static let row = ToolRow(
    name: "get_api_call_details", title: "Get details of an API call",
    doc: """
      One call with whole bodies, the connection and flow it travelled on (packets, bytes, state, TCP \
      health; of an ICMP error the flow it is about), and on request the packets of its connection. Use get_api_call first; this when the \
      network below matters.
      """,
    parameters: [
      .id, GetAPICall.node, payload, l4, pcap, GetAPICall.size, ListAPICalls.db,
      ListAPICalls.snapshot, .maxTokens,
    ],
    answer: AnswerSchema.answer(
      [
        "entry": .object(AnswerSchema.call), "req_body": .text(), "resp_body": .text(),
        "req_encoding": .text(), "resp_encoding": .text(), "truncated": .flag(),
        "icmp_errors": .texts, "l4_flow": .object(.schema(rates)),
        "l4_conn": .object(.schema(rates)),
        "pcap": .text("base64"), "pcap_path": .text(), "pcap_bytes": .integer(),
        "pcap_packets": .integer(),
        "pcap_note": .text("Why there are no packets, or not all"),
      ], required: ["entry", "truncated"]),
    route: "POST tools/get_api_call_details", set: .all)

  let traffic: Traffic

  func call(
    _ arguments: Arguments, progress: @escaping ProgressReport
  ) async throws(ToolError) -> ToolAnswer {
    let view = try await traffic.entry(arguments)
    let row = CallRow(view, traffic.redactor)
    var answer = Answer(arguments)
    answer.structured["entry"] = .object(row.full)
    var line = "\(row.label(.client)) → \(row.label(.server)), \(Shown.date(row.timestamp)) UTC"
    if let elapsed = row.elapsed { line += ", \(Shown.milliseconds(elapsed)) ms" }
    if row.showsNames { answer.say(Answer.fence) }
    answer.say("\(row.noun) \(row.id): " + line + ".")
    if let fault = row.fault { answer.say("Not whole: \(fault)") }
    if !row.showsNames { answer.say(Answer.fence) }
    if row.isCall {
      if row.hasRequest { answer.say("Request: " + row.requestLine) }
      if row.hasResponse { answer.say("Response: " + row.statusLine) }
    }
    answer.structured["truncated"] = false
    if arguments.flag(Self.payload) {
      addBodies(view, row, limit: arguments.count(GetAPICall.size), to: &answer)
    }
    let connection = try await traffic.record(.conns, view.int(.connID))
    if arguments.flag(Self.l4) {
      let about = view.int(.icmpAboutFlow)
      let flow = try await traffic.record(.flows, about ?? view.int(.flowID))
      addConnection(connection, to: &answer)
      addFlow(flow, isComplainedOf: about != nil, to: &answer)
      if about == nil { try await addErrors(about: view.int(.flowID), to: &answer) }
      if connection == nil { answer.say("No record of its connection is kept.") }
    }
    if arguments.flag(Self.pcap) {
      try await addPackets(view, connection, to: &answer)
    }
    return answer.finish(traffic.coverage)
  }

  private func addBodies(
    _ view: EntryView, _ row: CallRow, limit: Int, to answer: inout Answer
  ) {
    let contents = view.contents()
    for (prefix, title, content) in [
      ("req", "Request", contents.request), ("resp", "Response", contents.response),
    ] {
      guard let content else { continue }
      let message = ShownMessage(
        content, redactor: traffic.redactor, bodyLimit: row.bodyLimit(limit))
      guard let body = message.body else { continue }
      answer.structured[prefix + "_body"] = .string(body.text)
      if let encoding = body.encoding {
        answer.structured[prefix + "_encoding"] = .string(encoding)
      }
      if body.isCut { answer.structured["truncated"] = true }
      let shown =
        body.encoding == nil
        ? Shown.text(body.text, limit: max(200, answer.room / 3)) : body.binaryNote
      answer.say("\(title) body\(body.isCut ? " (cut)" : ""): \(shown)")
    }
  }

  private func addConnection(_ record: EntryView?, to answer: inout Answer) {
    guard let record else { return }
    var object = JSONObject()
    if let id = record.int(.connID) { object["conn_id"] = .int(id) }
    add(
      record, (.connLocalPkts, .connLocalBytes, .connRemotePkts, .connRemoteBytes),
      state: record.text(.connState), to: &object)
    if let metrics = CallRow(record, traffic.redactor).metrics {
      object["tcp_metrics"] = .object(metrics)
    }
    object["unit"] = ["bytes": "bytes, whole packets"]
    answer.structured["l4_conn"] = .object(object)
    if let words = ConversationWords(record) { answer.say("Connection: \(words.text).") }
  }

  /// Errors of ICMP about the flow, the newest ones.
  private func addErrors(about flow: Int64?, to answer: inout Answer) async throws(ToolError) {
    guard let flow else { return }
    let filter = try traffic.compile("icmp && icmp_about_flow == \(flow)", argument: "id").filter
    let query = Query(
      [filter].compactMap(\.self), families: .calls, order: .newest, limit: Self.mostErrors,
      countBudget: 0)
    let errors = try await traffic.ask { (source) throws(QueryError) in
      try await source.query(query)
    }.rows.map { row in
      [row.text(.icmpType), row.text(.icmpAbout)].compactMap(\.self).joined(separator: " ")
    }
    if errors.isEmpty { return }
    answer.structured["icmp_errors"] = .array(errors.map { .string(Shown.text($0)) })
    answer.say(
      "ICMP errors about its flow: " + errors.map { Shown.text($0) }.joined(separator: ", "))
  }

  private func addFlow(
    _ record: EntryView?, isComplainedOf: Bool, to answer: inout Answer
  ) {
    guard let record else { return }
    var object = JSONObject()
    if let id = record.int(.flowID) { object["flow_id"] = .int(id) }
    add(
      record, (.flowLocalPkts, .flowLocalBytes, .flowRemotePkts, .flowRemoteBytes),
      state: record.text(.flowState), to: &object)
    for (name, id) in [
      ("local_pps", FieldID.flowLocalPPS), ("local_bps", .flowLocalBPS),
      ("remote_pps", .flowRemotePPS), ("remote_bps", .flowRemoteBPS),
    ] {
      object[name] = .int(record.int(id) ?? 0)
    }
    object["unit"] = ["pps": "packets/s", "bps": "bytes/s"]
    answer.structured["l4_flow"] = .object(object)
    if let words = ConversationWords(record) {
      answer.say("\(isComplainedOf ? "The flow it is about" : "Flow"): \(words.text).")
    }
  }

  private func add(
    _ record: EntryView, _ fields: (FieldID, FieldID, FieldID, FieldID), state: String?,
    to object: inout JSONObject
  ) {
    if let state {
      object["state"] = state == "closed" ? "closed" : "established"
      object["conn_state"] = .string(state)
    }
    object["local_pkts"] = .int(record.int(fields.0) ?? 0)
    object["local_bytes"] = .int(record.int(fields.1) ?? 0)
    object["remote_pkts"] = .int(record.int(fields.2) ?? 0)
    object["remote_bytes"] = .int(record.int(fields.3) ?? 0)
  }

  // MARK: Packets

  private func addPackets(
    _ view: EntryView, _ connection: EntryView?, to answer: inout Answer
  ) async throws(ToolError) {
    func say(_ reason: String) {
      answer.structured["pcap_note"] = .string(reason)
      answer.say("Packets: \(reason)")
    }
    if let reason = traffic.packets.unavailable { return say(reason) }
    guard let question = PacketQuestion(connection ?? view, of: view, limit: Self.cutLimit) else {
      return say("The call does not say which packets carry it.")
    }
    let cut = try await traffic.packets.cut(question)
    answer.structured["pcap_packets"] = JSONValue(cut.packets)
    answer.structured["pcap_bytes"] = JSONValue(cut.bytes.count)
    guard cut.packets > 0 else { return say("None of its packets was found in the capture.") }
    var note = "Unredacted: the packets hold whatever was sent."
    if cut.leftOut > 0 {
      note +=
        " \(cut.leftOut) packets are left out: beyond \(Self.cutLimit >> 20) MiB or in fragments."
    }
    if cut.bytes.count <= Self.inlineLimit {
      answer.structured["pcap"] = .string(base64(cut.bytes))
    } else {
      note +=
        " Above \(Self.inlineLimit >> 10) KiB they are not part of an answer; download_file or "
        + "get_file_url has them by pcap_path."
    }
    if let id = view.int(.connID), connection != nil {
      answer.structured["pcap_path"] = .string(PacketFile.conns.path(id, traffic.database))
    }
    answer.structured["pcap_note"] = .string(note)
    answer.say(
      "Packets: \(cut.packets) of its connection, \(Shown.bytes(Int64(cut.bytes.count))). \(note)")
  }
}

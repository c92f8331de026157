import Bytes
import Crypto
import Entries
import JSON
import KFL
import Query
import ToolKit

/// The packets of one connection or flow as a file of the Hub: `/mcp/conns/ID/pcap`.
enum PacketFile: String {
  case conns, flows

  /// Bytes of the file, at most; what comes later is left out.
  var limit: Int {
    switch self {
    case .conns: 64 << 20
    case .flows: 12 << 20
    }
  }

  /// The flag and the number of its records, as filters name them.
  fileprivate var fields: (flag: String, number: String) {
    switch self {
    case .conns: ("conn", "conn_id")
    case .flows: ("flow", "flow_id")
    }
  }

  /// Its path on the Hub.
  func path(_ id: Int64, _ database: String?) -> String {
    "/mcp/\(rawValue)/\(id)/pcap" + (database.map { "?db=\(percentEncoded($0))" } ?? "")
  }

  func file(
    _ id: String, of traffic: Traffic, from start: FileStart
  ) async throws(ToolError) -> HubFile {
    guard let number = Int64(id) else {
      throw .invalid(
        "id", "\(JSONValue.string(String(id.prefix(64))).text) is not the number of a record",
        hint: "get_api_call has conn_id and flow_id.")
    }
    guard let record = try await traffic.record(self, number),
      let question = PacketQuestion(record, limit: limit, isFlow: self == .flows)
    else {
      throw .notFound(
        "There is no record with \(fields.number) \(number).",
        hint: "get_api_call has conn_id and flow_id.")
    }
    if let reason = traffic.packets.unavailable {
      throw ToolError(status: 409, code: "no_packets", message: reason)
    }
    let bytes = try await traffic.packets.cut(question).bytes
    guard !bytes.isEmpty else {
      throw ToolError(
        status: 410, code: "packets_gone", message: "None of its packets is kept any more.",
        hint: "get_data_boundaries says from when to when there are packets.")
    }
    let digest = Array(SHA256.hash(data: bytes))
    let tag = "\"\(hex(digest.prefix(16)))\""
    let fits = start.offset <= Int64(bytes.count) && (start.tag == nil || start.tag == tag)
    let offset = fits ? start.offset : 0
    return HubFile(
      name: "\(rawValue.dropLast())-\(number).pcap", contentType: "application/vnd.tcpdump.pcap",
      offset: offset, length: Int64(bytes.count), tag: tag, digest: digest
    ) { (sink) async throws(ToolError) in
      try await sink(Array(bytes[Int(offset)...]))
    }
  }
}

extension Traffic {
  /// The connection or flow record with that number.
  func record(_ kind: PacketFile, _ number: Int64?) async throws(ToolError) -> EntryView? {
    guard let number else { return nil }
    let (flag, field) = kind.fields
    let filter = try compile("\(flag) && \(field) == \(number)", argument: "id").filter
    let query = Query(
      [filter].compactMap(\.self), families: .connections, order: .newest, limit: 1, countBudget: 0)
    return try await ask { (source) throws(QueryError) in try await source.query(query) }.rows.first
  }
}

extension PacketQuestion {
  /// Around the times of a record: clocks of kernel and capture differ a little, and what ends a
  /// connection comes after its last message.
  static let margin: Int64 = 10_000_000_000

  /// The packets of a connection or flow.
  ///
  /// - Parameters:
  ///   - record: of the connection or flow, else the call itself.
  ///   - call: one whose packets must be among them.
  ///   - isFlow: whether all connections to the server's port are wanted.
  init?(_ record: EntryView, of call: EntryView? = nil, limit: Int, isFlow: Bool = false) {
    guard let client = record.text(.sourceIP).flatMap({ IPAddress($0) }),
      let server = record.text(.destinationIP).flatMap({ IPAddress($0) }),
      let transport = record.text(.l4proto)
    else { return nil }
    let first = isFlow ? 1 : record.int(.streamNumber) ?? 0
    guard first > 0 else { return nil }
    // What ends a TCP connection carries nothing, and so has no part in the record's range.
    let last =
      transport == "tcp" || isFlow
      ? 0 : max(record.int(.lastPacket) ?? 0, call?.int(.lastPacket) ?? 0)
    let start = min(record.timestamp, call?.timestamp ?? record.timestamp)
    // A record of a connection does not say when it ended.
    let end = record.int(.elapsed).map { record.timestamp.advanced(by: $0 &* 1_000) }
    self.init(
      client: client, server: server,
      clientPort: isFlow ? nil : UInt16(truncatingIfNeeded: record.int(.sourcePort) ?? 0),
      serverPort: UInt16(truncatingIfNeeded: record.int(.destinationPort) ?? 0),
      transport: transport, numbers: UInt64(first)...(last >= first ? UInt64(last) : .max),
      window: start.advanced(by: -Self.margin)..<(end?.advanced(by: Self.margin) ?? .distantFuture),
      limit: limit)
  }
}

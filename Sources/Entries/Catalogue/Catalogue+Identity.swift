private import Bytes

// Which entry it is, when it happened, how it was captured and whether it went well.
extension Catalogue {
  /// Name of the node of entries whose capture names none, as identifiers and answers have it.
  package static let localNode = "local"

  static let identity: [Field] = [
    Field(
      .id, "id", .int, "Number of the entry, unique within its node", example: "id == 16777216",
      // Streams number packets, so 40 bits last for a trillion; an entry's place takes 24.
      source: .derived(from: [.streamNumber, .streamIndex]) { row in
        guard let stream = row.int(.streamNumber) else { return .none }
        return .int(stream << 24 | (row.int(.streamIndex) ?? 0) & 0xff_ffff)
      }),
    Field(
      .nodeID, "node_id", .text,
      "Node that made the entry; \"local\" where the capture names none",
      example: #"node_id == "node-1""#, absent: .text(localNode)),
    Field(
      .index, "index", .int, "Place of the entry within its stream, from 0",
      example: "index == 0", source: .same(as: .streamIndex)),
    Field(
      .stream, "stream", .text, "Stream of the entry, in hexadecimal",
      example: #"stream == "00000000002a""#,
      source: .derived(from: [.streamNumber]) { row in
        guard let stream = row.int(.streamNumber) else { return .none }
        let digits = String(UInt64(bitPattern: stream), radix: 16)
        return .text(String(repeating: "0", count: max(0, 12 - digits.count)) + digits)
      }),
    Field(
      .worker, "worker", .text, "Worker that made the entry", example: #"worker == "worker-1""#),
    Field(
      .timestamp, "timestamp", .instant,
      "When the request began; when the reply began where no request was seen",
      example: #"timestamp > now() - duration("5m")"#, source: .same(as: .instant)),
    Field(
      .elapsedTime, "elapsed_time", .int, "Time from request to reply; 0 when either is missing",
      unit: "µs", example: "elapsed_time > 500000", source: .same(as: .elapsed)),
    Field(
      .connID, "conn_id", .int, "Connection the entry belongs to", example: "conn_id == 42",
      source: .same(as: .streamNumber)),
    Field(
      .flowID, "flow_id", .int,
      "Number shared by all connections from one client to one server port", example: "flow_id > 0",
      source: .derived(from: FlowNumber.columns) { row in .int(FlowNumber.of(row)) }),
    Field(
      .hasPCAP, "has_pcap", .bool, "Whether the packets of the entry are known and can be exported",
      example: "has_pcap",
      source: .derived(from: [.lastPacket]) { row in .bool((row.int(.lastPacket) ?? 0) > 0) }),
    Field(
      .captureSource, "capture_source", .text,
      "Where the bytes came from: unspecified, af_packet, ebpf or ebpf_tls",
      example: #"capture_source == "af_packet""#,
      values: ["unspecified", "af_packet", "ebpf", "ebpf_tls"]),
    Field(
      .captureBackend, "capture_backend", .text, "What captured: af_packet or ebpf",
      example: #"capture_backend == "af_packet""#,
      values: ["af_packet", "ebpf"]),
    Field(
      .captureSourceCode, "capture_source_code", .int,
      "The capture source as a number: 0 unspecified, 1 af_packet, 2 ebpf, 3 ebpf_tls",
      example: "capture_source_code == 1",
      source: .derived(from: [.captureSource]) { row in
        let names = ["unspecified", "af_packet", "ebpf", "ebpf_tls"]
        return .int(Int64(names.firstIndex(of: row.text(.captureSource)) ?? 0))
      }),
    Field(
      .captureVLAN, "capture_vlan", .int,
      "VLAN of the packets by their tags, the outermost of several; 0 where they have none",
      example: "capture_vlan == 42"),
    Field(
      .captureInnerVLAN, "capture_inner_vlan", .int,
      "VLAN inside that one, of packets with two tags (QinQ)",
      example: "capture_inner_vlan == 7"),
    Field(
      .capture, "capture", .pairs, "Source, backend and VLAN of the capture under one name",
      example: #"map_get(capture, "source", "") == "af_packet""#,
      source: .derived(from: [.captureSource, .captureBackend, .captureVLAN]) { row in
        pairs(
          ("source", row.text(.captureSource)), ("backend", row.text(.captureBackend)),
          ("vlan", row.int(.captureVLAN).map(String.init) ?? ""))
      }),
    Field(
      .error, "error", .bool,
      "Whether capture or dissection fell short: a missing half, a reset, a parse failure",
      example: "error",
      source: .derived(from: [.faultKind]) { row in .bool((row.int(.faultKind) ?? 0) != 0) }),
    Field(
      .errorType, "error_type", .text,
      "How it fell short: dissection (or not captured), connection (cut off), timeout or pair-not-found",
      example: #"error_type == "timeout""#,
      source: .derived(from: [.faultKind]) { row in
        UInt8(exactly: row.int(.faultKind) ?? 0).flatMap(Entry.Fault.Kind.init(rawValue:))
          .map { .text($0.name) } ?? .none
      },
      values: ["dissection", "connection", "timeout", "pair-not-found"]),
    Field(
      .callFailed, "call_failed", .bool,
      "Whether the protocol itself reports failure, such as HTTP 400 and above or a DNS error code",
      example: "call_failed", source: .same(as: .failed)),
  ]

  /// Pairs of those names whose text is not empty.
  static func pairs(_ list: (String, String)...) -> FieldValue {
    .pairs(list.filter { !$0.1.isEmpty }.map { HeaderBlock.Field(name: $0.0, value: $0.1) })
  }
}

// Addresses, ports and the family of protocol.
extension Catalogue {
  static let network: [Field] = [
    Field(
      .sourceIP, "src.ip", .text, "Address of the side that asks, IPv4 or IPv6",
      example: #"src.ip == "10.0.0.7""#),
    Field(
      .destinationIP, "dst.ip", .text, "Address of the side that answers",
      example: #"in_cidr(dst.ip, "10.0.0.0/8")"#),
    Field(
      .sourcePort, "src.port", .int, "Port of the side that asks; 0 where ports do not exist",
      example: "src.port > 32767"),
    Field(
      .destinationPort, "dst.port", .int, "Port of the side that answers",
      example: "dst.port == 8080"),
    Field(
      .family, "protocol", .text, "Family of the protocol in upper case, such as HTTP or DNS",
      example: #"protocol == "REDIS""#,
      source: .derived(from: [.kind]) { row in
        row.kind.map { .text($0.family) } ?? .none
      },
      values: Array(Set(ProtocolKind.allCases.map(\.family))).sorted()),
    Field(
      .l4proto, "l4proto", .text, "What carries the entry: tcp, udp, sctp or icmp",
      example: #"l4proto == "udp""#,
      source: .derived(from: [.transport]) { row in
        UInt8(exactly: row.int(.transport) ?? 0).flatMap(EntryTransport.init(rawValue:))
          .map { .text($0.name) } ?? .none
      },
      values: ["tcp", "udp", "sctp", "icmp"]),
  ]
}

import Bytes
import Entries
import Flows
import Layers

/// What an ICMP error complains about: the flow of the packet that it quotes.
struct ICMPAbout: Sendable {
  /// Transport and both ends as the packet travelled, such as `udp 10.0.0.1 → 10.0.0.9:53`. The
  /// client's port differs in every connection and is left out.
  let text: String
  /// `flow_id` of its flow; nil for transports that are not followed.
  let flow: Int64?

  init(_ packet: QuotedPacket) {
    let hasPorts = packet.sourcePort != 0 || packet.destinationPort != 0
    let isReply =
      hasPorts && PortHint.isReply(from: packet.sourcePort, to: packet.destinationPort)
    let (client, server, port) =
      isReply
      ? (packet.destination, packet.source, packet.sourcePort)
      : (packet.source, packet.destination, packet.destinationPort)
    let serverText = Self.end(server, port: hasPorts ? port : nil)
    let ends =
      isReply
      ? "\(serverText) → \(client.description)" : "\(client.description) → \(serverText)"
    text = "\(Self.name(packet.number)) \(ends)"
    flow = Self.transport(packet.number).map {
      FlowNumber.of(
        client: client.description, server: server.description, port: Int64(port),
        transport: Int64($0.rawValue))
    }
  }

  private static func end(_ address: IPAddress, port: UInt16?) -> String {
    port.map { hostAndPort(address.description, $0) } ?? address.description
  }

  /// IP protocol numbers (IANA "Assigned Internet Protocol Numbers").
  static func name(_ number: UInt8) -> String {
    switch number {
    case 1: "icmp"
    case 2: "igmp"
    case 6: "tcp"
    case 17: "udp"
    case 47: "gre"
    case 50: "esp"
    case 58: "icmpv6"
    case 89: "ospf"
    case 132: "sctp"
    default: "ip protocol \(number)"
    }
  }

  private static func transport(_ number: UInt8) -> EntryTransport? {
    switch number {
    case 1, 58: .icmp
    case 6: .tcp
    case 17: .udp
    case 132: .sctp
    default: nil
    }
  }
}

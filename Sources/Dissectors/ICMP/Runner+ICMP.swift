import Bytes
import Flows
import Layers

extension Runner {
  /// Who sent what just came. Where an address talks to itself without ports both directions look
  /// alike: there ICMP's replies are taken for the server's.
  func sender(of message: RawSpan, from side: Side) -> Side {
    switch opening.transport {
    case .icmp, .icmpv6:
      guard opening.client == opening.server, !message.isEmpty else { return side }
      let names = ICMPNames(isV6: opening.transport == .icmpv6)
      return names.query(ofReply: message.byte(0)) == nil ? .client : .server
    default: return side
    }
  }
}

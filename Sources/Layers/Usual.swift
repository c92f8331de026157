import Bytes
import Packets

extension Decoded {
  /// Takes the usual packet apart at once: Ethernet II, IPv4 without options or IPv6 without extension
  /// headers, then TCP or UDP, all of it captured, in one piece and in no tunnel.
  ///
  /// What comes out is what the walk from header to header gives. Everything else is left to that:
  /// then the answer is false, and nothing was changed.
  @inline(__always)
  mutating func takeUsual(_ packet: Packet, _ bytes: RawSpan) -> Bool {
    let count = bytes.byteCount
    guard packet.linkType.rawValue == 1, count >= 14 + 20 + 8 else { return false }
    switch bytes.big16(12) {
    case 0x0800:
      let end = 14 + Int(bytes.big16(16))
      // Version and length of the header; neither an offset nor more fragments.
      guard bytes.byte(14) == 0x45, bytes.big16(20) & 0x3fff == 0, end >= 34, end <= count else {
        return false
      }
      guard takeTransport(bytes.byte(23), bytes.slice(34..<end), 34, packet) else {
        return false
      }
      source = IPAddress(v4: bytes.big32(26))
      destination = IPAddress(v4: bytes.big32(30))
      identification = bytes.big16(18)
    case 0x86dd:
      guard count >= 54, bytes.byte(14) >> 4 == 6 else { return false }
      let end = 54 + Int(bytes.big16(18))
      guard end <= count,
        takeTransport(bytes.byte(20), bytes.slice(54..<end), 54, packet)
      else { return false }
      source = IPAddress(v6: bytes, at: 22)
      destination = IPAddress(v6: bytes, at: 38)
      identification = 0
    default: return false
    }
    number = packet.number
    timestamp = packet.timestamp
    frameLength = packet.originalLength
    marks = []
    tags = VLANTags()
    interface = packet.interface
    device = 0
    return true
  }

  /// The transport's part of that: what is in `bytes`, which begin `start` bytes into the packet.
  @inline(__always)
  private mutating func takeTransport(
    _ number: UInt8, _ bytes: RawSpan, _ start: Int, _ packet: Packet
  ) -> Bool {
    var end = bytes.byteCount
    let header: Int
    switch number {
    case 6:
      guard end >= 20 else { return false }
      header = Int(bytes.byte(12) >> 4) * 4
      guard header >= 20, header <= end else { return false }
      tcp = TCPFields(bytes, header: header)
      transport = .tcp
      checksum = bytes.big16(16)
    case 17:
      guard end >= 8 else { return false }
      header = 8
      let length = Int(bytes.big16(4))
      guard length >= 8, length <= end, TunnelPort(bytes.big16(0), bytes.big16(2)) == nil else {
        return false
      }
      end = length
      tcp = nil
      transport = .udp
      checksum = bytes.big16(6)
    default: return false
    }
    sourcePort = bytes.big16(0)
    destinationPort = bytes.big16(2)
    let place = packet.range.lowerBound &+ start
    payload = place &+ header..<place &+ end
    declaredPayload = end &- header
    return true
  }
}

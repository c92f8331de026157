import Bytes
import Packets
import Testing

@testable import PacketFilters

@Suite struct PacketFilterTests {
  /// Ethernet, IPv4 and UDP from port 1000 to `port`.
  private func frame(_ port: UInt8) -> [UInt8] {
    [UInt8](repeating: 2, count: 12) + [8, 0]
      + [0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]
      + [0x03, 0xe8, 0, port, 0, 8, 0, 0]
  }

  @Test func aFilterIsLibpcaps() throws {
    var filter = try PacketFilter("udp dst port 53 and not src host 10.9.9.9", for: [.ethernet])
    for (port, link, matches) in [
      (53, LinkType.ethernet, true), (54, .ethernet, false), (53, .raw, false),
    ] as [(UInt8, LinkType, Bool)] {
      let bytes = frame(port)
      let packet = Packet(
        number: 1, timestamp: .distantPast, range: 0..<bytes.count, originalLength: bytes.count,
        linkType: link, interface: 0)
      let isMatch = filter.matches(packet, in: bytes.rawSpan)
      #expect(isMatch == matches)
    }
    let bytes = Array(frame(53).dropFirst(14))
    let packet = Packet(
      number: 1, timestamp: .distantPast, range: 0..<bytes.count, originalLength: bytes.count,
      linkType: .raw, interface: 0)
    let isMatch = filter.matches(packet, in: bytes.rawSpan)
    #expect(isMatch)
  }

  @Test(arguments: ["tcp prt 80", "host 300.1.1.1", "(", "port 70000", "\u{0}"])
  func whatIsNoFilterIsToldInLibpcapsWords(text: String) {
    #expect { try PacketFilter(text, for: [.ethernet]) } throws: {
      ($0 as? PacketFilterError)?.message.isEmpty == false
    }
  }

  @Test func aFilterNeedsToFitOneLinkTypeOnly() throws {
    _ = try PacketFilter("ether host 02:02:02:02:02:02", for: [.ethernet, .raw])
    #expect(throws: PacketFilterError.self) {
      try PacketFilter("ether host 02:02:02:02:02:02", for: [.raw])
    }
  }
}

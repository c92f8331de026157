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

  @Test(
    arguments: [
      ("tcp prt 80", 4), ("host 300.1.1.1", 5), ("(", 0), ("port 70000", 5), ("tcp port", 8),
      ("udp port 53 and", 15), ("tcp port 80 90", 12), ("tcp port 80 host 10.0.0.1", 12),
      ("tcp and (udp port 53", 8), ("tcp[13 & 2 != 0", 3), ("tcp port 80)", 11),
      ("udp && prot 17", 12), ("tcp portrange 80-70000", 14), ("net 10.0.0.300/8", 4),
      ("ether hst 02:02:02:02:02:02", 6), ("ip6[6] == 58 &&", 15), ("udp port 53 \u{0}", 12),
      ("tcp and src and prt 80", 20),
    ] as [(String, Int)])
  func theMistakeHasItsPlace(text: String, offset: Int) {
    #expect { try PacketFilter(text, for: [.ethernet]) } throws: {
      ($0 as? PacketFilterError)?.offset == offset
    }
  }

  /// What libpcap takes is nowhere wrong, and what it rejects for its meaning alone has no place.
  @Test(arguments: [
    "tcp port 80 and (host 10.0.0.1 or 10.0.0.2)", "src or dst net 10.0.0.0/8", "not arp", "vlan",
    "vlan 5 and ip6", "portrange 5000-6000", "tcp[13] & 2 != 0", "ip proto \\udp and len > 60",
    "ether host 02:02:02:02:02:02", "icmp6 or ip6 host fe80::1", "greater 100 && ! multicast",
    "tcp[tcpflags] & (tcp-syn|tcp-fin) != 0", "port http", "net 10.0.0.0 mask 255.0.0.0",
    "ip and ip6",
  ])
  func whatIsRightHasNoMistake(text: String) {
    #expect(FilterMistake.offset(in: text) == nil, "\(text)")
  }

  @Test func whatLibpcapQuotesIsFound() {
    #expect(FilterMistake.offset(quotedIn: "unknown host 'x.y'", in: "tcp and host x.y") == 13)
    #expect(FilterMistake.offset(quotedIn: "syntax error", in: "tcp") == nil)
  }

  @Test func aFilterNeedsToFitOneLinkTypeOnly() throws {
    _ = try PacketFilter("ether host 02:02:02:02:02:02", for: [.ethernet, .raw])
    #expect(throws: PacketFilterError.self) {
      try PacketFilter("ether host 02:02:02:02:02:02", for: [.raw])
    }
  }
}

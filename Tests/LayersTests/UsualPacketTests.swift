import Bytes
import Packets
import TestSupport
import Testing

@testable import Layers

/// The straight way through usual packets and the walk from header to header give the same.
struct UsualPacketTests {
  private static let frames: [[UInt8]] = {
    var frames: [[UInt8]] = []
    let stamp: [UInt8] = [1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8]
    let opening: [UInt8] = [2, 4, 5, 180, 4, 2, 8, 10, 1, 2, 3, 4, 0, 0, 0, 0, 1, 3, 3, 7]
    let blocks: [UInt8] = [1, 1, 5, 10, 0, 0, 0, 9, 0, 0, 0, 12]
    for payload in [[], [7], Array("hello, anybody there?".utf8)] as [[UInt8]] {
      for options in [[], stamp, opening, blocks] {
        frames += packets(6, Frames.tcp(payload, flags: 0x10, options: options))
        frames += packets(6, Frames.tcp(payload, flags: 0x02, options: options))
      }
      for ports in [(5_353, 53), (4_789, 40_000), (40_000, 2_152), (9_899, 9_899), (80, 1_700)] {
        frames += packets(17, Frames.udp(payload, ports: ports))
      }
      frames += packets(17, Frames.udp(payload, length: 0))
      frames += packets(17, Frames.udp(payload, length: 9))
      frames += packets(132, Frames.sctp([Frames.chunk(0, payload)]))
      frames += packets(1, [8, 0, 0, 0, 0, 1, 0, 1] + payload)
    }
    return frames
  }()

  /// `content` in IPv4 and IPv6, alone and with what makes a packet less usual.
  private static func packets(_ number: UInt8, _ content: [UInt8]) -> [[UInt8]] {
    let four = Frames.ethernet(0x0800, Frames.ipv4(number, content))
    let six = Frames.ethernet(0x86dd, Frames.ipv6(number, content))
    return [
      four, six, four + [0, 0, 0, 0, 0, 0], six + [0, 0],
      Frames.ethernet(0x0800, Frames.ipv4(number, content, options: [1, 1, 1, 1])),
      Frames.ethernet(0x0800, Frames.ipv4(number, content, length: 0)),
      Frames.ethernet(0x0800, Frames.ipv4(number, content, length: 1_400)),
      Frames.ethernet(0x0800, Frames.ipv4(number, content, fragment: 0x4000)),
      Frames.ethernet(0x0800, Frames.ipv4(number, content, fragment: 0x2000)),
      Frames.ethernet(0x86dd, Frames.ipv6(number, content, length: 0)),
      Frames.ethernet(0x86dd, Frames.ipv6(0, [number, 0, 1, 4, 0, 0, 0, 0] + content)),
      Frames.ethernet(0x8100, [0, 5, 8, 0] + Frames.ipv4(number, content)),
    ]
  }

  @Test func bothWaysGiveTheSame() {
    var random = SeededGenerator(seed: 23)
    // Where all checksums are verified, every packet is walked through.
    var quick = Decapsulator(checksums: .none)
    var walk = Decapsulator(checksums: .all)
    var (some, other) = (Decoded.none, Decoded.none)
    var (taken, number) = (0, 0)
    for round in 0..<7 {
      for frame in Self.frames {
        var bytes = frame
        if round > 0 {
          for _ in 0..<Int.random(in: 0...2, using: &random) {
            let place = Int.random(in: 12..<min(80, bytes.count), using: &random)
            bytes[place] = .random(in: 0...255, using: &random)
          }
        }
        let original = bytes.count
        if round % 3 == 2 { bytes.removeLast(.random(in: 0..<original, using: &random)) }
        number += 1
        let packet = Packet(
          number: UInt64(number), timestamp: Timestamp(microseconds: Int64(number)),
          range: 7..<7 + bytes.count, originalLength: original,
          linkType: LinkType(rawValue: round == 6 ? 113 : 1), interface: number % 3)
        let before = "\(some)"
        var usual = some
        let isUsual = usual.takeUsual(packet, bytes.rawSpan)
        if !isUsual { #expect("\(usual)" == before) }
        let outcome = quick.decode(packet, in: bytes.rawSpan, into: &some)
        #expect(outcome == walk.decode(packet, in: bytes.rawSpan, into: &other))
        guard outcome == .decoded else {
          #expect(!isUsual)
          continue
        }
        other.marks.remove(.badChecksum)
        let walked = "\(other)"
        #expect("\(isUsual ? usual : some)" == walked)
        if isUsual {
          #expect("\(some)" == walked)
          taken += 1
        }
      }
    }
    #expect(taken > number / 8, "\(taken) of \(number) packets went the straight way")
    var counters = walk.counters
    (counters.badChecksums, counters.checksums) = (0, ChecksumCounters())
    #expect(quick.counters == counters)
  }
}

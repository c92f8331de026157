import Foundation
import FuzzTargets
import TestSupport
import Testing

/// A little fuzzing with every run of the tests: inputs near to those of the samples. They are the same
/// every time, so that what is found once is found again; libFuzzer goes much further (`make fuzz`).
@Suite struct MutationTests {
  /// Inputs for each target; `KUBESHARK_MUTATIONS` asks for more.
  private static let count =
    ProcessInfo.processInfo.environment["KUBESHARK_MUTATIONS"].flatMap { Int($0) } ?? 12

  private static let seeds: [String: [[UInt8]]] = {
    var seeds = Seeds()
    seeds.addByHand()
    for name in ["Samples/shop.pcap", "Samples/dns.pcapng", "Tests/KFL/cases.txt"] {
      let file = checkout.appendingPathComponent(name)
      guard let data = try? Data(contentsOf: file) else { continue }
      try? seeds.add(file: file.path, [UInt8](data))
    }
    return Dictionary(grouping: seeds.seeds, by: \.target).mapValues { $0.map(\.bytes) }
  }()

  @Test(arguments: FuzzTarget.all.map(\.name)) func whatIsNearToASeedHolds(_ name: String) throws {
    let target = try #require(FuzzTarget.named(name))
    let seeds = Self.seeds[name] ?? [[]]
    var mutator = Mutator(seed: name.utf8.reduce(7) { $0 &* 31 &+ UInt64($1) })
    for number in 0..<Self.count {
      let input = Array(mutator.mutated(of: seeds).prefix(target.maxLength))
      #expect(throws: Never.self, "\(name) \(number): \(Data(input).base64EncodedString())") {
        try target.run(input)
      }
    }
  }
}

/// Changes inputs in the ways that parsers are most sensitive to.
private struct Mutator {
  private var random: SeededGenerator
  /// Where lengths and counts turn over.
  private static let edges: [UInt64] = [
    0, 1, 2, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff,
    .max,
  ]

  init(seed: UInt64) { random = SeededGenerator(seed: seed) }

  private mutating func below(_ limit: Int) -> Int {
    limit > 0 ? Int(random.next() % UInt64(limit)) : 0
  }

  mutating func mutated(of seeds: [[UInt8]]) -> [UInt8] {
    var bytes = seeds[below(seeds.count)]
    for _ in 0..<1 + below(4) { mutate(&bytes, seeds) }
    return bytes
  }

  private mutating func mutate(_ bytes: inout [UInt8], _ seeds: [[UInt8]]) {
    let at = below(bytes.count)
    let count = min(1 + below(1 << (1 + below(7))), bytes.count - at)
    switch below(8) {
    case 0 where !bytes.isEmpty: bytes[at] ^= 1 << UInt8(below(8))
    case 1 where !bytes.isEmpty: bytes[at] = UInt8(truncatingIfNeeded: random.next())
    case 2, 3:
      // A number of some width, in either order of bytes.
      let width = min([1, 2, 4, 8][below(4)], bytes.count - at)
      let value = Self.edges[below(Self.edges.count)]
      let isBig = below(2) == 0
      for place in 0..<width {
        let shift = UInt64(8 * (isBig ? width - 1 - place : place))
        bytes[at + place] = UInt8(truncatingIfNeeded: value >> shift)
      }
    case 4: bytes.removeSubrange(at..<at + count)
    case 5: bytes.insert(contentsOf: Array(bytes[at..<at + count]), at: below(bytes.count + 1))
    case 6: bytes.removeLast(below(bytes.count + 1))
    default:
      let other = seeds[below(seeds.count)]
      let from = below(other.count)
      bytes.replaceSubrange(at..<at + count, with: other[from...].prefix(1 + below(200)))
    }
  }
}

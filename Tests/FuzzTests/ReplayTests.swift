import Foundation
import FuzzTargets
import TestSupport
import Testing

/// What fuzzing found once, and a little of what it started from, through the same entries.
@Suite struct ReplayTests {
  struct Input: Sendable, CustomTestStringConvertible {
    var target: FuzzTarget
    var path: String
    var bytes: [UInt8]
    var testDescription: String { path }
  }

  /// The files under `Fuzz/FOLDER/TARGET`.
  private static func inputs(_ folder: String) -> [Input] {
    FuzzTarget.all.flatMap { target -> [Input] in
      let root = checkout.appendingPathComponent("Fuzz/\(folder)/\(target.name)")
      let names = (try? FileManager.default.contentsOfDirectory(atPath: root.path)) ?? []
      return names.sorted().compactMap { name in
        guard let data = try? Data(contentsOf: root.appendingPathComponent(name)) else {
          return nil
        }
        return Input(target: target, path: "\(target.name)/\(name)", bytes: [UInt8](data))
      }
    }
  }

  private func verify(_ input: Input) {
    #expect(throws: Never.self, "\(input.path)") { try input.target.run(input.bytes) }
  }

  @Test func whatFailedOnceHolds() { for input in Self.inputs("Failures") { verify(input) } }

  @Test(arguments: FuzzTarget.all.map(\.name)) func theCorpusHolds(_ name: String) {
    for input in Self.inputs("Corpus") where input.target.name == name { verify(input) }
  }

  @Test func foldersBelongToTargets() throws {
    let names = Set(FuzzTarget.all.map(\.name))
    #expect(names.count == FuzzTarget.all.count)
    for folder in ["Corpus", "Failures"] {
      let root = checkout.appendingPathComponent("Fuzz/\(folder)")
      let found = try FileManager.default.contentsOfDirectory(atPath: root.path)
      #expect(Set(found.filter { !$0.hasPrefix(".") }).subtracting(names).isEmpty)
    }
  }

  /// The samples give inputs for every target, and these hold too: the laws are about real traffic
  /// first of all.
  @Test func seedsOfTheSamplesHold() throws {
    var seeds = Seeds()
    seeds.addByHand()
    for name in ["Samples/shop.pcap", "Samples/dns.pcapng", "Samples/workloads.yaml"]
      + ["Tests/KFL/cases.txt", "Tests/KFL/slips.txt"]
    {
      let file = checkout.appendingPathComponent(name)
      try seeds.add(file: file.path, [UInt8](Data(contentsOf: file)))
    }
    for target in FuzzTarget.all {
      let own = seeds.seeds.filter { $0.target == target.name }
      for (number, seed) in own.prefix(12).enumerated() {
        verify(Input(target: target, path: "\(target.name) seed \(number)", bytes: seed.bytes))
      }
    }
  }
}

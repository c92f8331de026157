import Foundation
import TestSupport
import Testing

/// What the formatter and the compiler cannot keep.
@Suite struct TidyTests {
  private static let dataPlane: Set<String> = [
    "Bytes", "JSON", "Packets", "PacketFilters", "Ring", "Layers", "Flows", "Entries", "Dissectors", "Store", "KFL", "Query",
    "Pipeline",
  ]
  /// Where `unsafe` and its kin may stand: the bytes themselves, and calls into C.
  private static let mayBeUnsafe: Set<String> = ["Bytes"]
  private static let longestFile = 450

  struct Source: Sendable, CustomTestStringConvertible {
    var module: String
    var path: String
    var text: String
    var testDescription: String { path }
    var lines: [Substring] { text.split(separator: "\n", omittingEmptySubsequences: false) }
  }

  static let sources: [Source] = {
    let root = checkout.appendingPathComponent("Sources")
    let found =
      FileManager.default.enumerator(atPath: root.path)?.compactMap { $0 as? String } ?? []
    return found.filter { $0.hasSuffix(".swift") }.sorted().compactMap { path in
      guard let text = try? String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
      else { return nil }
      return Source(module: String(path.prefix { $0 != "/" }), path: path, text: text)
    }
  }()

  @Test func thereAreSources() { #expect(Self.sources.count > 100) }

  @Test func dataPlaneHasNoFoundation() {
    for source in Self.sources where Self.dataPlane.contains(source.module) {
      // The database library speaks in values of Foundation's smaller half.
      let mayUseEssentials = source.path.hasPrefix("Store/BlockDatabase")
      for line in source.lines where line.contains("import Foundation") {
        #expect(
          mayUseEssentials && line == "import FoundationEssentials", "\(source.path): \(line)")
      }
    }
  }

  @Test func filesHoldOneIdea() {
    for source in Self.sources where !source.path.hasSuffix("Table.swift") {
      #expect(source.lines.count <= Self.longestFile, "\(source.path)")
    }
  }

  @Test func onlyTheCommandPrints() {
    for source in Self.sources where source.module != "kubeshark" {
      for (number, line) in source.lines.enumerated() {
        let code = line.drop { $0 == " " }
        #expect(!code.hasPrefix("print("), "\(source.path):\(number + 1)")
      }
    }
  }

  @Test func nothingIsUnfinished() {
    let marks = ["TO" + "DO", "FIX" + "ME", "XX" + "X"]
    for source in Self.sources {
      for mark in marks { #expect(!source.text.contains(mark), "\(source.path): \(mark)") }
    }
  }

  @Test func promisesToTheCompilerStandWhereTheyMay() {
    for source in Self.sources where !["Bytes", "Store", "Capture", "KFL"].contains(source.module) {
      // What stands for a cipher in C.
      if source.path == "Dissectors/TLS/Secrets/AEADKey.swift" { continue }
      #expect(!source.text.contains("@unchecked Sendable"), "\(source.path)")
      #expect(!source.text.contains("nonisolated(unsafe)"), "\(source.path)")
    }
  }

  @Test func everyDissectorHasItsTests() {
    let tests = checkout.appendingPathComponent("Tests/DissectorsTests")
    let names = (try? FileManager.default.contentsOfDirectory(atPath: tests.path)) ?? []
    for source in Self.sources where source.module == "Dissectors" {
      guard let type = conformer(in: source.text) else { continue }
      #expect(names.contains { $0.hasPrefix(type) }, "\(source.path) has no \(type)Tests.swift")
    }
  }

  /// Types that others see say what they are.
  @Test func packageTypesAreDocumented() {
    let words = ["struct ", "enum ", "protocol ", "class ", "actor "]
    for source in Self.sources {
      let lines = source.lines
      for (number, line) in lines.enumerated() where line.hasPrefix("package ") {
        guard words.contains(where: { line.contains($0) }), line.hasSuffix("{"), number > 0 else {
          continue
        }
        // Attributes may stand between the comment and the type.
        let before = lines[..<number].last { !$0.hasPrefix("@") } ?? ""
        #expect(
          before.hasPrefix("///") || before.hasPrefix("package extension"),
          "\(source.path):\(number + 1)")
      }
    }
  }

  private func conformer(in text: String) -> String? {
    for line in text.split(separator: "\n") {
      guard line.contains("struct "), line.contains(": Dissector {") else { continue }
      let after = line[line.firstRange(of: "struct ")!.upperBound...]
      return String(after.prefix { $0.isLetter || $0.isNumber })
    }
    return nil
  }
}

import Foundation
import KFL
import Testing

/// The slips of `Tests/KFL/slips.txt`, each with the correction that was meant.
@Suite struct SlipsTests {
  struct Slip: CustomTestStringConvertible, Sendable {
    var text: String
    var meant: String?
    var testDescription: String { text }
  }

  static let slips: [Slip] = lines("Tests/KFL/slips.txt").compactMap { line in
    guard let arrow = line.range(of: " => ", options: .backwards) else { return nil }
    let meant = String(line[arrow.upperBound...])
    return Slip(text: String(line[..<arrow.lowerBound]), meant: meant == "-" ? nil : meant)
  }

  @Test func atLeastNineOfTenCorrectionsAreMeant() {
    #expect(Self.slips.count >= 80)
    let missed = Self.slips.filter { Shop.compile($0.text).errors.first?.suggestion != $0.meant }
    #expect(missed.isEmpty, "\(missed.map(\.text))")
    #expect(missed.count * 10 <= Self.slips.count)
  }

  @Test(arguments: slips) func aSlipIsRefusedAndItsCorrectionChecks(_ slip: Slip) {
    let compilation = Shop.compile(slip.text)
    #expect(compilation.filter == nil)
    for error in compilation.errors {
      #expect(!error.message.isEmpty)
      #expect(error.offset + error.length <= slip.text.utf8.count)
      guard let suggestion = error.suggestion else { continue }
      #expect(Shop.compile(suggestion).errors.isEmpty)
    }
  }
}

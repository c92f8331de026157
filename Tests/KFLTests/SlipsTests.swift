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

  /// A slip without a meant correction is one that is not helped with.
  @Test func atLeastNineOfTenCorrectionsAreMeant() {
    #expect(Self.slips.count >= 200)
    let helped = Self.slips.filter { slip in
      slip.meant != nil && Shop.compile(slip.text).errors.first?.suggestion == slip.meant
    }
    #expect(helped.count * 10 >= Self.slips.count * 9, "\(helped.count) of \(Self.slips.count)")
  }

  @Test(arguments: slips) func theCorrectionIsTheOneThatWasMeant(_ slip: Slip) {
    #expect(Shop.compile(slip.text).errors.first?.suggestion == slip.meant)
  }

  @Test(arguments: slips) func aSlipIsRefusedAndItsCorrectionChecks(_ slip: Slip) {
    let compilation = Shop.compile(slip.text)
    #expect(compilation.filter == nil)
    for error in compilation.errors {
      #expect(!error.message.isEmpty)
      #expect(error.offset + error.length <= slip.text.utf8.count)
      #expect(error.caret(in: slip.text).contains("^ " + error.message))
      guard let suggestion = error.suggestion else { continue }
      #expect(Shop.compile(suggestion).errors.isEmpty)
    }
  }
}

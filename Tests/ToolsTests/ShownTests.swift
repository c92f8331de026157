import Testing

@testable import Tools

/// Numbers as answers write them.
@Suite struct ShownTests {
  @Test(arguments: [
    (0, "0%"), (0.0123, "1.2%"), (0.5, "50%"), (1, "100%"),
    // One of 39,604 is not none, and all but one not all.
    (1.0 / 39_604, "<0.1%"), (1 - 1.0 / 39_604, ">99.9%"), (0.0005, "0.1%"), (0.999, "99.9%"),
  ] as [(Double, String)])
  func sharesAreNotRoundedToNoneOrAll(share: Double, text: String) {
    #expect(Shown.percent(share) == text)
  }

  @Test(arguments: [
    (0, "0"), (0.0001, "<0.1"), (0.05, "0.1"), (14.83, "14.8"), (999.94, "999.9"),
    (33_360.6, "33,361"),
  ] as [(Double, String)])
  func ratesHaveTheDecimalsThatMatter(value: Double, text: String) {
    #expect(Shown.rate(value) == text)
  }

  @Test(arguments: [(0, "0 flows"), (1, "1 flow"), (8_432, "8,432 flows")])
  func thingsAreCounted(number: Int, text: String) {
    #expect(Shown.counted(number, "flow") == text)
  }
}

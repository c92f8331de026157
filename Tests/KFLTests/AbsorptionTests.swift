import KFL
import Testing

/// How failures meet `&&`, `||`, `!`, `?:` and the quantors.
@Suite struct AbsorptionTests {
  /// `F` fails on every entry.
  static let failing = "local_labels[\"none\"] == \"x\""

  @Test(arguments: [
    ("F", "failed"), ("!(F)", "failed"), ("(F) && true", "failed"), ("true && (F)", "failed"),
    ("(F) && false", "no"), ("false && (F)", "no"), ("(F) || true", "yes"), ("true || (F)", "yes"),
    ("(F) || false", "failed"), ("!((F) || true)", "no"), ("!((F) && false)", "yes"),
    ("true ? true : (F)", "yes"), ("false ? (F) : true", "yes"), ("(F) ? true : true", "failed"),
    ("[1, 2].exists(x, x == 2 || (F))", "yes"), ("[1, 2].exists(x, (F))", "failed"),
    ("[1, 2].all(x, x == 1 && (F))", "no"), ("[1, 2].all(x, (F))", "failed"),
    ("[1, 2].exists_one(x, x == 1 || (F))", "failed"), ("size([1].filter(x, F)) == 0", "failed"),
    ("size([1].map(x, F)) == 1", "failed"), ("[].all(x, F)", "yes"), ("[].exists(x, F)", "no"),
    ("((F) && dns) || http", "yes"), ("(F) && !http", "no"),
  ])
  func aFailureIsAbsorbedOrTold(_ form: String, _ outcome: String) throws {
    let text = form.replacing("F", with: Self.failing)
    let filter = try #require(Shop.compile(text).filter, "\(Shop.compile(text).errors)")
    switch filter.evaluate(Shop.entries[0].entry) {
    case .yes: #expect(outcome == "yes")
    case .no: #expect(outcome == "no")
    case .failed(let reason):
      #expect(outcome == "failed")
      #expect(reason.sentence == "no key \"none\" in local_labels; use map_get")
    }
  }

  @Test(arguments: [
    ("[1, 2][5] == 1", "index 5"), ("1 / (status_code - 500) == 1", "division by zero"),
    ("9223372036854775807 + status_code > 0", "does not fit"), ("int(path) == 1", "cannot be read"),
    ("raw.nothing.at.all == 1", "no key"), ("dyn(path) < 5", "not defined"),
    ("dyn(\"(\") == \"\" || path.matches(dyn(\"(\"))", "regular expression"),
    ("timestamp.getHours(path) == 1", "time zone"), ("in_cidr(path, \"10.0.0.0/8\")", "address"),
  ])
  func aFailureSaysWhy(_ text: String, _ reason: String) throws {
    let filter = try #require(Shop.compile(text).filter, "\(Shop.compile(text).errors)")
    guard case .failed(let failure) = filter.evaluate(Shop.entries[0].entry) else {
      Issue.record("did not fail")
      return
    }
    #expect(failure.sentence.contains(reason))
  }

  @Test func whatALegacyPathLacksIsNotSelectedEitherWay() {
    #expect(Shop.selected("request.queue == \"a\"").isEmpty)
    #expect(Shop.selected("!(request.queue == \"a\")").isEmpty)
    #expect(Shop.selected("request.queue == \"a\" or dns") == ["lookup"])
  }
}

import KFL
import Testing

/// The parts a store works with: conjuncts, their shapes, and that they say what the whole says.
@Suite struct ConjunctTests {
  private func shapes(_ text: String) throws -> [String] {
    try #require(Shop.compile(text).filter).conjuncts.map { describe($0.shape) }
  }

  private func describe(_ shape: Conjunct.Shape) -> String {
    func name(_ slot: Int) -> String { Shop.schema.variables[slot].name }
    return switch shape {
    case .constant(let flag): "\(flag)"
    case .flag(let slot, let isNegated): (isNegated ? "!" : "") + name(slot)
    case .comparison(let slot, let comparison, let value):
      "\(name(slot)) \(comparison.rawValue) \(value.literalText)"
    case .oneOf(let slot, let values, let isNegated):
      "\(name(slot)) \(isNegated ? "not in" : "in") \(values.map(\.literalText).joined(separator: ","))"
    case .anyOf(let shapes): "any(" + shapes.map(describe).joined(separator: "; ") + ")"
    case .allOf(let shapes): "all(" + shapes.map(describe).joined(separator: "; ") + ")"
    case .text(let slot): "text \(name(slot))"
    case .other: "other"
    }
  }

  @Test(
    arguments: [
      (
        "http && status_code >= 500 && path.startsWith(\"/api\")",
        ["http", "status_code >= 500", "text path"]
      ),
      ("!tls && !(status_code == 200)", ["!tls", "status_code != 200"]),
      ("!(http || status_code < 300)", ["!http", "status_code >= 300"]),
      ("http || dns", ["any(http; dns)"]), ("(http && tls) || dns", ["any(all(http; tls); dns)"]),
      ("!(http && tls)", ["any(!http; !tls)"]),
      ("method in [\"GET\", \"PUT\"]", ["method in \"GET\",\"PUT\""]),
      ("!(status_code in [1, 2])", ["status_code not in 1,2"]),
      ("500 <= status_code", ["status_code >= 500"]),
      ("timestamp > now() - duration(\"1h\")", ["timestamp > timestamp(\"2026-03-14T22:00:00Z\")"]),
      ("status_code > 499.5", ["status_code > 499.5"]),
      ("path == \"/\" || path.contains(\"x\")", ["text path"]),
      ("path.contains(\"x\") && dns", ["dns", "text path"]),
      ("local_labels.app == \"x\"", ["other"]),
      ("src.name == dst.name", ["other"]), ("false", ["false"]), ("true", []),
      ("http && true", ["http"]),
      ("response.status.code == 5", ["grpc", "grpc_status == 5"]),
    ] as [(String, [String])])
  func aFilterHasItsShapes(_ text: String, _ expected: [String]) throws {
    #expect(try shapes(text) == expected)
  }

  @Test func whatIsCheapComesFirst() throws {
    let filter = try #require(
      Shop.compile(
        "path.matches(\"a\") && dns_questions.exists(q, true) && path.contains(\"a\") && path == \"a\" && http"
      ).filter)
    #expect(filter.conjuncts.map(\.rank) == [0, 1, 3, 5, 6])
    #expect(filter.conjuncts[0].normalForm == "http")
    #expect(filter.variables == filter.variables.sorted())
    #expect(filter.conjuncts[3].slots == [Shop.schema.slot("path")])
  }

  @Test func aTextConditionIsEvaluatedOnTextAlone() throws {
    let filter = try #require(Shop.compile("path.startsWith(\"/a\") || path == \"x\"").filter)
    #expect(filter.conjuncts[0].evaluate(text: "/abc").isSelected)
    #expect(filter.conjuncts[0].evaluate(text: "x").isSelected)
    #expect(!filter.conjuncts[0].evaluate(text: "y").isSelected)
  }

  @Test func aScopeCannotBeEscaped() throws {
    let scope = try #require(Shop.compile("src.namespace == \"shop\"").filter)
    for text in ["http || true", "true // ", "http) || (true"] {
      guard let filter = Shop.compile(text).filter else { continue }
      let scoped = filter.restricted(to: scope)
      #expect(Shop.selected(scoped) == ["order"])
      #expect(Shop.selected(scoped.normalForm) == ["order"])
    }
    #expect(Shop.selected(scope.restricted(to: try #require(Shop.compile("").filter))) == ["order"])
  }

  /// Random expressions: conjuncts together, the shapes by themselves, and the normal form agree
  /// with plain evaluation of the whole.
  @Test func partsAndWholeAgreeOnRandomExpressions() throws {
    var random = Random(seed: 7)
    for _ in 0..<600 {
      let text = expression(&random, depth: 4)
      let filter = try #require(Shop.compile(text).filter, "\(text)")
      // The same condition in a form that is not taken apart.
      let whole = try #require(Shop.compile("[1].exists(x, (\(text)))").filter)
      for (name, entry) in Shop.entries {
        let (parts, plain) = (filter.evaluate(entry), whole.evaluate(entry))
        #expect(kind(parts) == kind(plain), "\(text) on \(name)")
        for conjunct in filter.conjuncts {
          if let holds = holds(conjunct.shape, entry) {
            #expect(
              kind(conjunct.evaluate(entry)) == (holds ? "yes" : "no"),
              "\(conjunct.normalForm) on \(name)")
          }
        }
      }
      #expect(Shop.selected(filter.normalForm) == Shop.selected(filter), "\(text)")
    }
  }

  private func kind(_ outcome: Outcome) -> String {
    switch outcome {
    case .yes: "yes"
    case .no: "no"
    case .failed: "failed"
    }
  }

  /// What a store would make of a shape; nil where it has to ask the conjunct.
  private func holds(_ shape: Conjunct.Shape, _ entry: ShopEntry) -> Bool? {
    switch shape {
    case .constant(let flag): return flag
    case .flag(let slot, let isNegated):
      guard case .bool(let flag) = entry.value(slot) else { return nil }
      return flag != isNegated
    case .comparison(let slot, let comparison, let value):
      return entry.value(slot).compares(comparison, to: value)
    case .oneOf(let slot, let values, let isNegated):
      return values.contains { $0.equals(entry.value(slot)) } != isNegated
    case .anyOf(let shapes): return shapes.contains { holds($0, entry) == true }
    case .allOf(let shapes): return shapes.allSatisfy { holds($0, entry) == true }
    case .text, .other: return nil
    }
  }

  private func expression(_ random: inout Random, depth: Int) -> String {
    let atoms = [
      "http", "dns", "tls", "status_code == 200", "status_code >= 300", "500 > status_code",
      "path == \"/\"",
      "path.contains(\"api\")", "method in [\"GET\", \"POST\"]", "status_code in [3, 500]",
      "local_labels.app == \"checkout\"",
      "1 / (status_code - 200) == 0", "grpc_status != -1", "raw.request.exchange == \"orders\"",
      "request.exchange == \"x\"",
      "request.query.id == \"7\"", "response.status.code == 5",
      "map_get(tcp_metrics, \"x\", 0) < 1", "true", "false",
      "elapsed_time > 2.5", "dns_questions.exists(q, size(q) > 3)", "namespaces[1] == \"pay\"",
      "timestamp > now() - duration(\"4m\")",
      "request.path != r\"^/a\"", "response.status == r\"^5\"",
    ]
    if depth == 0 { return atoms.randomElement(using: &random) ?? "http" }
    func next() -> String {
      expression(
        &random, depth: depth - 1 - Int.random(in: 0...(depth > 1 ? 1 : 0), using: &random))
    }
    switch Int.random(in: 0..<6, using: &random) {
    case 0: return "\(next()) && \(next())"
    case 1: return "(\(next()) || \(next()))"
    case 2: return "!(\(next()))"
    case 3: return "(\(next())) and not (\(next()))"
    case 4: return "(\(next()) ? \(next()) : \(next()))"
    default: return atoms.randomElement(using: &random) ?? "dns"
    }
  }
}

/// A repeatable source of randomness (SplitMix64).
struct Random: RandomNumberGenerator {
  private var state: UInt64
  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }
}

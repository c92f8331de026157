import KFL
import Testing

/// The standard language by itself: `kfl eval --cel`.
@Suite struct CELTests {
  @Test(arguments: [
    ("1 + 2 * 3", "7"), ("-7 / 2", "-3"), ("-7 % 3", "-1"), ("7u - 2u", "5u"),
    ("0.5 + .25", "0.75"),
    ("0x10 + 1", "17"), ("9223372036854775807", "9223372036854775807"),
    ("-9223372036854775808", "-9223372036854775808"),
    ("1.0 / 0.0 > 1e308", "true"), ("'a' + \"b\"", "\"ab\""),
    ("b'a' + b'\\x00\\377'", "b\"\\x61\\x00\\xff\""),
    ("r'\\d'", "\"\\\\d\""), ("'''a\nb'''", "\"a\\nb\""),
    ("'\\u00e9\\U0001f431\\101\\x41'", "\"é🐱AA\""),
    ("[1, 'a', null]", "[1, \"a\", null]"), ("[1] + [2]", "[1, 2]"), ("{'a': 1}['a']", "1"),
    ("{'a': 1}.a", "1"),
    ("{'content-type': 1}.`content-type`", "1"), ("{1: 'x'}[1u]", "\"x\""),
    ("[7, 8][dyn(1.0)]", "8"),
    ("{'a': 1, 'b': 2} == {'b': 2.0, 'a': 1u}", "true"), ("dyn(1) == 1u && dyn(1u) == 1.0", "true"),
    ("0.0 / 0.0 == 0.0 / 0.0", "false"), ("dyn('1') == 1", "false"), ("'é' == 'e\\u0301'", "false"),
    ("'a' < 'b' && b'a' < b'b' && false < true", "true"), ("dyn(-1) < 0u", "true"),
    ("true ? 1 : 2", "1"), ("true || 1 / 0 == 1", "true"), ("1 / 0 == 1 || true", "true"),
    ("1 / 0 == 1 && false", "false"),
    ("[1, 2, 3].map(x, x * x)", "[1, 4, 9]"), ("[1, 2, 3].map(x, x > 1, x + 1)", "[3, 4]"),
    ("[1, 2, 3].filter(x, x > 1)", "[2, 3]"), ("{'a': 1}.exists(k, k == 'a')", "true"),
    ("[5, 6].exists(i, v, i == 1 && v == 6)", "true"), ("[5].all(i, v, i == 0)", "true"),
    ("[5, 6].existsOne(i, v, v == 5)", "true"), ("[5, 6].transformList(i, v, i + v)", "[5, 7]"),
    ("{'a': 1}.transformMap(k, v, v + 1)", "{\"a\": 2}"),
    ("{'a': 'b'}.transformMapEntry(k, v, {v: k})", "{\"b\": \"a\"}"),
    ("has({'a': 1}.a) && !has({'a': 1}.b)", "true"), ("'a' in {'a': 1} && 2 in [1, 2]", "true"),
    ("size('añ') + size([1]) + size(b'ab') + {}.size()", "5"),
    ("type(1) == int && type(int) == type", "true"),
    ("type(timestamp(0))", "google.protobuf.Timestamp"), ("int('7') + int(7.9) + int(7u)", "21"),
    ("string(1.5) + string(true) + string(2u) + string(b'a')", "\"1.5true2a\""),
    ("double('1e3')", "1000.0"), ("bool('True')", "true"),
    ("timestamp('2009-02-13T23:31:30.25Z').getMilliseconds()", "250"),
    ("timestamp(0).getFullYear()", "1970"),
    ("timestamp('2009-02-13T23:31:30Z').getHours('+01:30')", "1"),
    ("timestamp('2024-12-31T12:00:00Z').getDayOfYear()", "365"),
    ("string(timestamp('2009-02-13T23:31:30+01:00'))", "\"2009-02-13T22:31:30Z\""),
    ("string(duration('1h1.5s'))", "\"3601.5s\""),
    ("timestamp('2009-02-13T00:00:00Z') + duration('36h')", "timestamp(\"2009-02-14T12:00:00Z\")"),
    ("duration('90m').getHours()", "1"),
    (
      "(timestamp('2000-01-01T00:00:00Z') + duration('-2562047h47m16.8s')).getMilliseconds()", "200"
    ),
    ("timestamp('9999-12-31T23:59:59.999999999Z') > timestamp(0)", "true"),
    ("'and or not'.contains('or') // comment", "true"), ("--3", "3"), ("!!true", "true"),
    ("matches('abc', 'b.')", "true"),
  ])
  func anExpressionHasItsValue(_ text: String, _ value: String) {
    switch CEL.evaluate(text) {
    case .success(let found): #expect(found.literalText == value)
    case .failure(let error): Issue.record("\(text): \(error.message)")
    }
  }

  @Test(arguments: [
    "", "1 +", "x", "1 / 0", "9223372036854775807 + 1", "1u - 2u", "-(-9223372036854775808)",
    "18446744073709551616u",
    "1 == 'a'", "[1][1]", "{'a': 1}['b']", "{'a': 1, 'a': 2}", "{1.5: 1}", "int('x')", "int(1e19)",
    "uint(-1)", "bool('yes')",
    "string(b'\\xff')", "timestamp('2009-02-13')", "timestamp('10000-01-01T00:00:00Z')",
    "duration('1x')", "duration('400000h') + duration('2500000h')",
    "timestamp('0001-01-01T00:00:00Z') - duration('1ns')", "timestamp(0).getHours('Nowhere/Land')",
    "has(1)", "[1].map(1, 2)",
    "1 and 2", "true and false", "# c", "'a\nb'", "'\\q'", "b'\\u0041'", "as", "a.b.c",
    "unknown(1)", "1.contains(1)", "dyn",
    "'a' matches 'b'", "[1].exists_one(x, 1 / 0 == x)", "r\"(\".matches(\"(\")", "{'a', 'b'}",
    "lower('A')", "null < null",
  ])
  func anExpressionFails(_ text: String) {
    if case .success(let value) = CEL.evaluate(text) {
      Issue.record("\(text) gave \(value.literalText)")
    }
    if case .success(let value) = CEL.evaluate(text, checked: false), text != "1 == 'a'" {
      Issue.record("\(text) gave \(value.literalText) unchecked")
    }
  }

  /// What is computed of values at the ends of their ranges is a value or an error, and no trap.
  @Test func valuesAtTheEndsOfTheirRangesAreComputedWith() {
    let ends = [
      "9223372036854775807", "-9223372036854775808", "-1", "0", "18446744073709551615u", "0u",
      "1e308", "-5e-324", "0.0 / 0.0", "duration('2562047h47m16.854775807s')",
      "duration('-2562047h47m16.854775807s')", "duration('-1ns')",
      "timestamp('0001-01-01T00:00:00Z')", "timestamp('9999-12-31T23:59:59.999999999Z')",
      "timestamp('1677-09-21T00:12:43.145224192Z')", "timestamp('2262-04-11T23:47:16.854775807Z')",
    ]
    var values = 0
    func compute(_ text: String) {
      switch CEL.evaluate(text, checked: false) {
      case .success(let value):
        #expect(!value.literalText.isEmpty)
        values += 1
      case .failure(let error): #expect(!error.message.isEmpty)
      }
    }
    for a in ends {
      for name in ["int", "uint", "double", "string", "timestamp", "duration", "-"] {
        compute("\(name)(\(a))")
      }
      for b in ends {
        for sign in ["+", "-", "*", "/", "%", "==", "<"] { compute("(\(a)) \(sign) (\(b))") }
        for sign in ["+", "-"] {
          for part in [
            "getFullYear('+14:00')", "getDayOfYear()", "getHours()", "getMilliseconds()",
          ] {
            compute("((\(a)) \(sign) (\(b))).\(part)")
          }
        }
      }
    }
    #expect(values > 400)
  }

  @Test(arguments: [
    ("timestamp('1677-09-21T00:12:43.145224192Z') - timestamp('1970-01-01T00:00:00Z')", true),
    ("timestamp('1677-09-21T00:12:43.145224191Z') - timestamp('1970-01-01T00:00:00Z')", false),
    ("timestamp('2262-04-11T23:47:16.854775807Z') - timestamp('1970-01-01T00:00:00Z')", true),
    ("timestamp('2262-04-11T23:47:16.854775808Z') - timestamp('1970-01-01T00:00:00Z')", false),
    ("timestamp('1970-01-01T00:00:00.5Z') - timestamp('2262-04-11T23:47:17.354775808Z')", true),
  ])
  func durationsReachAsFarAs64BitsDo(text: String, fits: Bool) throws {
    let result = CEL.evaluate(text, checked: false)
    #expect(((try? result.get()) != nil) == fits, "\(text): \(result)")
  }

  @Test func uncheckedMistakesAreFailuresThatAreAbsorbed() throws {
    #expect(try CEL.evaluate("x || true", checked: false).get().literalText == "true")
    #expect(try CEL.evaluate("f(17) || true", checked: false).get().literalText == "true")
    #expect(try CEL.evaluate("a.for() || true", checked: false).get().literalText == "true")
    #expect(
      try CEL.evaluate("[1, 'a'].exists(x, x == 'a')", checked: false).get().literalText == "true")
  }

  @Test func bindingsAreFoundByTheirLongestName() throws {
    let bindings: [(String, Value)] = [
      ("a.b", .map(ValueMap([("c", "short")]))), ("a.b.c", .string("long")), ("n", .int(2)),
      ("list", .list([.int(1), .int(2)])),
    ]
    #expect(try CEL.evaluate("a.b.c", bindings: bindings).get().literalText == "\"long\"")
    #expect(try CEL.evaluate("list[n - 1] == n", bindings: bindings).get().literalText == "true")
    #expect(
      try CEL.evaluate("list.map(n, n + 1)", bindings: bindings).get().literalText == "[2, 3]")
    #expect(try CEL.evaluate(".n + n", bindings: bindings).get().literalText == "4")
  }
}

import JSON
import Testing

@Suite struct JSONReaderTests {
  @Test(arguments: [
    "null", "true", "false", "0", "-1", "9223372036854775807", "18446744073709551616", "-0", "1.50",
    "1e400", "5e0", "\"\"", "\"a\"", "[]", "[1,2]", "{}", "{\"b\":1,\"a\":[{}]}",
    "{\"a\":1,\"a\":2}",
  ])
  func whatIsReadIsWrittenAgain(text: String) throws {
    #expect(try JSONReader.value(of: text).text == text)
  }

  @Test func numbersKnowTheirValue() throws {
    #expect(try JSONReader.value(of: "5.0").int == 5)
    #expect(try JSONReader.value(of: "5.5").int == nil)
    #expect(try JSONReader.value(of: "1e2").int == 100)
    #expect(try JSONReader.value(of: "7").double == 7)
    #expect(JSONValue(0.5).text == "0.5" && JSONValue(2.0).text == "2")
    #expect(JSONValue(Double.nan).text == "0")
    for value in [0.5, 2, -0.0, -3, 1e15, 1e18, 1e300] {
      #expect(try JSONReader.value(of: JSONValue(value).text) == JSONValue(value))
    }
  }

  @Test(arguments: [
    (#""\u00e9\n\/\"""#, "é\n/\""), (#""\ud83d\ude00""#, "😀"), (#""\ud83d""#, "\u{fffd}"),
    (#""\ud83dx""#, "\u{fffd}x"), (#""\ud83d\u0041""#, "\u{fffd}A"), (#""\udc00""#, "\u{fffd}"),
  ])
  func escapesBecomeCharacters(text: String, value: String) throws {
    #expect(try JSONReader.value(of: text).string == value)
  }

  @Test(arguments: [
    ("", JSONError.Reason.unexpectedEnd), ("[1,]", .unexpected(0x5d)),
    ("{\"a\"}", .unexpected(0x7d)),
    ("01", .trailingText), ("1 2", .trailingText), ("\"a", .unexpectedEnd),
    ("\"\\x\"", .invalidEscape), ("\"\u{1}\"", .controlCharacter), ("-", .invalidNumber),
    ("1.", .invalidNumber), ("1e", .invalidNumber), ("nul", .unexpectedEnd),
    ("nulx", .unexpected(0x78)),
    ("{'a':1}", .unexpected(0x27)), ("NaN", .unexpected(0x4e)), ("{\"a\":1", .unexpectedEnd),
  ])
  func mistakesAreNamed(text: String, reason: JSONError.Reason) {
    do {
      _ = try JSONReader.value(of: text)
      Issue.record("\(text) was accepted")
    } catch { #expect(error.reason == reason) }
  }

  @Test func invalidUTF8IsRefused() {
    do {
      _ = try JSONReader.value(of: [0x22, 0xff, 0x22])
      Issue.record("accepted")
    } catch { #expect(error.reason == .invalidUTF8) }
  }

  @Test func nestingIsLimited() throws {
    func nested(_ depth: Int) -> String {
      String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
    }
    _ = try JSONReader.value(of: nested(JSONReader.maxDepth))
    do {
      _ = try JSONReader.value(of: nested(100_000))
      Issue.record("accepted")
    } catch { #expect(error.reason == .tooDeep) }
  }

  @Test func writerEscapesWhatTerminalsObey() {
    #expect(JSONValue.string("a\"\\\n\u{1b}\u{7f}\u{85}é").text == #""a\"\\\n\u001b\u007f\u0085é""#)
  }

  @Test func objectsKeepTheirOrder() {
    var object: JSONObject = ["b": 1, "a": 2]
    object["b"] = 3
    object["c"] = nil
    object["d"] = .null
    #expect(JSONValue.object(object).text == #"{"b":3,"a":2,"d":null}"#)
    object["a"] = nil
    #expect(object.names == ["b", "d"])
  }

  @Test func prettyTextIndents() {
    let value: JSONValue = ["a": [1, 2], "b": [:], "c": []]
    #expect(
      value.prettyText == "{\n  \"a\": [\n    1,\n    2\n  ],\n  \"b\": {},\n  \"c\": []\n}")
  }
}

import JSON
import KFL
import Testing

@testable import Query

@Suite struct TaggedJSONTests {
  @Test(arguments: [
    ("null", #"{"null":null}"#), ("true", #"{"bool":true}"#), ("-7", #"{"int":"-7"}"#),
    ("18446744073709551615u", #"{"uint":"18446744073709551615"}"#), ("1.5", #"{"double":"1.5"}"#),
    ("-0.0", #"{"double":"-0.0"}"#), ("1.0 / 0.0", #"{"double":"inf"}"#),
    ("-1.0 / 0.0", #"{"double":"-inf"}"#), ("0.0 / 0.0", #"{"double":"nan"}"#),
    ("1e300", #"{"double":"1e+300"}"#), ("'é\\n'", #"{"string":"é\n"}"#),
    ("b'a\\xff'", #"{"bytes_hex":"61ff"}"#), ("type(1)", #"{"type":"int"}"#),
    ("[1, 'a', []]", #"{"list":[{"int":"1"},{"string":"a"},{"list":[]}]}"#),
    ("{'a': 1u, 2: null}", #"{"map":[[{"string":"a"},{"uint":"1"}],[{"int":"2"},{"null":null}]]}"#),
    (
      "timestamp('2009-02-13T23:31:30.5Z')",
      #"{"timestamp":{"seconds":"1234567890","nanos":"500000000"}}"#
    ),
    (
      "timestamp('1969-12-31T23:59:59.5Z')", #"{"timestamp":{"seconds":"-1","nanos":"500000000"}}"#
    ),
    ("duration('-1.5s')", #"{"duration":{"seconds":"-1","nanos":"-500000000"}}"#),
  ])
  func aValueIsWrittenAndReadBack(_ text: String, _ json: String) throws {
    let value = try CEL.evaluate(text).get()
    #expect(value.taggedJSON.text == json)
    let read = try Value(tagged: try JSONReader.value(of: json))
    #expect(read.taggedJSON.text == json)
  }

  @Test(arguments: [
    #"{"int":3}"#, #"{"uint":3}"#, #"{"double":1}"#, #"{"duration":{"seconds":3}}"#,
  ])
  func numbersMayBeNumbers(_ json: String) throws {
    _ = try Value(tagged: try JSONReader.value(of: json))
  }

  @Test(arguments: [
    "3", "{}", #"{"int":"x"}"#, #"{"int":"9223372036854775808"}"#, #"{"uint":"-1"}"#,
    #"{"bytes_hex":"6"}"#, #"{"bytes_hex":"zz"}"#, #"{"map":[[{"int":"1"}]]}"#, #"{"list":[1]}"#,
    #"{"what":1}"#, #"{"int":"1","uint":"1"}"#, #"{"duration":{"seconds":"9999999999999"}}"#,
    #"{"timestamp":{"seconds":"1","nanos":"-1"}}"#, #"{"null":1}"#,
  ])
  func whatIsNoTaggedValueIsRefused(_ json: String) throws {
    let value = try JSONReader.value(of: json)
    #expect(throws: TagError.self) { try Value(tagged: value) }
  }

  @Test func plainJSONIsTakenAsItIs() throws {
    func value(_ json: String) throws -> String {
      try Value(writtenAs: try JSONReader.value(of: json)).literalText
    }
    #expect(try value("3") == "3")
    #expect(try value(#"{"a": [1, "b"]}"#) == #"{"a": [1, "b"]}"#)
    #expect(try value(#"{"uint": "3"}"#) == "3u")
  }
}

import Bytes
import Testing

@testable import JSON

struct JSONWriterTests {
  /// Every kind of character at every place of texts of every length around a machine word.
  @Test func whateverStandsWhereverIsReadAgain() throws {
    let characters = [
      "\u{0}", "\u{1f}", " ", "\"", "\\", "\u{7f}", "\u{80}", "\u{9f}", "\u{a0}", "ü", "€", "𝄞",
    ]
    for count in 0..<19 {
      for place in 0...count {
        for character in characters {
          let text =
            String(repeating: "a", count: place) + character
            + String(repeating: "b", count: count - place)
          var writer = JSONWriter()
          writer.write(text)
          #expect(try JSONReader.value(of: writer.text).string == text)
          var second = JSONWriter()
          second.write(text: Array(text.utf8).rawSpan)
          #expect(second.bytes == writer.bytes)
          // Controls never stand as they are: some terminals obey them.
          let isClean = writer.text.unicodeScalars.allSatisfy { scalar in
            scalar.value >= 0x20 && !(0x7f...0x9f).contains(scalar.value)
          }
          #expect(isClean)
        }
      }
    }
  }

  @Test func illFormedTextIsRepaired() {
    var writer = JSONWriter()
    writer.write(text: ([0x61, 0xff, 0x62] as [UInt8]).rawSpan)
    #expect(writer.text == "\"a\u{fffd}b\"")
  }
}

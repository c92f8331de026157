import JSON

/// JSON text: what is read is written and read again as the same value, compact and pretty.
enum JSONTarget {
  static let target = FuzzTarget("json", "JSON text", maxLength: 4 << 10) {
    bytes throws(BrokenLaw) in
    let value: JSONValue
    do throws(JSONError) {
      value = try JSONReader.value(of: bytes)
    } catch {
      try hold(error.offset >= 0 && error.offset <= bytes.count, "an error at byte \(error.offset)")
      try hold(!error.description.isEmpty, "an error without a word")
      return
    }
    for text in [value.text, value.prettyText] {
      let again: JSONValue
      do throws(JSONError) {
        again = try JSONReader.value(of: text)
      } catch {
        throw BrokenLaw("what was written is refused: \(error)")
      }
      try hold(again == value, "what was written is read as something else: \(text)")
    }
    let controls = value.text.unicodeScalars.contains {
      $0.value < 0x20 || (0x7f..<0xa0).contains($0.value)
    }
    try hold(!controls, "a control character is written as it is")
  }
}

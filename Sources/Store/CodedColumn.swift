import Bytes
package import Entries

/// A column whose rows are codes into the block's distinct values: texts, byte strings, lists.
///
/// A condition on it is decided once per distinct value (`codeCount` of them, code 0 being "no
/// value") and looked up per row. Values and codes are decoded when asked for.
package struct CodedColumn<Value: CodedValue>: Sendable {
  package let dictionary: ValueDictionary
  /// Nil when every row has a value.
  package let presence: Presence?
  private let packed: PackedInts

  /// - Parameters:
  ///   - codes: section with a run of codes.
  ///   - count: rows that have a value.
  init(
    dictionary: ValueDictionary, codes: SectionBytes, presence: Presence?, count: Int
  ) throws(WireError) {
    self.dictionary = dictionary
    var offset = 0
    packed = try PackedInts(parsing: codes, at: &offset, count: count)
    guard offset == codes.count else { throw WireError(.invalid, at: offset) }
    self.presence = presence
  }

  /// Length of a table indexed by code.
  package var codeCount: Int { dictionary.codeCount }

  /// The code of every row; 0 where there is no value. About a nanosecond a row: keep the result.
  package func codes() -> [UInt32] {
    let dense = denseCodes()
    return presence.map { $0.spread(dense, absent: 0) } ?? dense
  }

  /// The codes of the rows that have a value, in order.
  func denseCodes() -> [UInt32] { packed.decodedCodes(limit: dictionary.count) }

  /// Rows that have a value.
  package var count: Int { packed.count }

  /// Which of the rows that have a value have one of these codes, a bit each; nil where codes have
  /// to be unpacked to tell. Meant for few codes.
  package func words(ofCodes codes: [UInt32]) -> [UInt64]? {
    var words: [UInt64]?
    for code in codes {
      guard let own = packed.words(of: Int64(code)) else { return nil }
      if var all = words {
        for index in all.indices { all[index] |= own[index] }
        words = all
      } else {
        words = own
      }
    }
    return words
  }

  /// The code of one row, for reading a few; 0 where there is no value.
  package func code(at row: Int) -> UInt32 {
    if let presence, !presence[row] { return 0 }
    let code = packed[presence?.rank(row) ?? row]
    return code >= 0 && code <= dictionary.count ? UInt32(code) : 0
  }

  /// The value of one code; nil for 0.
  package func value(code: UInt32) -> Value? {
    code == 0 || Int(code) > dictionary.count ? nil : Value.decoded(dictionary, code)
  }

  /// The value of one row, nil when it has none.
  package func value(at row: Int) -> Value? { value(code: code(at: row)) }
}

/// What a `CodedColumn` can hold, and how it lies in the dictionary.
package protocol CodedValue: Sendable {
  /// The value of a code. Bytes that do not follow the form give what can be read of them.
  static func decoded(_ dictionary: ValueDictionary, _ code: UInt32) -> Self
}

/// Texts: their UTF-8.
extension String: CodedValue {
  package static func decoded(_ dictionary: ValueDictionary, _ code: UInt32) -> String {
    dictionary.text(code)
  }
}

/// Byte strings, as they are.
extension [UInt8]: CodedValue {
  package static func decoded(_ dictionary: ValueDictionary, _ code: UInt32) -> [UInt8] {
    dictionary.bytes(code)
  }
}

/// Lists of texts: each a varint length and its UTF-8.
package struct TextList: CodedValue {
  package var texts: [String]

  package static func decoded(_ dictionary: ValueDictionary, _ code: UInt32) -> TextList {
    dictionary.withBytes(code) { bytes in
      var cursor = Cursor(bytes)
      var texts: [String] = []
      while !cursor.isAtEnd, let text = try? cursor.countedText() { texts.append(text) }
      return TextList(texts: texts)
    }
  }
}

/// Names with values, in order: a varint length and UTF-8 for each of the two.
package struct PairList: CodedValue {
  package var pairs: [HeaderBlock.Field]

  package static func decoded(_ dictionary: ValueDictionary, _ code: UInt32) -> PairList {
    dictionary.withBytes(code) { bytes in
      var cursor = Cursor(bytes)
      var pairs: [HeaderBlock.Field] = []
      while !cursor.isAtEnd, let name = try? cursor.countedText(),
        let value = try? cursor.countedText()
      {
        pairs.append(HeaderBlock.Field(name: name, value: value))
      }
      return PairList(pairs: pairs)
    }
  }
}

/// Named numbers, in order: a varint length and UTF-8, then the eight bytes of an IEEE 754 double.
package struct NumberList: CodedValue {
  package var numbers: [FieldValue.NamedNumber]

  package static func decoded(_ dictionary: ValueDictionary, _ code: UInt32) -> NumberList {
    dictionary.withBytes(code) { bytes in
      var cursor = Cursor(bytes)
      var numbers: [FieldValue.NamedNumber] = []
      while !cursor.isAtEnd, let name = try? cursor.countedText(),
        let bits = try? cursor.little64()
      {
        numbers.append(FieldValue.NamedNumber(name, Double(bitPattern: bits)))
      }
      return NumberList(numbers: numbers)
    }
  }
}

extension Cursor {
  fileprivate mutating func countedText() throws(WireError) -> String {
    let count = try varint(limit: BlockLimits.valueBytes)
    return try take(count).text()
  }
}

package typealias TextColumn = CodedColumn<String>
package typealias BytesColumn = CodedColumn<[UInt8]>
package typealias TextListColumn = CodedColumn<TextList>
package typealias PairsColumn = CodedColumn<PairList>
package typealias NumbersColumn = CodedColumn<NumberList>

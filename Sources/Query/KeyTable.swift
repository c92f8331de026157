import Bytes
import Entries
import Store

/// Numbers the distinct values of one group key, across blocks.
struct KeyTable {
  private let key: GroupKey
  private var byValue: [FieldValue: Int32] = [:]
  private var values: [FieldValue] = []
  /// Texts seen lately, by their bytes, with the number of each: the same ones come back block
  /// after block.
  private var texts = Interner()
  private var textNumbers: [Int32] = []
  private static let maxTexts = 32_768
  /// Numbers of the texts that blocks share, by their number there.
  private var shared: [(table: SharedTexts, numbers: [Int32])] = []
  /// Bytes of values, and of texts seen lately, that are kept.
  private let maxBytes: Int
  private var valueBytes = 0

  init(_ key: GroupKey, maxBytes: Int) { (self.key, self.maxBytes) = (key, maxBytes) }

  var count: Int { values.count }
  func value(_ number: Int32) -> FieldValue { number < 0 ? .none : values[Int(number)] }

  /// The number of each selected row's value, -1 beyond `Aggregation.maxGroups` values or
  /// `maxBytes` of them. Rows that are not selected have any number.
  mutating func numbers(_ scan: BlockScan, _ rows: Bitmap) throws(StoreError) -> [Int32] {
    switch key.source {
    case .interval(let length): return try intervals(length, scan, rows)
    case .fields(let ids):
      // A chain of text columns is taken together; anything else value by value.
      var columns: [FieldID] = []
      for id in ids {
        switch FieldAccess(Catalogue[id]) {
        case .texts(let own): columns += own.prefix(Self.isFallback(id) ? 1 : own.count)
        case .coded(let own): columns.append(own)
        case .ints(let own, let kind, _) where ids.count == 1:
          return try integers(own, kind, scan, rows)
        case .fromInt(let own) where ids.count == 1:
          return try derived(Catalogue[id], own, scan, rows)
        default: return eachRow(ids, scan, rows)
        }
      }
      return try codes(columns, scan, rows)
    }
  }

  /// The numbers of the values in a block with how many rows have each, from its header; nil when
  /// that does not say.
  mutating func headerCounts(
    _ scan: BlockScan
  ) throws(StoreError) -> [(number: Int32, count: Int)]? {
    guard case .fields(let ids) = key.source, ids.count == 1, let id = ids.first else { return nil }
    let own: FieldID
    var isDerived = false
    switch FieldAccess(Catalogue[id]) {
    case .texts(let columns):
      let columns = columns.prefix(Self.isFallback(id) ? 1 : columns.count)
      return try textCounts(columns.filter { scan.info($0) != nil }, scan)
    case .ints(let column, _, _): own = column
    case .fromInt(let column): (own, isDerived) = (column, true)
    default: return nil
    }
    let type = Catalogue[own].type
    guard let info = scan.info(own), info.type == type, let counts = info.counts,
      let kind = FieldAccess.IntKind(type)
    else { return nil }
    func value(_ number: Int64?) -> FieldValue {
      let value = number.map(kind.fieldValue) ?? .none
      return isDerived ? OneField(id: own, value: value).derived(Catalogue[id]) : value
    }
    var result = counts.items.map { (number(value($0.value)), $0.count) }
    if info.present < scan.rows { result.append((number(value(nil)), scan.rows - info.present)) }
    return result
  }

  /// The same for the texts of one column, which a block shares with others.
  private mutating func textCounts(
    _ ids: [FieldID], _ scan: BlockScan
  ) throws(StoreError) -> [(number: Int32, count: Int)]? {
    guard ids.count <= 1 else { return nil }
    guard let id = ids.first else { return [(number(.none), scan.rows)] }
    guard let texts = try scan.texts(id), let dictionary = try scan.columns.block.dictionary(id)
    else { return nil }
    let byCode = numbers(texts, dictionary, of: id)
    var result: [(number: Int32, count: Int)] = []
    texts.forEach { code, _, rows in if rows > 0 { result.append((byCode[code], rows)) } }
    if texts.rows < scan.rows { result.append((number(.none), scan.rows - texts.rows)) }
    return result
  }

  /// The number of each code's text in a block whose texts are shared with others; `unknown` for
  /// code 0 and for texts of a damaged block that are in no row.
  private mutating func numbers(
    _ texts: BlockTexts, _ dictionary: ValueDictionary, of id: FieldID
  ) -> [Int32] {
    let place = shared.firstIndex { $0.table === texts.table } ?? shared.count
    if place == shared.count { shared.append((texts.table, [])) }
    let missing = texts.table.count - shared[place].numbers.count
    if missing > 0 {
      shared[place].numbers += repeatElement(Self.unknown, count: missing)
    }
    // Taken out, for numbering goes through the whole table.
    var known: [Int32] = []
    swap(&known, &shared[place].numbers)
    defer { swap(&known, &shared[place].numbers) }
    var result = [Int32](repeating: Self.unknown, count: dictionary.codeCount)
    texts.forEach { code, text, rows in
      // No row, no group.
      guard rows > 0 else { return }
      var own = known[text]
      if own == Self.unknown {
        own = dictionary.withBytes(UInt32(code)) { number($0, of: id) }
        known[text] = own
      }
      result[code] = own
    }
    return result
  }

  /// Fields with a fallback stand for themselves here: a group of pods holds pods.
  private static func isFallback(_ id: FieldID) -> Bool { Catalogue[id].fallback != nil }

  private mutating func number(_ value: FieldValue, of id: FieldID? = nil) -> Int32 {
    guard case .text(let text) = value else { return number(mapped: value) }
    return number(text.utf8Span.span.bytes, of: id)
  }

  /// The number of a text of a field, given by its UTF-8.
  private mutating func number(_ bytes: RawSpan, of id: FieldID?) -> Int32 {
    if bytes.byteCount == 0 { return number(mapped: .none) }
    // Texts seen lately are known by what `map` makes of them.
    if let id, key.verbatim.contains(id) { return number(mapped: .text(bytes.text())) }
    if texts.count >= Self.maxTexts || texts.byteCount > maxBytes {
      texts = Interner()
      textNumbers = []
    }
    let code = Int(texts.code(bytes))
    if code <= textNumbers.count { return textNumbers[code - 1] }
    let text = bytes.text()
    let made = number(mapped: .text(key.map?.apply(text) ?? text))
    textNumbers.append(made)
    return made
  }

  /// The number of a value that `map` was applied to, -1 beyond the limits.
  mutating func number(mapped value: FieldValue) -> Int32 {
    if let known = byValue[value] { return known }
    let bytes = value.heldBytes
    guard values.count < Aggregation.maxGroups, bytes <= maxBytes - valueBytes else { return -1 }
    valueBytes += bytes
    let number = Int32(values.count)
    byValue[value] = number
    values.append(value)
    return number
  }

  private static let unknown: Int32 = -2
  private static let smallNumbers = 1_024

  /// The first non-empty of these columns: each numbers the rows that the ones before leave open.
  private mutating func codes(
    _ ids: [FieldID], _ scan: BlockScan, _ rows: Bitmap
  ) throws(StoreError) -> [Int32] {
    var result = [Int32](repeating: 0, count: scan.rows)
    var rest = rows
    let ids = ids.filter { scan.info($0) != nil }
    // Where all rows count, all texts of a column do.
    if ids.count == 1, rows.count == scan.rows, let codes = try scan.codes(ids[0]),
      let texts = try scan.texts(ids[0]),
      let dictionary = try scan.columns.block.dictionary(ids[0])
    {
      var byCode = numbers(texts, dictionary, of: ids[0])
      if texts.rows < scan.rows { byCode[0] = number(.none) }
      for row in codes.indices { result[row] = byCode[Int(codes[row])] }
      return result
    }
    for id in ids {
      guard let column = try scan.columns.column(id), let codes = try scan.codes(id) else {
        continue
      }
      var here = rest
      if case .texts(let texts) = column {
        rest = try scan.open(id, texts, rest)
      } else if let presence = column.presence {
        rest.subtract(presence.words)
      } else {
        rest = Bitmap(rows: scan.rows, filled: false)
      }
      here.subtract(rest)
      var numbers = [Int32](repeating: Self.unknown, count: column.codeCount)
      here.forEach { row in
        let code = Int(codes[row])
        var known = numbers[code]
        if known == Self.unknown {
          if case .texts(let texts) = column {
            known = texts.dictionary.withBytes(UInt32(code)) { number($0, of: id) }
          } else {
            known = number(column.fieldValue(code: UInt32(code)), of: id)
          }
          numbers[code] = known
        }
        result[row] = known
      }
    }
    if !rest.isEmpty {
      let ofNone = number(.none)
      rest.forEach { result[$0] = ofNone }
    }
    return result
  }

  private mutating func integers(
    _ id: FieldID, _ kind: FieldAccess.IntKind, _ scan: BlockScan, _ rows: Bitmap
  ) throws(StoreError) -> [Int32] {
    var result = [Int32](repeating: 0, count: scan.rows)
    guard let column = try scan.columns.column(id), let lane = try scan.lane(id) else {
      let ofNone = number(.none)
      rows.forEach { result[$0] = ofNone }
      return result
    }
    var present = rows
    if let presence = column.presence {
      var absent = rows
      absent.subtract(presence.words)
      present.subtract(absent)
      if !absent.isEmpty {
        let ofNone = number(.none)
        absent.forEach { result[$0] = ofNone }
      }
    }
    // Mostly kinds, codes and the like: small numbers.
    var small = [Int32](repeating: Self.unknown, count: Self.smallNumbers)
    var known: [Int64: Int32] = [:]
    present.forEach { row in
      let value = lane[row]
      let isSmall = UInt64(bitPattern: value) < UInt64(Self.smallNumbers)
      if isSmall, small[Int(value)] != Self.unknown {
        result[row] = small[Int(value)]
        return
      }
      if !isSmall, let found = known[value] {
        result[row] = found
        return
      }
      let made = number(kind.fieldValue(value))
      if isSmall { small[Int(value)] = made } else { known[value] = made }
      result[row] = made
    }
    return result
  }

  /// A field worked out from one integer column: once for each of its values.
  private mutating func derived(
    _ field: Field, _ id: FieldID, _ scan: BlockScan, _ rows: Bitmap
  ) throws(StoreError) -> [Int32] {
    var result = [Int32](repeating: 0, count: scan.rows)
    guard let column = try scan.columns.column(id), let lane = try scan.lane(id) else {
      let ofNone = number(OneField(id: id, value: .none).derived(field))
      rows.forEach { result[$0] = ofNone }
      return result
    }
    let presence = column.presence
    // Enumerations are small numbers; the last place is that of none.
    var known = [Int32](repeating: Self.unknown, count: 257)
    rows.forEach { row in
      let isThere = presence.map { $0[row] } ?? true
      let value = lane[row]
      let place = !isThere ? 256 : value >= 0 && value < 256 ? Int(value) : -1
      if place >= 0, known[place] != Self.unknown {
        result[row] = known[place]
        return
      }
      let made = number(
        OneField(id: id, value: isThere ? column.value(at: row) : .none).derived(field))
      if place >= 0 { known[place] = made }
      result[row] = made
    }
    return result
  }

  private mutating func intervals(
    _ length: Int64, _ scan: BlockScan, _ rows: Bitmap
  ) throws(StoreError) -> [Int32] {
    var result = [Int32](repeating: 0, count: scan.rows)
    guard let instants = try scan.lane(.instant) else {
      // A block of which somebody left the times out.
      let ofNone = number(.none)
      rows.forEach { result[$0] = ofNone }
      return result
    }
    // Rows are in order of time: most fall into the span of the row before.
    var (begin, own): (Int64?, Int32) = (nil, -1)
    rows.forEach { row in
      let rest = instants[row] % length
      let start = instants[row] &- (rest < 0 ? rest &+ length : rest)
      if start != begin {
        begin = start
        own = number(.instant(Timestamp(nanoseconds: start)))
      }
      result[row] = own
    }
    return result
  }

  private mutating func eachRow(
    _ ids: [FieldID], _ scan: BlockScan, _ rows: Bitmap
  ) -> [Int32] {
    var result = [Int32](repeating: 0, count: scan.rows)
    rows.forEach { row in
      let view = ScanRow(scan: scan, row: row)
      var value = FieldValue.none
      var own: FieldID?
      for id in ids where value == .none || value == .text("") {
        value = view.value(id)
        own = id
      }
      result[row] = number(value, of: own)
    }
    return result
  }
}

extension FieldValue {
  /// Bytes it holds beside itself, roughly.
  var heldBytes: Int {
    switch self {
    case .none, .bool, .int, .instant: 0
    case .text(let text): text.utf8.count
    case .bytes(let bytes): bytes.count
    case .texts(let texts): texts.reduce(0) { $0 + $1.utf8.count + 16 }
    case .pairs(let pairs):
      pairs.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count + 32 }
    case .numbers(let numbers): numbers.reduce(0) { $0 + $1.name.utf8.count + 24 }
    }
  }
}

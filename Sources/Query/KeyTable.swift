import Bytes
import Entries
import Store

/// Numbers the distinct values of one group key, across blocks.
struct KeyTable {
  private let key: GroupKey
  private var byValue: [FieldValue: Int32] = [:]
  private var values: [FieldValue] = []

  init(_ key: GroupKey) { self.key = key }

  var count: Int { values.count }
  func value(_ number: Int32) -> FieldValue { number < 0 ? .none : values[Int(number)] }

  /// The number of each selected row's value, -1 beyond `Aggregation.maxGroups` values. Rows that
  /// are not selected have any number.
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

  /// Fields with a fallback stand for themselves here: a group of pods holds pods.
  private static func isFallback(_ id: FieldID) -> Bool { Catalogue[id].fallback != nil }

  private mutating func number(_ value: FieldValue) -> Int32 {
    var value = value
    if case .text(let text) = value {
      value = text.isEmpty ? .none : .text(key.map.map { $0(text) } ?? text)
    }
    if let known = byValue[value] { return known }
    guard values.count < Aggregation.maxGroups else { return -1 }
    let number = Int32(values.count)
    byValue[value] = number
    values.append(value)
    return number
  }

  private static let unknown: Int32 = -2

  private mutating func codes(
    _ ids: [FieldID], _ scan: BlockScan, _ rows: Bitmap
  ) throws(StoreError) -> [Int32] {
    var chain: [(codes: [UInt32], column: Column, empty: UInt32, numbers: [Int32])] = []
    for id in ids {
      guard let column = try scan.columns.column(id), let codes = try scan.codes(id) else {
        continue
      }
      var empty: UInt32 = 0
      if case .texts(let texts) = column { empty = texts.dictionary.code(of: "") ?? 0 }
      chain.append(
        (codes, column, empty, [Int32](repeating: Self.unknown, count: column.codeCount)))
    }
    var result = [Int32](repeating: 0, count: scan.rows)
    var ofNone = Self.unknown
    rows.forEach { row in
      for place in chain.indices {
        let code = Int(chain[place].codes[row])
        if code == 0 || code == Int(chain[place].empty) { continue }
        var known = chain[place].numbers[code]
        if known == Self.unknown {
          known = number(chain[place].column.fieldValue(code: UInt32(code)))
          chain[place].numbers[code] = known
        }
        result[row] = known
        return
      }
      if ofNone == Self.unknown { ofNone = number(.none) }
      result[row] = ofNone
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
    let presence = column.presence
    var known: [Int64: Int32] = [:]
    rows.forEach { row in
      if let presence, !presence[row] {
        result[row] = number(.none)
        return
      }
      let value = lane[row]
      if let found = known[value] {
        result[row] = found
        return
      }
      let made =
        switch kind {
        case .int: number(.int(value))
        case .bool: number(.bool(value != 0))
        case .instant: number(.instant(Timestamp(nanoseconds: value)))
        }
      known[value] = made
      result[row] = made
    }
    return result
  }

  /// A field worked out from one integer column: once for each of its values.
  private mutating func derived(
    _ field: Field, _ id: FieldID, _ scan: BlockScan, _ rows: Bitmap
  ) throws(StoreError) -> [Int32] {
    var result = [Int32](repeating: 0, count: scan.rows)
    let column = try scan.columns.column(id)
    let lane = try scan.lane(id)
    var known: [Int64: Int32] = [:]
    rows.forEach { row in
      guard let lane, column?.presence.map({ $0[row] }) ?? true else {
        result[row] = number(OneField(id: id, value: .none).derived(field))
        return
      }
      if let found = known[lane[row]] {
        result[row] = found
        return
      }
      let made = number(OneField(id: id, value: column?.value(at: row) ?? .none).derived(field))
      known[lane[row]] = made
      result[row] = made
    }
    return result
  }

  private mutating func intervals(
    _ length: Int64, _ scan: BlockScan, _ rows: Bitmap
  ) throws(StoreError) -> [Int32] {
    var result = [Int32](repeating: 0, count: scan.rows)
    guard let instants = try scan.lane(.instant) else { return result }
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
      for id in ids where value == .none || value == .text("") { value = view.value(id) }
      result[row] = number(value)
    }
    return result
  }
}

/// Numbers pairs of numbers.
struct PairTable {
  private var byPair: [UInt64: Int32] = [:]
  private var list: [UInt64] = []
  private var last: (pair: UInt64, number: Int32)?

  var count: Int { list.count }

  /// The number of a pair; -1 when either is, or beyond `Aggregation.maxGroups` pairs.
  mutating func number(_ before: Int32, _ own: Int32) -> Int32 {
    guard before >= 0, own >= 0 else { return -1 }
    let pair = UInt64(UInt32(before)) << 32 | UInt64(UInt32(own))
    if let last, last.pair == pair { return last.number }
    let number: Int32
    if let known = byPair[pair] {
      number = known
    } else {
      guard list.count < Aggregation.maxGroups else { return -1 }
      number = Int32(list.count)
      byPair[pair] = number
      list.append(pair)
    }
    last = (pair, number)
    return number
  }

  /// The pair of a number.
  func pair(_ number: Int32) -> (before: Int32, own: Int32) {
    let pair = list[Int(number)]
    return (Int32(pair >> 32), Int32(truncatingIfNeeded: pair))
  }
}

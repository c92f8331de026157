import Bytes
import Entries

/// The columns of several blocks, one behind the other, as one block has them.
///
/// Values never become entries: integers move as they are, the values of each dictionary are looked
/// up once for each block, and codes are mapped through a table.
struct MergedColumns {
  private let sources: [MergeSource]
  private let rows: Int

  init(_ sources: [MergeSource]) {
    self.sources = sources
    rows = sources.last?.rows.upperBound ?? 0
  }

  /// One value a row; 0 where there is none.
  func integers(_ id: FieldID) throws(MergeFailure) -> [Int64] {
    var values: [Int64] = []
    values.reserveCapacity(rows)
    for source in sources {
      guard let info = source.header.info(id), !info.type.isCoded else {
        values += repeatElement(0, count: source.rows.count)
        continue
      }
      let dense = try source.integers(info)
      let presence = try source.presence(info.presence)
      values += presence.map { $0.spread(dense, absent: 0) } ?? dense
    }
    return values
  }

  /// Adds all columns.
  func write(to writer: inout BlockWriter, _ order: RowOrder) throws(MergeFailure) {
    var arrangements = Arrangements(order)
    // Where in the columns of each source, which ascend by id, the next one is.
    var places = [Int](repeating: 0, count: sources.count)
    while true {
      var next: (id: FieldID, type: FieldType)?
      for (source, place) in zip(sources, places) where place < source.header.columns.count {
        let id = source.header.columns[place].id
        if id.rawValue < next?.id.rawValue ?? .max {
          next = (id, source.header.columns[place].type)
        }
      }
      guard let next else { return }
      var infos: [ColumnInfo?] = []
      for (number, source) in sources.enumerated() {
        let columns = source.header.columns
        guard places[number] < columns.count, columns[places[number]].id == next.id else {
          infos.append(nil)
          continue
        }
        let info = columns[places[number]]
        // Of the two one is wrong; both stay readable in blocks of their own.
        guard info.type == next.type else { throw MergeFailure(source: number) }
        infos.append(info)
        places[number] += 1
      }
      if next.type.isCoded {
        try writeCodes(next.id, next.type, infos, to: &writer, &arrangements)
      } else {
        try writeIntegers(next.id, next.type, infos, to: &writer, &arrangements)
      }
    }
  }

  private func writeIntegers(
    _ id: FieldID, _ type: FieldType, _ infos: [ColumnInfo?], to writer: inout BlockWriter,
    _ arrangements: inout Arrangements
  ) throws(MergeFailure) {
    // Every row has what is in the envelope, also where a block does not say so.
    let isEnvelope = EnvelopeColumns.ids.contains(id)
    var values: [Int64] = []
    values.reserveCapacity(rows)
    var presence = PresenceBuilder()
    for (source, info) in zip(sources, infos) {
      guard let info else {
        guard isEnvelope else { continue }
        values += repeatElement(0, count: source.rows.count)
        presence.insert(source.rows)
        continue
      }
      let dense = try source.integers(info)
      let own = try source.presence(info.presence)
      if isEnvelope {
        values += own.map { $0.spread(dense, absent: 0) } ?? dense
        presence.insert(source.rows)
      } else {
        values += dense
        presence.insert(own, source.rows)
      }
    }
    writer.add(id, type, arrangements.of(presence).arranged(values))
  }

  private func writeCodes(
    _ id: FieldID, _ type: FieldType, _ infos: [ColumnInfo?], to writer: inout BlockWriter,
    _ arrangements: inout Arrangements
  ) throws(MergeFailure) {
    let known = infos.reduce(into: (present: 0, distinct: 0)) { sums, info in
      sums.present += info?.present ?? 0
      sums.distinct += info?.distinct ?? 0
    }
    var codes: [UInt32] = []
    codes.reserveCapacity(known.present)
    var presence = PresenceBuilder()
    var table = MergedDictionary(
      isDiverse: type == .bytes && known.distinct > known.present - known.present / 16)
    for (source, info) in zip(sources, infos) {
      guard let info else { continue }
      let column = try source.codes(info)
      codes.append(contentsOf: table.codes(column.codes, of: column.dictionary))
      presence.insert(try source.presence(info.presence), source.rows)
    }
    writer.add(id, type, table.interner, arrangements.of(presence).arranged(codes))
  }
}

/// The values of several dictionaries, each once.
private struct MergedDictionary {
  private(set) var interner = Interner()
  /// Nearly all values differ: equal ones are not looked for.
  let isDiverse: Bool

  init(isDiverse: Bool) { self.isDiverse = isDiverse }

  /// Codes of `dictionary` as codes of all.
  mutating func codes(_ codes: [UInt32], of dictionary: ValueDictionary) -> [UInt32] {
    var map: [UInt32] = [0]
    map.reserveCapacity(dictionary.codeCount)
    for code in 1..<UInt32(dictionary.codeCount) {
      if isDiverse {
        dictionary.withBytes(code) { interner.append($0) }
        map.append(UInt32(interner.count))
      } else {
        map.append(dictionary.withBytes(code) { interner.code($0) })
      }
    }
    return codes.map { map[Int($0)] }
  }
}

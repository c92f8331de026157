package import Bytes
package import Entries

/// Collects entries of one family column by column, and makes a block of them.
///
/// Entries may come in any order of time. Not copyable: it has one owner.
package struct BlockBuilder: ~Copyable, Sendable {
  /// What was cut or left out.
  struct Counters: Sendable {
    var valuesCut: Int64 = 0
    var contentsCut: Int64 = 0
    var valuesMismatched: Int64 = 0
    var valuesRepeated: Int64 = 0
  }

  /// How much a column is expected to hold.
  struct Room: Sendable {
    var values = 0
    var distinct = 0
    var bytes = 0
  }

  /// Bytes of all dictionaries at which a block is closed, whatever its rows.
  private static let dictionaryBytes = 32 << 20

  /// Bytes of a dictionary that are reserved because a block before the last one had them.
  private static let dictionaryRoom = 1 << 20

  /// More than the header of nearly every block has.
  private static let headerBytes = 32 << 10

  package let family: BlockFamily
  let limits: StoreLimits
  var counters = Counters()
  private(set) var envelope = EnvelopeColumns()
  private(set) var ints: [IntColumnBuilder] = []
  private(set) var coded: [CodedColumnBuilder] = []
  private(set) var headers = ContentLaneBuilder()
  private(set) var bodies = ContentLaneBuilder()
  /// By raw value of the field: 0 unknown, n > 0 `ints[n - 1]`, n < 0 `coded[-n - 1]`.
  private var slots = [Int16](repeating: 0, count: FieldID.limit)
  private var dictionaryBytes = 0
  /// What the columns of the blocks before had: those of the next one mostly come to about as much,
  /// and need not be moved as they grow, nor come out twice as large as they need be.
  private var rooms: [UInt16: Room] = [:]
  /// The same of rows.
  private var rowRoom = 0
  private let compressor = ZstdCompressor()

  package init(_ family: BlockFamily, limits: StoreLimits = StoreLimits()) {
    self.family = family
    self.limits = limits
  }

  /// Entries collected.
  package var rows: Int { envelope.rows }

  /// Whether it is time to finish. More entries are taken up to `BlockLimits.rows`.
  ///
  /// For one who may change it: the whole builder would be copied to be looked at.
  package var isFull: Bool {
    mutating get {
      rows >= limits.rowLimit
        || headers.byteCount + bodies.byteCount >= limits.blockContentBytes
        || dictionaryBytes + envelope.workloadBytes >= Self.dictionaryBytes
        || max(headers.chunks.count, bodies.chunks.count) >= BlockLimits.chunks
    }
  }

  /// What was collected; an empty builder takes its place.
  package mutating func taken() -> BlockBuilder {
    var other = BlockBuilder(family, limits: limits)
    other.rowRoom = max(rowRoom, whole(rows))
    other.envelope.reserve(other.rowRoom)
    swap(&other.rooms, &rooms)
    for column in ints { other.follow(column.id, Room(values: whole(column.values.count))) }
    for column in coded {
      other.follow(
        column.id,
        Room(
          values: whole(column.values.count), distinct: whole(column.interner.count),
          bytes: column.interner.byteCount))
    }
    swap(&self, &other)
    return other
  }

  /// What a full block would have, where this one has `count`. One that was closed with few rows, for
  /// its bytes or because all was flushed, tells nothing of a full one.
  private func whole(_ count: Int) -> Int {
    rows < limits.leastAlone ? count : count * max(limits.rowLimit, rows) / rows
  }

  /// Notes what a column of the block before had. A smaller block takes nothing from the room, but that
  /// of a large dictionary is not kept for long.
  private mutating func follow(_ id: FieldID, _ last: Room) {
    let before = rooms[id.rawValue] ?? Room()
    rooms[id.rawValue] = Room(
      values: max(last.values, before.values), distinct: max(last.distinct, before.distinct),
      bytes: max(last.bytes, min(before.bytes, Self.dictionaryRoom)))
  }

  package mutating func append(_ entry: Entry) { append([entry], at: 0) }

  /// Adds the entry at `place`, of which each part is read where it lies: a copy of an entry counts a
  /// dozen references.
  package mutating func append(_ entries: [Entry], at place: Int) {
    precondition(rows < BlockLimits.rows, "a block takes \(BlockLimits.rows) rows")
    let row = rows
    envelope.append(entries, at: place)
    if let elapsed = entries[place].elapsed { append(elapsed, FieldID.elapsed.rawValue, .int, row) }
    if let fault = entries[place].fault {
      append(Int64(fault.kind.rawValue), FieldID.faultKind.rawValue, .int, row)
      append(fault.message.utf8Span.span.bytes, FieldID.faultMessage.rawValue, .text, row)
    }
    let all = entries.span
    let fields = all[place].fields.bytes.rawSpan
    var at = 0
    while let field = Self.append(
      fields, from: &at, row, slots, &ints, &coded, &counters, &dictionaryBytes)
    {
      append(fields.slice(field.value), field.tag, field.id, row)
    }
    if all[place].request != nil || all[place].response != nil {
      appendContent(all[place].request, all[place].response, row)
    }
  }

  /// Adds the packed values from `at` on, up to one whose column is new, or that is too long for it:
  /// gives that one. Here the columns are made sure of once, not for each value.
  @inline(__always)
  private static func append(
    _ fields: RawSpan, from at: inout Int, _ row: Int, _ slots: [Int16],
    _ intColumns: inout [IntColumnBuilder], _ codedColumns: inout [CodedColumnBuilder],
    _ counters: inout Counters, _ dictionaryBytes: inout Int
  ) -> FieldValues.Place? {
    var ints = intColumns.mutableSpan
    var coded = codedColumns.mutableSpan
    while let field = FieldValues.next(fields, &at) {
      let slot = Int(slots[Int(field.id)])
      if slot == 0 || field.value.count > BlockLimits.valueBytes { return field }
      let type = FieldType(field.tag)
      let value = fields.slice(field.value)
      if slot > 0 {
        guard ints[slot - 1].type == type else {
          counters.valuesMismatched += 1
          continue
        }
        let number =
          type == .bool ? value.byte(0) == 0 ? 0 : 1 : Int64(bitPattern: value.little64(0))
        if !ints[slot - 1].append(number, row: row) { counters.valuesRepeated += 1 }
      } else {
        guard coded[-slot - 1].type == type else {
          counters.valuesMismatched += 1
          continue
        }
        if let grown = coded[-slot - 1].append(value, row: row) {
          dictionaryBytes += grown
        } else {
          counters.valuesRepeated += 1
        }
      }
    }
    return nil
  }

  /// Adds a packed value.
  private mutating func append(
    _ value: RawSpan, _ tag: FieldValues.Tag, _ id: UInt16, _ row: Int
  ) {
    switch tag {
    case .bool: append(value.byte(0) == 0 ? 0 : 1, id, .bool, row)
    case .int, .instant:
      append(Int64(bitPattern: value.little64(0)), id, FieldType(tag), row)
    case .text, .bytes: append(value, id, FieldType(tag), row)
    case .texts, .pairs, .numbers:
      if value.byteCount > BlockLimits.valueBytes {
        appendCut(value, id, FieldType(tag), row)
      } else {
        append(value, id, FieldType(tag), row)
      }
    }
  }

  @inline(never)
  private mutating func append(_ value: Int64, _ id: UInt16, _ type: FieldType, _ row: Int) {
    guard let slot = slot(id, type), slot > 0, ints[slot - 1].type == type else {
      counters.valuesMismatched += 1
      return
    }
    if !ints[slot - 1].append(value, row: row) { counters.valuesRepeated += 1 }
  }

  @inline(never)
  private mutating func append(_ value: RawSpan, _ id: UInt16, _ type: FieldType, _ row: Int) {
    guard let slot = slot(id, type), slot < 0, coded[-slot - 1].type == type else {
      counters.valuesMismatched += 1
      return
    }
    guard let grown = coded[-slot - 1].append(value.prefix(BlockLimits.valueBytes), row: row) else {
      counters.valuesRepeated += 1
      return
    }
    if value.byteCount > BlockLimits.valueBytes { counters.valuesCut += 1 }
    dictionaryBytes += grown
  }

  /// The column of that field, made when it is new: n > 0 `ints[n - 1]`, n < 0 `coded[-n - 1]`;
  /// nil when it cannot come as a field of an entry.
  @inline(__always)
  private mutating func slot(_ id: UInt16, _ type: FieldType) -> Int? {
    let slot = Int(slots[Int(id)])
    return slot != 0 ? slot : newSlot(id, type)
  }

  private mutating func newSlot(_ raw: UInt16, _ type: FieldType) -> Int? {
    guard let id = FieldID(rawValue: raw), !EnvelopeColumns.ids.contains(id) else { return nil }
    let slot: Int
    switch type {
    case .bool, .int, .instant:
      ints.append(IntColumnBuilder(id, type, room: rooms[raw]?.values ?? 0))
      slot = ints.count
    default:
      coded.append(CodedColumnBuilder(id, type, room: rooms[raw] ?? Room()))
      slot = -coded.count
    }
    slots[Int(raw)] = Int16(slot)
    return slot
  }

  /// Adds a list that is too long, without the elements beyond the limit.
  private mutating func appendCut(
    _ value: RawSpan, _ id: UInt16, _ type: FieldType, _ row: Int
  ) {
    counters.valuesCut += 1
    var cursor = Cursor(value)
    var end = 0
    do throws(WireError) {
      while cursor.offset <= BlockLimits.valueBytes {
        end = cursor.offset
        _ = try cursor.take(cursor.varint(limit: cursor.remaining))
        switch type {
        case .pairs: _ = try cursor.take(cursor.varint(limit: cursor.remaining))
        case .numbers: _ = try cursor.take(8)
        default: break
        }
      }
    } catch {
      // The list ends here: what is whole of it stays.
    }
    append(value.prefix(end), id, type, row)
  }

  private mutating func appendContent(_ request: Content?, _ response: Content?, _ row: Int) {
    headers.append(row: row) { out in
      out.append((request != nil ? 1 : 0) | (response != nil ? 2 : 0))
      if let request { Self.write(headers: request, to: &out) }
      if let response { Self.write(headers: response, to: &out) }
    }
    headers.closeChunk(atLeast: BlockLimits.chunkBytes, with: compressor)
    let hasRequest = Self.hasBody(request)
    let hasResponse = Self.hasBody(response)
    if hasRequest || hasResponse {
      bodies.append(row: row) { out in
        out.append((hasRequest ? 1 : 0) | (hasResponse ? 2 : 0))
        if hasRequest, let request { Self.write(body: request, to: &out) }
        if hasResponse, let response { Self.write(body: response, to: &out) }
      }
      bodies.closeChunk(atLeast: BlockLimits.chunkBytes, with: compressor)
    }
    counters.contentsCut += Self.cuts(request) + Self.cuts(response)
  }

  private static func write(headers content: Content, to out: inout [UInt8]) {
    out.append(counted: content.headers.bytes.rawSpan.prefix(BlockLimits.contentBytes))
  }

  private static func write(body content: Content, to out: inout [UInt8]) {
    out.append(varint: Int(max(content.bodyLength, 0)))
    out.append(counted: content.body.rawSpan.prefix(BlockLimits.contentBytes))
  }

  private static func hasBody(_ content: Content?) -> Bool {
    guard let content else { return false }
    return !content.body.isEmpty || content.bodyLength > 0
  }

  /// Headers and body that are longer than is kept.
  private static func cuts(_ content: Content?) -> Int64 {
    guard let content else { return 0 }
    return (content.headers.bytes.count > BlockLimits.contentBytes ? 1 : 0)
      + (content.body.count > BlockLimits.contentBytes ? 1 : 0)
  }

  /// About the bytes of the block: values, contents, and a byte a row for every column.
  private var expectedBytes: Int {
    let named = 2 * WorkloadColumns.rows.count
    let columns = EnvelopeColumns.ids.count - named + ints.count + coded.count
    return dictionaryBytes + headers.byteCount + bodies.byteCount
      + columns * (rows + 32) + Self.headerBytes
  }

  /// The block of all entries collected; nil when there are none.
  package consuming func finish() throws(WireError) -> EncodedBlock? { try finish([])?.block }

  /// The same, put together in `memory`, which is for the next block.
  consuming func finish(in memory: inout [UInt8]) throws(WireError) -> EncodedBlock? {
    try finish([], in: &memory)?.block
  }

  /// The block of all entries collected, and `marks`, one for each entry in the order they came,
  /// in the order of its rows. They settle the order of entries that are equal in all else.
  consuming func finish(
    _ marks: [Int64]
  ) throws(WireError) -> (block: EncodedBlock, marks: [Int64])? {
    var memory: [UInt8] = []
    return try finish(marks, in: &memory)
  }

  private consuming func finish(
    _ marks: [Int64], in memory: inout [UInt8]
  ) throws(WireError) -> (block: EncodedBlock, marks: [Int64])? {
    guard rows > 0 else { return nil }
    headers.closeChunk(atLeast: 1, with: compressor)
    bodies.closeChunk(atLeast: 1, with: compressor)
    let order = envelope.order(marks)
    var writer = BlockWriter(family: family, rows: rows, reserving: expectedBytes, in: &memory)
    // The memory of what is written is free for what comes after it.
    envelope.write(to: &writer, order)
    var arrangements = Arrangements(order)
    ints.reverse()
    while let column = ints.popLast() {
      writer.add(column.id, column.type, arrangements.of(column.presence).arranged(column.values))
    }
    coded.reverse()
    while let column = coded.popLast() {
      writer.add(
        column.id, column.type, column.interner,
        arrangements.of(column.presence).arranged(column.values))
    }
    let headers = writer.lane(headers, order)
    let bodies = writer.lane(bodies, order)
    return (
      try (consume writer).finish(
        envelope.summary, headers: headers, bodies: bodies, leaving: &memory),
      marks.isEmpty ? [] : order.arranged(marks)
    )
  }
}

extension FieldType {
  /// The type of a packed value.
  fileprivate init(_ tag: FieldValues.Tag) {
    switch tag {
    case .bool: self = .bool
    case .int: self = .int
    case .text: self = .text
    case .bytes: self = .bytes
    case .instant: self = .instant
    case .texts: self = .texts
    case .pairs: self = .pairs
    case .numbers: self = .numbers
    }
  }
}

extension FieldID {
  /// One more than the largest raw value.
  static let limit = Int(allCases.map(\.rawValue).max() ?? 0) + 1
}

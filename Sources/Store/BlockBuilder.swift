import Bytes
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
  }

  /// Bytes of all dictionaries at which a block is closed, whatever its rows.
  private static let dictionaryBytes = 32 << 20

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
  private var scratch: [UInt8] = []
  private var dictionaryBytes = 0
  private let compressor = ZstdCompressor()

  package init(_ family: BlockFamily, limits: StoreLimits = StoreLimits()) {
    self.family = family
    self.limits = limits
  }

  /// Entries collected.
  package var rows: Int { envelope.rows }

  /// Whether it is time to finish. More entries are taken up to `BlockLimits.rows`.
  package var isFull: Bool {
    rows >= min(limits.blockRows, BlockLimits.rows)
      || headers.byteCount + bodies.byteCount >= limits.blockContentBytes
      || dictionaryBytes >= Self.dictionaryBytes
  }

  /// What was collected; an empty builder takes its place.
  package mutating func taken() -> BlockBuilder {
    var other = BlockBuilder(family, limits: limits)
    swap(&self, &other)
    return other
  }

  package mutating func append(_ entry: Entry) {
    precondition(rows < BlockLimits.rows, "a block takes \(BlockLimits.rows) rows")
    let row = rows
    envelope.append(entry)
    if let elapsed = entry.elapsed { append(elapsed, .elapsed, .int, row) }
    if let fault = entry.fault {
      append(Int64(fault.kind.rawValue), .faultKind, .int, row)
      append(fault.message, .faultMessage, row)
    }
    for item in entry.fields.items { append(item.value, item.id, row) }
    appendContent(entry, row)
  }

  private mutating func append(_ value: FieldValue, _ id: FieldID, _ row: Int) {
    switch value {
    case .none: break
    case .bool(let value): append(value ? 1 : 0, id, .bool, row)
    case .int(let value): append(value, id, .int, row)
    case .instant(let value): append(value.nanoseconds, id, .instant, row)
    case .text(let text): append(text, id, row)
    case .bytes(let bytes): append(bytes.rawSpan, id, .bytes, row)
    case .texts(let texts):
      appendList(id, .texts, row, texts) { out, text in
        out.append(counted: text.utf8Span.span.bytes)
      }
    case .pairs(let pairs):
      appendList(id, .pairs, row, pairs) { out, pair in
        out.append(counted: pair.name.utf8Span.span.bytes)
        out.append(counted: pair.value.utf8Span.span.bytes)
      }
    case .numbers(let numbers):
      appendList(id, .numbers, row, numbers) { out, number in
        out.append(counted: number.name.utf8Span.span.bytes)
        out.append(little: number.value.bitPattern)
      }
    }
  }

  private mutating func append(_ text: String, _ id: FieldID, _ row: Int) {
    append(text.utf8Span.span.bytes, id, .text, row)
  }

  private mutating func append(_ value: Int64, _ id: FieldID, _ type: FieldType, _ row: Int) {
    var slot = Int(slots[Int(id.rawValue)])
    if slot == 0, !EnvelopeColumns.ids.contains(id) {
      ints.append(IntColumnBuilder(id, type))
      slot = ints.count
      slots[Int(id.rawValue)] = Int16(slot)
    }
    guard slot > 0, ints[slot - 1].type == type else {
      counters.valuesMismatched += 1
      return
    }
    ints[slot - 1].append(value, row: row)
  }

  private mutating func append(_ value: RawSpan, _ id: FieldID, _ type: FieldType, _ row: Int) {
    var slot = Int(slots[Int(id.rawValue)])
    if slot == 0, !EnvelopeColumns.ids.contains(id) {
      coded.append(CodedColumnBuilder(id, type))
      slot = -coded.count
      slots[Int(id.rawValue)] = Int16(slot)
    }
    guard slot < 0, coded[-slot - 1].type == type else {
      counters.valuesMismatched += 1
      return
    }
    if value.byteCount > BlockLimits.valueBytes { counters.valuesCut += 1 }
    let before = coded[-slot - 1].interner.bytes.count
    coded[-slot - 1].append(value.prefix(BlockLimits.valueBytes), row: row)
    dictionaryBytes += coded[-slot - 1].interner.bytes.count - before
  }

  /// Adds a list as its elements one after the other; those beyond the limit are left out.
  private mutating func appendList<Element>(
    _ id: FieldID, _ type: FieldType, _ row: Int, _ elements: [Element],
    _ write: (inout [UInt8], Element) -> Void
  ) {
    var bytes = scratch
    scratch = []
    bytes.removeAll(keepingCapacity: true)
    for element in elements {
      let before = bytes.count
      write(&bytes, element)
      if bytes.count > BlockLimits.valueBytes {
        bytes.removeLast(bytes.count - before)
        counters.valuesCut += 1
        break
      }
    }
    append(bytes.rawSpan, id, type, row)
    scratch = bytes
  }

  private mutating func appendContent(_ entry: Entry, _ row: Int) {
    guard entry.request != nil || entry.response != nil else { return }
    let contents = [entry.request, entry.response]
    var cut: Int64 = 0
    headers.append(row: row) { out in
      out.append((contents[0] != nil ? 1 : 0) | (contents[1] != nil ? 2 : 0))
      for case let content? in contents {
        let bytes = content.headers.bytes
        if bytes.count > BlockLimits.contentBytes { cut += 1 }
        out.append(counted: bytes.rawSpan.prefix(BlockLimits.contentBytes))
      }
    }
    headers.closeChunk(atLeast: BlockLimits.chunkBytes, with: compressor)
    let parts = contents.map { content in
      content.flatMap { $0.body.isEmpty && $0.bodyLength <= 0 ? nil : $0 }
    }
    if parts[0] != nil || parts[1] != nil {
      bodies.append(row: row) { out in
        out.append((parts[0] != nil ? 1 : 0) | (parts[1] != nil ? 2 : 0))
        for case let content? in parts {
          if content.body.count > BlockLimits.contentBytes { cut += 1 }
          out.append(varint: Int(max(content.bodyLength, 0)))
          out.append(counted: content.body.rawSpan.prefix(BlockLimits.contentBytes))
        }
      }
      bodies.closeChunk(atLeast: BlockLimits.chunkBytes, with: compressor)
    }
    counters.contentsCut += cut
  }

  /// The block of all entries collected; nil when there are none.
  package consuming func finish() -> EncodedBlock? {
    guard rows > 0 else { return nil }
    headers.closeChunk(atLeast: 1, with: compressor)
    bodies.closeChunk(atLeast: 1, with: compressor)
    let order = envelope.order()
    var writer = BlockWriter(family: family, rows: rows)
    envelope.write(to: &writer, order)
    for column in ints {
      writer.add(
        column.id, column.type,
        order.arranged(column.values, column.presence, filler: 0))
    }
    for column in coded {
      writer.add(
        column.id, column.type, column.interner,
        order.arranged(column.values, column.presence, filler: 0))
    }
    let headers = writer.lane(headers, order)
    let bodies = writer.lane(bodies, order)
    return writer.finish(envelope.summary, headers: headers, bodies: bodies)
  }
}

extension FieldID {
  /// One more than the largest raw value.
  static let limit = Int(allCases.map(\.rawValue).max() ?? 0) + 1
}

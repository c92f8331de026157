import Bytes
package import Entries

/// Reads header fields and bodies of many rows of one block, a chunk at a time.
///
/// Keeps the chunks of each kind that were used last, so that going through the rows in order
/// decompresses every chunk once, also where rows that came from several blocks take turns. One row's
/// record in a chunk of headers:
///
///     1 byte   1: the request has content, 2: the reply has
///     …        for each of those: varint length, header lines
///
/// and in a chunk of bodies, only for rows with a body:
///
///     1 byte   1: the request has a body, 2: the reply has
///     …        for each of those: varint original length, varint kept length, the kept bytes
///
/// Rows whose records are equal may share one.
package struct ContentReader {
  /// Raw bytes of chunks of each kind that are kept for the next rows, unless a single one has more.
  static let keptBytes = 16 << 20

  private let block: Block
  private var headers = LaneReader()
  private var bodies = LaneReader()

  package init(block: Block) { self.block = block }

  /// Header fields of one row, of its request and of its reply; nil for what it does not have.
  package mutating func headerFields(
    row: Int
  ) throws(StoreError) -> (request: HeaderBlock?, response: HeaderBlock?) {
    let header = try block.header()
    return try noted(row) { (doing) throws(StoreError) in
      try headers.headerFields(row, header.headers, header, block, doing)
    }
  }

  /// Header fields and bodies of one row; nil for what it does not have.
  package mutating func content(
    row: Int
  ) throws(StoreError) -> (request: Content?, response: Content?) {
    let header = try block.header()
    return try noted(row) { (doing) throws(StoreError) in
      let fields = try headers.headerFields(row, header.headers, header, block, doing)
      let parts = try bodies.bodies(row, header.bodies, header, block, doing)
      func content(_ fields: HeaderBlock?, _ body: LaneReader.Body?) -> Content? {
        fields.map {
          Content(headers: $0, body: body?.bytes ?? [], bodyLength: body?.length ?? 0)
        }
      }
      return (content(fields.request, parts.request), content(fields.response, parts.response))
    }
  }

  /// A failure is noted as damage of the block, whoever reads.
  private func noted<Result>(
    _ row: Int, _ read: (_ doing: String) throws(StoreError) -> Result
  ) throws(StoreError) -> Result {
    try block.noted { () throws(StoreError) -> Result in
      try read("reading the content of row \(row) of block \(block.id)")
    }
  }
}

/// Reads one of the two lanes.
private struct LaneReader {
  fileprivate struct Body {
    var length: Int64
    var bytes: [UInt8]
  }

  private var locator: IntColumn?
  /// The one used last at the end.
  private var chunks: [(index: Int, bytes: [UInt8])] = []
  private var bytes = 0

  mutating func headerFields(
    _ row: Int, _ lane: BlockHeader.ContentLane, _ header: BlockHeader, _ block: Block,
    _ doing: String
  ) throws(StoreError) -> (request: HeaderBlock?, response: HeaderBlock?) {
    guard let start = try seek(row, lane, header, block, doing) else { return (nil, nil) }
    do throws(WireError) {
      let bytes = chunks.last?.bytes ?? []
      var cursor = Cursor(bytes.rawSpan, at: start)
      let parts = try cursor.uint8()
      let request = parts & 1 != 0 ? try cursor.headerFields() : nil
      return (request, parts & 2 != 0 ? try cursor.headerFields() : nil)
    } catch {
      throw StoreError(error, doing)
    }
  }

  mutating func bodies(
    _ row: Int, _ lane: BlockHeader.ContentLane, _ header: BlockHeader, _ block: Block,
    _ doing: String
  ) throws(StoreError) -> (request: Body?, response: Body?) {
    guard let start = try seek(row, lane, header, block, doing) else { return (nil, nil) }
    do throws(WireError) {
      let bytes = chunks.last?.bytes ?? []
      var cursor = Cursor(bytes.rawSpan, at: start)
      let parts = try cursor.uint8()
      let request = parts & 1 != 0 ? try cursor.body() : nil
      return (request, parts & 2 != 0 ? try cursor.body() : nil)
    } catch {
      throw StoreError(error, doing)
    }
  }

  /// Loads the chunk with the record of `row` and gives where in it the record begins; nil when
  /// the row has none.
  private mutating func seek(
    _ row: Int, _ lane: BlockHeader.ContentLane, _ header: BlockHeader, _ block: Block,
    _ doing: String
  ) throws(StoreError) -> Int? {
    guard let place = lane.locator, (0..<header.rows).contains(row) else { return nil }
    if locator == nil {
      let presence = try block.presence(lane.presence, of: header, doing)
      let section = try block.source.section(place, of: block, header)
      do throws(WireError) {
        locator = try IntColumn(parsing: section, presence: presence, count: lane.count)
      } catch {
        throw StoreError(error, doing)
      }
    }
    guard let offset = locator?.value(at: row) else { return nil }
    guard let index = lane.chunk(holding: offset) else {
      throw StoreError(.damaged, doing, underlying: "no chunk holds offset \(offset)")
    }
    if chunks.last?.index != index { try use(index, lane, header, block, doing) }
    return Int(offset) - lane.chunks[index].start
  }

  /// Makes a chunk the one used last.
  private mutating func use(
    _ index: Int, _ lane: BlockHeader.ContentLane, _ header: BlockHeader, _ block: Block,
    _ doing: String
  ) throws(StoreError) {
    if let place = chunks.lastIndex(where: { $0.index == index }) {
      return chunks.append(chunks.remove(at: place))
    }
    let chunk = lane.chunks[index]
    let section = try block.source.section(chunk.section, of: block, header)
    while let oldest = chunks.first, bytes + chunk.length > ContentReader.keptBytes {
      bytes -= oldest.bytes.count
      chunks.removeFirst()
    }
    do throws(WireError) {
      chunks.append((index, try zstdDecompressed(section, length: chunk.length)))
    } catch {
      throw StoreError(error, doing)
    }
    bytes += chunk.length
  }
}

extension BlockHeader.ContentLane {
  /// The place of the chunk whose raw bytes have that offset.
  fileprivate func chunk(holding offset: Int64) -> Int? {
    let index = chunks.indices.firstPlace { chunks[$0].start > offset } - 1
    guard index >= 0, offset < chunks[index].start + chunks[index].length else { return nil }
    return index
  }
}

extension Cursor {
  fileprivate mutating func headerFields() throws(WireError) -> HeaderBlock {
    let count = try varint(limit: BlockLimits.contentBytes)
    return HeaderBlock(bytes: try take(count).array())
  }

  fileprivate mutating func body() throws(WireError) -> LaneReader.Body {
    let length = try varint(limit: .max)
    let count = try varint(limit: BlockLimits.contentBytes)
    return LaneReader.Body(length: Int64(length), bytes: try take(count).array())
  }
}

import Bytes
package import Entries

/// Reads header fields and bodies of many rows of one block, a chunk at a time.
///
/// Keeps the last chunk of each kind, so that going through the rows in order decompresses every
/// chunk once. One row's record in a chunk of headers:
///
///     1 byte   1: the request has content, 2: the reply has
///     …        for each of those: varint length, header lines
///
/// and in a chunk of bodies, only for rows with a body:
///
///     1 byte   1: the request has a body, 2: the reply has
///     …        for each of those: varint original length, varint kept length, the kept bytes
package struct ContentReader {
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
  private var chunk: (index: Int, bytes: [UInt8])?

  mutating func headerFields(
    _ row: Int, _ lane: BlockHeader.ContentLane, _ header: BlockHeader, _ block: Block,
    _ doing: String
  ) throws(StoreError) -> (request: HeaderBlock?, response: HeaderBlock?) {
    guard let start = try seek(row, lane, header, block, doing) else { return (nil, nil) }
    do throws(WireError) {
      let bytes = chunk?.bytes ?? []
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
      let bytes = chunk?.bytes ?? []
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
    guard let index = lane.chunks.lastIndex(where: { $0.start <= offset }),
      offset < lane.chunks[index].start + lane.chunks[index].length
    else { throw StoreError(.damaged, doing, underlying: "no chunk holds offset \(offset)") }
    if chunk?.index != index {
      let place = lane.chunks[index]
      let section = try block.source.section(place.section, of: block, header)
      do throws(WireError) {
        chunk = (index, try zstdDecompressed(section, length: place.length))
      } catch {
        throw StoreError(error, doing)
      }
    }
    return Int(offset) - lane.chunks[index].start
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

import Bytes

/// Reads the header blocks of one direction of a connection (RFC 7541).
///
/// NIOHPACK and its kin demand a connection's beginning. This one also reads on where the table is
/// not known, and tells what it does not know as `?` instead of guessing.
struct HPACKDecoder: Sendable {
  var table: HPACKTable
  /// Blocks since the hole that did not tell how many fields were added in it.
  var doubtfulBlocks: UInt8 = 0
  /// The end of the block at hand was not captured.
  private var isCut = false

  /// - Parameter isFresh: the connection was captured from its beginning.
  init(isFresh: Bool) {
    table = HPACKTable(isFresh: isFresh)
  }

  /// Fields older than the first one read may be referred to.
  var hasUnknown: Bool { table.hasUnknown }

  /// What the table holds is no longer sure.
  mutating func forget() { table.forget() }

  /// Bytes of this direction are missing: where in the table its fields are now, blocks will tell.
  mutating func doubt() { table.doubt() }

  /// Appends the fields of a whole header block to `list`.
  /// - Throws: what is wrong; then the fields before it are in `list`, and the table is forgotten.
  mutating func decode(
    _ block: RawSpan, into list: inout HTTP2FieldList
  ) throws(WireError) {
    if table.isInDoubt { settleDoubt(by: block) }
    table.beginBlock()
    defer { table.endBlock(isHead: list.status != nil || list.isRequest) }
    do {
      try read(block, &list)
    } catch {
      table.forget()
      throw error
    }
  }

  /// The same of a block whose end was not captured: its fields, as far as they go. Which of them stand
  /// together in a block it does not tell.
  mutating func decodeBeginning(_ block: RawSpan, into list: inout HTTP2FieldList) {
    isCut = true
    try? read(block, &list)
    isCut = false
    table.doubt()
  }

  private mutating func read(
    _ block: RawSpan, _ list: inout HTTP2FieldList
  ) throws(WireError) {
    var at = 0
    while at < block.byteCount { try field(block, &at, &list) }
  }

  /// One field, or a change of the table's capacity (RFC 7541 §6).
  @inline(__always)
  private mutating func field(
    _ block: RawSpan, _ at: inout Int, _ list: inout HTTP2FieldList
  ) throws(WireError) {
    let first = block.byte(at)
    if first & 0x80 != 0 {
      let index = try integer(block, &at, prefix: 7)
      try indexed(index, at, &list)
    } else if first & 0xc0 == 0x40 {
      let index = try integer(block, &at, prefix: 6)
      list.begin()
      try literal(index, block, &at, &list)
      table.insert(list.last, of: list.bytes.rawSpan)
      list.finish()
    } else if first & 0xe0 == 0x20 {
      table.resize(to: try integer(block, &at, prefix: 5))
    } else {
      let index = try integer(block, &at, prefix: 4)
      list.begin()
      try literal(index, block, &at, &list)
      list.finish()
    }
  }

  /// A field of the tables (RFC 7541 §6.1).
  private mutating func indexed(
    _ index: Int, _ at: Int, _ list: inout HTTP2FieldList
  ) throws(WireError) {
    let known = HPACKStaticTable.count
    if index > 0, index <= known {
      if list.isFull { return }
      let lines = HPACKStaticTable.lines
      list.append(HPACKStaticTable.shapes[index - 1], of: lines.rawSpan)
      return
    }
    guard let position = table.position(index - known - 1) else {
      try checkUnknown(index, at)
      if list.isFull { return }
      list.begin()
      list.appendUnknownName()
      list.appendUnknownValue()
      list.finish()
      return
    }
    if list.isFull { return }
    if !isCut { table.noteUse(position) }
    let shape = table.shape(position)
    if shape.isPlain {
      list.append(shape, of: table.bytes.rawSpan)
    } else {
      list.begin()
      list.appendName(table.bytes.rawSpan.slice(shape.name), shape.known)
      list.appendValue(table.bytes.rawSpan.slice(shape.value))
      list.finish()
    }
  }

  /// A field whose value, and perhaps name, stands in the block (RFC 7541 §6.2).
  private mutating func literal(
    _ index: Int, _ block: RawSpan, _ at: inout Int, _ list: inout HTTP2FieldList
  ) throws(WireError) {
    if index > 0 {
      try name(index, at, &list)
    } else {
      try string(block, &at, &list.bytes)
      list.endName()
    }
    try string(block, &at, &list.bytes)
    list.endValue()
  }

  /// Appends the name with that index.
  private mutating func name(
    _ index: Int, _ at: Int, _ list: inout HTTP2FieldList
  ) throws(WireError) {
    let known = HPACKStaticTable.count
    if index <= known {
      let shape = HPACKStaticTable.shapes[index - 1]
      let lines = HPACKStaticTable.lines
      list.appendName(lines.rawSpan.slice(shape.name), shape.known)
    } else if let position = table.position(index - known - 1) {
      if !isCut { table.noteUse(position) }
      let shape = table.shape(position)
      list.appendName(table.bytes.rawSpan.slice(shape.name), shape.known)
    } else {
      try checkUnknown(index, at)
      list.appendUnknownName()
    }
  }

  /// - Throws: when the index of a field that is not known can be of none that was not captured.
  private func checkUnknown(_ index: Int, _ at: Int) throws(WireError) {
    if index == 0 || !table.hasUnknown && !table.reaches(index - HPACKStaticTable.count - 1) {
      throw WireError(.invalid, at: at)
    }
  }

  /// An integer whose first bits lie in a shared octet (RFC 7541 §5.1).
  @inline(__always)
  func integer(
    _ block: RawSpan, _ at: inout Int, prefix bits: Int
  ) throws(WireError) -> Int {
    let mask = UInt8(1 << bits - 1)
    var value = Int(block.byte(at) & mask)
    at += 1
    if value < mask { return value }
    var shift = 0
    while at < block.byteCount {
      let byte = block.byte(at)
      at += 1
      if shift > 28 { throw WireError(.tooLarge, at: at) }
      value += Int(byte & 0x7f) << shift
      if byte & 0x80 == 0 { return value }
      shift += 7
    }
    throw WireError(.truncated, at: at)
  }

  /// A string, Huffman-coded or not (RFC 7541 §5.2).
  private func string(
    _ block: RawSpan, _ at: inout Int, _ output: inout [UInt8]
  ) throws(WireError) {
    guard at < block.byteCount else { throw WireError(.truncated, at: at) }
    let isCoded = block.byte(at) & 0x80 != 0
    let length = try integer(block, &at, prefix: 7)
    guard length <= block.byteCount - at else { throw WireError(.truncated, at: at) }
    let bytes = block.slice(at..<at + length)
    at += length
    if isCoded {
      try HuffmanDecoder.shared.decode(bytes, into: &output)
    } else {
      output.append(bytes)
    }
  }
}

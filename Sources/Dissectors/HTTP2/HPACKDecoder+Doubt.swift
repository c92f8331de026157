import Bytes

// Where bytes are missing, fields may have been added to the table that nobody saw: every index of a
// field from before is then too high by their number. Without it all later requests of a connection
// of gRPC would have no path. A block tells the number, for with any other its fields would be in
// disorder, or not those that went together before.
extension HPACKDecoder {
  /// Fields that a hole may have added; behind more, the table is begun anew.
  static let maxLostFields = 16
  /// Blocks that may leave the number open; then what was before the hole is given up.
  static let maxDoubtfulBlocks: UInt8 = 16
  /// Bytes of a block that is looked at for that.
  static let maxTellingBlock = 4 << 10
  /// So many fields from before must be those that stood in one block.
  static let minTelling = 2

  /// A field of a block, as far as its first octets tell.
  enum Shape {
    case inStaticTable(Int)
    /// The dynamic table's field at that place, behind so many fields that the block adds before it.
    case inDynamicTable(Int, behind: Int)
    case new(isPseudo: Bool)
  }

  /// Looks whether `block`, which comes next, tells how many fields were added in the hole.
  mutating func settleDoubt(by block: RawSpan) {
    guard block.byteCount <= Self.maxTellingBlock, let fields = try? shapes(of: block) else {
      return
    }
    let reach = table.newer
    let isTelling = fields.contains {
      if case .inDynamicTable(let place, let added) = $0 { place - added >= reach } else { false }
    }
    guard isTelling else { return }
    var best = (lost: 0, score: 0)
    var isSingle = false
    for lost in 0...Self.maxLostFields {
      guard let fit = score(fields, lost: lost), fit >= best.score else { continue }
      isSingle = fit > best.score
      best = (lost, fit)
    }
    if isSingle {
      table.settle(lost: best.lost)
      doubtfulBlocks = 0
      return
    }
    doubtfulBlocks += 1
    if doubtfulBlocks >= Self.maxDoubtfulBlocks {
      doubtfulBlocks = 0
      table.dropOlder()
    }
  }

  /// The block's fields; nil when it changes the table's capacity, which evicts some.
  private func shapes(of block: RawSpan) throws(WireError) -> [Shape]? {
    var shapes: [Shape] = []
    var added = 0
    var at = 0
    while at < block.byteCount {
      let first = block.byte(at)
      let isIndexed = first & 0x80 != 0
      let isAdded = first & 0xc0 == 0x40
      if !isIndexed, !isAdded, first & 0xe0 == 0x20 { return nil }
      let index = try integer(block, &at, prefix: isIndexed ? 7 : isAdded ? 6 : 4)
      if index == 0 {
        if isIndexed { return nil }
        shapes.append(.new(isPseudo: beginsPseudo(block, at)))
        try skipString(block, &at)
      } else if index <= HPACKStaticTable.fields.count {
        shapes.append(.inStaticTable(index))
      } else {
        shapes.append(.inDynamicTable(index - HPACKStaticTable.fields.count - 1, behind: added))
      }
      if !isIndexed { try skipString(block, &at) }
      if isAdded { added += 1 }
    }
    return shapes
  }

  private func skipString(_ block: RawSpan, _ at: inout Int) throws(WireError) {
    guard at < block.byteCount else { throw WireError(.truncated, at: at) }
    let length = try integer(block, &at, prefix: 7)
    guard length <= block.byteCount - at else { throw WireError(.truncated, at: at) }
    at += length
  }

  /// Whether the string at `at` begins with a colon, which is 1011100 as Huffman code.
  private func beginsPseudo(_ block: RawSpan, _ at: Int) -> Bool {
    guard at + 1 < block.byteCount else { return false }
    return block.byte(at) & 0x80 != 0
      ? block.byte(at + 1) >> 1 == 0b101_1100 : block.byte(at + 1) == 0x3a
  }

  // MARK: How well a number fits

  /// Pseudo header fields of a block (RFC 9113 §8.3), and whether they are over.
  private struct Order {
    var seen: Set<Name> = []
    /// Fields before the first other one whose names are not known.
    var wild = 0
    var isOver = false

    /// Takes the next field; false when it may not stand here.
    mutating func take(_ name: Name) -> Bool {
      switch name {
      case .regular: isOver = true
      case .unknown: if !isOver { wild += 1 }
      default: return !isOver && seen.insert(name).inserted
      }
      return true
    }

    /// Whether these are the pseudo header fields of a request, a reply, or none.
    var isWhole: Bool {
      if seen.contains(.status) { return seen.count == 1 && wild == 0 }
      if seen.isEmpty { return true }
      // A CONNECT has a method and an authority only.
      if seen == [.method, .authority], wild == 0 { return true }
      let needed: Set<Name> = [.method, .scheme, .path]
      return needed.subtracting(seen).count <= wild
    }
  }

  private enum Name { case method, scheme, path, authority, status, other, regular, unknown }

  /// How many of the block's fields are from before the hole, and stood together in one block there, if
  /// `lost` fields were added in the hole. Nil when the block is impossible then, or
  /// tells too little.
  private func score(_ shapes: [Shape], lost: Int) -> Int? {
    var order = Order()
    var blocks: [UInt32] = []
    for shape in shapes {
      let name: Name
      switch shape {
      case .new(let isPseudo): name = isPseudo ? .other : .regular
      case .inStaticTable(let index): name = staticName(index)
      case .inDynamicTable(let place, let added):
        let behind = place - added
        let old = behind - table.newer - lost
        if let field = table.newerField(behind) {
          name = self.name(of: field)
        } else if let field = table.olderField(old) {
          name = self.name(of: field)
          blocks.append(field.block)
        } else {
          // Added by the block itself, in the hole, or before all that is known.
          name = .unknown
        }
      }
      guard order.take(name) else { return nil }
    }
    guard order.isWhole else { return nil }
    // Of what begins with fields that are not known nobody can tell.
    let isHead = order.seen.isEmpty && order.wild > 0 ? nil : !order.seen.isEmpty
    let together =
      Dictionary(grouping: blocks, by: { $0 })
      .filter { block, _ in
        guard let wasHead = table.isHead(block) else { return false }
        return isHead == nil || isHead == wasHead
      }
      .map(\.value.count).max() ?? 0
    guard together >= Self.minTelling else { return nil }
    return together + blocks.count
  }

  private func staticName(_ index: Int) -> Name {
    switch index {
    case 1: .authority
    case 2, 3: .method
    case 4, 5: .path
    case 6, 7: .scheme
    case 8...14: .status
    default: .regular
    }
  }

  private func name(of field: HPACKTable.Field) -> Name {
    let name = table.bytes.rawSpan.slice(field.name)
    guard !name.isEmpty, name.byte(0) == 0x3a else { return name.equals("?") ? .unknown : .regular }
    if name.equals(":method") { return .method }
    if name.equals(":scheme") { return .scheme }
    if name.equals(":path") { return .path }
    if name.equals(":authority") { return .authority }
    return name.equals(":status") ? .status : .other
  }
}

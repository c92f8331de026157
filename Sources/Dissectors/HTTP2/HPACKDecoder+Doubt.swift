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
  /// By how much a number must fit better than all others.
  static let margin = 2
  /// Bytes of a block that is looked at for that.
  static let maxTellingBlock = 4 << 10
  /// So many fields from before must have stood in the last block there; where they are no more, all
  /// that the block has from before must.
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
    var second = 0
    for lost in 0...Self.maxLostFields {
      guard let fit = score(fields, lost: lost) else { continue }
      if fit > best.score {
        second = best.score
        best = (lost, fit)
      } else {
        second = max(second, fit)
      }
    }
    if best.score >= second + Self.margin {
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
      } else if index <= HPACKStaticTable.count {
        shapes.append(.inStaticTable(index))
      } else {
        shapes.append(.inDynamicTable(index - HPACKStaticTable.count - 1, behind: added))
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

  /// Names of a block, in their order (RFC 9113 §8.3).
  private struct Order {
    private(set) var names: Set<String> = []
    /// Fields whose names are not known.
    private(set) var unknown = 0
    /// Fields before the first other one than a pseudo header field whose names are not known.
    private(set) var wild = 0
    private var isOver = false

    /// Takes the next field; false when it may not stand here.
    mutating func take(_ name: String?) -> Bool {
      guard let name else {
        if !isOver { wild += 1 }
        unknown += 1
        return true
      }
      if name.utf8.first != 0x3a { isOver = true } else if isOver { return false }
      return names.insert(name).inserted || HPACKDecoder.repeatable.contains(name)
    }

    var pseudo: Set<String> { names.filter { $0.utf8.first == 0x3a } }

    /// Whether the pseudo header fields are those of a request, a reply, or none.
    var isWhole: Bool {
      let pseudo = pseudo
      if pseudo.contains(":status") { return pseudo.count == 1 && wild == 0 }
      if pseudo.isEmpty { return true }
      // A CONNECT has a method and an authority only.
      if pseudo == [":method", ":authority"], wild == 0 { return true }
      return HPACKDecoder.requestNames.subtracting(pseudo).count <= wild
    }
  }

  /// What a field that is missing weighs, in fields that are there.
  private static let missingCost = 3
  private static let requestNames: Set<String> = [":method", ":scheme", ":path"]
  /// Fields that may stand several times in a block.
  private static let repeatable: Set<String> = ["cookie", "set-cookie"]

  /// How many of the block's fields are from before the hole, and stood together in one block there, if
  /// `lost` fields were added in the hole. Nil when the block is impossible then, or tells too little.
  private func score(_ shapes: [Shape], lost: Int) -> Int? {
    var order = Order()
    var old: [HPACKTable.Field] = []
    var doubtful = 0
    for shape in shapes {
      var name: String?
      switch shape {
      case .new(let isPseudo):
        // Names in the block itself are not decoded for this: each is another.
        if isPseudo { name = nil } else { continue }
      case .inStaticTable(let index): name = "\(HPACKStaticTable.fields[index - 1].name)"
      case .inDynamicTable(let place, let added):
        let behind = place - added
        if let field = table.newerField(behind) {
          name = self.name(of: field)
        } else {
          if behind >= 0 { doubtful += 1 }
          if let field = table.olderField(behind - table.newer - lost) {
            name = self.name(of: field)
            if name != nil { old.append(field) }
          }
        }
      }
      guard order.take(name) else { return nil }
    }
    guard order.isWhole else { return nil }
    // Trailers are too few to tell, and change all at once.
    if order.pseudo.isEmpty { return nil }
    let last = table.lastHead
    var best: (block: UInt32, together: Int)?
    for (block, fields) in Dictionary(grouping: old, by: \.block) {
      // Fields keep the order in which their sender once put them.
      guard zip(fields, fields.dropFirst()).allSatisfy({ $0.ordinal < $1.ordinal }) else {
        return nil
      }
      if block == last, fields.count > best?.together ?? 0 { best = (block, fields.count) }
    }
    guard let best, best.together >= Self.minTelling,
      best.together == doubtful || best.together > Self.minTelling && 2 * best.together > doubtful
    else { return nil }
    // What stood beside them then is expected to do so now.
    let beside = Set(
      (0..<table.older).compactMap { table.olderField($0) }
        .filter { $0.block == best.block }.compactMap { self.name(of: $0) })
    let missing = max(0, beside.subtracting(order.names).count - order.unknown)
    return best.together + old.count - Self.missingCost * missing
  }

  /// The name of a field of the table; nil when it is not known.
  private func name(of field: HPACKTable.Field) -> String? {
    if field.isLost { return nil }
    let name = table.bytes.rawSpan.slice(field.shape.name)
    return name.equals("?") ? nil : name.text()
  }
}

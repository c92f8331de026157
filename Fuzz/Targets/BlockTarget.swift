import Bytes
import Entries

@testable import Store

/// Blocks of a store, as they are and with checksums that fit: whoever sends one can compute them.
enum BlockTarget {
  static let target = FuzzTarget(
    "block", "a block of entries, whose checksums are made to fit", maxLength: 16 << 10
  ) { bytes throws(BrokenLaw) in
    if let block = try? EncodedBlock(parsing: bytes) { try readEverything(block) }
    guard let forged = sealed(bytes) else { return }
    try readEverything(forged)
  }

  /// The block with a header checksum and an id that fit, when its header can be read then.
  /// Sections apart keep their checksums: they are checked before, in `EncodedBlock(parsing:)`.
  private static func sealed(_ bytes: [UInt8]) -> EncodedBlock? {
    guard bytes.count >= BlockPrefix.byteCount else { return nil }
    let length = Int(bytes.rawSpan.little32(12))
    let end = BlockPrefix.byteCount + length
    guard end <= bytes.count else { return nil }
    let header = Array(bytes[BlockPrefix.byteCount..<end])
    let id = BlockID(header: header.rawSpan)
    var sealed = Array(bytes[..<16])
    sealed.append(little: crc32c(header.rawSpan))
    sealed.append(little: 0 as UInt32)
    sealed.append(little: id.high)
    sealed.append(little: id.low)
    sealed += bytes[BlockPrefix.byteCount...]
    guard let header = try? BlockHeader(parsing: sealed), header.byteCount <= sealed.count else {
      return nil
    }
    return EncodedBlock(header: header, bytes: sealed)
  }

  /// Rows looked at one by one.
  private static let rowsShown = 16

  private static func readEverything(_ encoded: EncodedBlock) throws(BrokenLaw) {
    let summary = BlockSummary(sequence: 1, header: encoded.header)
    let damage = DamageLog()
    let block = Block(summary: summary, source: .memory(encoded), damage: damage)
    for id in FieldID.allCases {
      let column: Column?
      do throws(StoreError) {
        column = try block.column(id)
      } catch {
        try hold(!error.description.isEmpty, "an error without a word")
        continue
      }
      if let column { try verify(column, of: id, in: block) }
      _ = try? block.grams(id)?.mayContain(Array("orders".utf8))
      _ = try? block.header().info(id)?.zone.mayContain("GET")
    }
    var reader = ContentReader(block: block)
    for row in 0..<min(block.rows, rowsShown) {
      _ = try? reader.content(row: row)
      _ = try? block.headerFields(row: row)
    }
  }

  private static func verify(
    _ column: Column, of id: FieldID, in block: Block
  ) throws(BrokenLaw) {
    switch column {
    case .texts(let texts):
      let codes = texts.codes()
      try hold(codes.count == block.rows, "\(id) has \(codes.count) rows of \(block.rows)")
      try hold(codes.allSatisfy { Int($0) < texts.codeCount }, "\(id) has a code beyond its values")
      _ = texts.dictionary.codes(containing: "e")
      _ = texts.dictionary.code(of: "GET")
    case .ints(let ints), .instants(let ints):
      let values = ints.values()
      try hold(values.count == block.rows, "\(id) has \(values.count) rows of \(block.rows)")
    default: break
    }
    for row in 0..<min(block.rows, rowsShown) { _ = column.value(at: row) }
  }
}

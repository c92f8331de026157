package import Bytes
package import Entries

/// What a block says about itself: read without its columns, enough to decide whether to skip it.
package struct BlockHeader: Sendable {
  package var id: BlockID
  package var family: BlockFamily
  package var rows: Int
  /// Timestamps of the first and the last row.
  package var first: Timestamp
  package var last: Timestamp
  /// Which kinds of entries are in it.
  package var kinds: KindSet
  /// Ascending by id.
  package var columns: [ColumnInfo]
  /// Whether it has columns of fields that this program does not know.
  var hasUnknownColumns = false

  var sections: [Section]
  /// Sections that hold presences; a column names one by its index here.
  var presences: [Presences]
  var headers: ContentLane
  var bodies: ContentLane
  /// Prefix and header: what `EncodedBlock` begins with.
  var data: SectionBytes

  /// Bytes of the whole block.
  package var byteCount: Int {
    (sections.last { $0.range != nil }?.range?.upperBound) ?? data.count
  }

  /// Bytes of all columns: the block without header fields and bodies.
  package var columnBytes: Int {
    // Chunks of the same bytes have one section.
    let chunks = Set((headers.chunks + bodies.chunks).map(\.section)).reduce(0) {
      $0 + (sections[$1].range?.count ?? 0)
    }
    return max(0, byteCount - chunks)
  }

  /// What the header says about a column, nil when no row has a value for that field.
  package func info(_ id: FieldID) -> ColumnInfo? {
    // By place: a search of the elements would copy each of them, references and all.
    columns.indices.first { columns[$0].id == id }.map { columns[$0] }
  }

  /// Where the bytes of a section are.
  struct Section: Sendable {
    /// In the header itself, when small.
    var inline: SectionBytes?
    /// In the block, counted from its first byte; nil when inline.
    var range: Range<Int>?
    var checksum: UInt32
  }

  /// Where a presence is, and how it is written.
  struct Presences: Sendable {
    var section: Int
    /// Rows that have a value.
    var count: Int
  }

  /// The chunks of the header fields, or of the bodies, of all rows.
  struct ContentLane: Sendable {
    /// Index in `presences`; nil when every row has content.
    var presence: Int?
    /// Section with the offset of each row that has content, in the raw bytes of all chunks.
    var locator: Int?
    /// Rows that have content.
    var count = 0
    var chunks: [Chunk] = []
  }

  struct Chunk: Sendable {
    /// Raw bytes in the chunks before.
    var start: Int
    /// Raw bytes.
    var length: Int
    var section: Int
  }
}

/// One column as its block's header describes it.
package struct ColumnInfo: Sendable {
  package var id: FieldID
  package var type: FieldType
  /// Rows that have a value.
  package var present: Int
  /// Distinct values, for texts, lists and byte strings; 0 for numbers.
  package var distinct: Int
  package var zone: ZoneMap
  /// How often each value occurs, for integers, instants and truth values where they are few.
  package var counts: ValueCounts?

  /// Index in `BlockHeader.presences`; nil when every row has a value.
  var presence: Int?
  /// Section with the integers, or with the codes.
  var section: Int
  /// Section with what the codes stand for; nil for numbers.
  var dictionary: Int?
}

import Bytes

/// The dynamic table of one direction (RFC 7541 §2.3.2): fields in the order they were added, the
/// newest with the lowest index.
///
/// When the beginning was not captured, older fields than the known ones may be in it. Indices count
/// from the newest, so the known ones are right all the same. Where bytes are missing in the middle,
/// nobody knows how many fields were added meanwhile: those from before are in doubt until a block
/// tells (`HPACKDecoder.settleDoubt`).
struct HPACKTable: Sendable {
  /// Bytes of table kept, however large the peers agree to make it. Browsers use 64 KiB.
  static let maxCapacity = 64 << 10
  /// What a field costs beside its name and value (RFC 7541 §4.1), in bytes.
  static let overhead = 32
  /// The table's capacity before either side says otherwise (RFC 9113 §6.5.2).
  static let initialCapacity = 4096

  /// A field, as a line in `bytes`.
  struct Field: Sendable {
    var shape: HTTP2FieldList.Shape
    /// Number of the last block that added it or referred to it, and its place among the fields that
    /// the block added or referred to.
    var block: UInt32 = 0
    var ordinal: UInt32 = 0
    /// It was added by bytes that are missing: it takes a place, and at least `overhead`.
    var isLost = false

    var cost: Int { shape.nameLength + shape.valueLength + HPACKTable.overhead }
  }

  /// Lines of fields, oldest first; before the first field's start lie evicted ones.
  private(set) var bytes: [UInt8] = []
  private var fields: [Field] = []
  /// Fields before this position were evicted.
  private var head = 0
  /// RFC 7541 §4.1.
  private(set) var cost = 0
  /// Nil while unknown, because no update of it was captured.
  private var capacity: Int?
  /// Fields that were not captured may be in the table, older than the known ones.
  private(set) var hasUnknown: Bool
  /// Fields from before a hole, the oldest ones, while nobody knows how many were added in it.
  private(set) var older = 0
  /// Number of the block that is read, or was read last.
  private(set) var block: UInt32 = 0
  /// Fields that this block added or referred to.
  private var ordinal: UInt32 = 0
  /// Number of the last block that had pseudo header fields, and of the last before the hole in doubt.
  private var newestHead: UInt32 = 0
  private(set) var lastHead: UInt32 = 0

  /// - Parameter isFresh: the connection was captured from its beginning.
  init(isFresh: Bool) {
    capacity = isFresh ? Self.initialCapacity : nil
    hasUnknown = !isFresh
  }

  /// Fields kept, those in doubt among them.
  private var count: Int { fields.count - head }
  /// Fields behind the hole, or all.
  var newer: Int { count - older }
  /// Bytes are missing, and nothing has told yet where the fields from before them are.
  var isInDoubt: Bool { older > 0 }

  /// Whether so many fields were added since the beginning, or the last hole in doubt.
  func reaches(_ place: Int) -> Bool { place < newer }

  /// Where the field with the lowest index but `place` is; nil when it is not known.
  func position(_ place: Int) -> Int? {
    guard place >= 0, place < newer else { return nil }
    let position = fields.count - 1 - place
    return fields[position].isLost ? nil : position
  }

  /// The field at a position.
  func shape(_ position: Int) -> HTTP2FieldList.Shape { fields[position].shape }

  /// The field from before the hole with the lowest index but `place`.
  func olderField(_ place: Int) -> Field? {
    place >= 0 && place < older ? fields[head + older - 1 - place] : nil
  }

  /// A field behind the hole.
  func newerField(_ place: Int) -> Field? {
    place >= 0 && place < newer ? fields[fields.count - 1 - place] : nil
  }

  // MARK: Blocks

  /// A block begins.
  mutating func beginBlock() {
    block &+= 1
    ordinal = 0
  }

  /// The block is over; it has pseudo header fields, or it is one of trailers.
  mutating func endBlock(isHead: Bool) {
    if isHead { newestHead = block }
  }

  /// The block refers to the field at that position.
  mutating func noteUse(_ position: Int) {
    ordinal &+= 1
    (fields[position].block, fields[position].ordinal) = (block, ordinal)
  }

  /// Adds a field, whose line lies in `list` without its line break, at the lowest index, and evicts
  /// what no longer fits.
  mutating func insert(_ shape: HTTP2FieldList.Shape, of list: RawSpan) {
    let limit = min(capacity ?? Self.maxCapacity, Self.maxCapacity)
    var field = Field(shape: shape)
    evict(downTo: limit - field.cost)
    guard field.cost <= limit else {
      // Larger than the table: it is empty now (RFC 7541 §4.4), unless only our part is too small.
      hasUnknown = field.cost <= capacity ?? .max
      return
    }
    field.shape.start = bytes.count
    ordinal &+= 1
    (field.block, field.ordinal) = (block, ordinal)
    fields.append(field)
    bytes.append(list.slice(shape.line.dropLast()))
    bytes.append(0x0a)
    cost += field.cost
    settle()
  }

  /// The sender sets the capacity (RFC 7541 §4.3).
  mutating func resize(to capacity: Int) {
    self.capacity = capacity
    evict(downTo: min(capacity, Self.maxCapacity))
    settle()
  }

  /// Nothing known is sure any more.
  mutating func forget() {
    let number = block
    self = HPACKTable(isFresh: false)
    block = number
  }

  /// Bytes are missing: fields may have been added that nobody saw, behind those that are known.
  mutating func doubt() {
    hasUnknown = true
    let known = newer
    if known == 0 { return }
    // Two holes in doubt are one too many.
    drop(older)
    older = known
    lastHead = newestHead
  }

  /// So many fields were added in the hole.
  mutating func settle(lost count: Int) {
    let place = head + older
    let start = place < fields.count ? fields[place].shape.start : bytes.count
    let lost = Field(
      shape: HTTP2FieldList.Shape(start: start, nameLength: 0, valueLength: 0), isLost: true)
    fields.insert(contentsOf: repeatElement(lost, count: count), at: place)
    cost += count * Self.overhead
    older = 0
  }

  /// What was before the hole is given up.
  mutating func dropOlder() { drop(older) }

  private mutating func drop(_ number: Int) {
    for _ in 0..<number {
      cost -= fields[head].cost
      head += 1
    }
    older = 0
    tidy()
  }

  /// No unknown field is left when none fits beside the known ones.
  private mutating func settle() {
    guard hasUnknown, older == 0 else { return }
    if let capacity, capacity - cost < Self.overhead { hasUnknown = false }
  }

  private mutating func evict(downTo limit: Int) {
    while cost > max(0, limit), head < fields.count {
      cost -= fields[head].cost
      head += 1
      if older > 0 { older -= 1 }
      // Beyond what we keep, not beyond what the peers keep.
      if let capacity, capacity > Self.maxCapacity { hasUnknown = true }
    }
    tidy()
  }

  /// Frees what evicted fields held.
  private mutating func tidy() {
    if head == fields.count {
      fields.removeAll(keepingCapacity: true)
      bytes.removeAll(keepingCapacity: true)
      head = 0
    } else if head > 32, head > fields.count / 2 {
      compact()
    }
  }

  /// Drops the bytes of evicted fields.
  private mutating func compact() {
    let start = fields[head].shape.start
    bytes.removeFirst(start)
    fields.removeFirst(head)
    for at in fields.indices { fields[at].shape.start -= start }
    head = 0
  }
}

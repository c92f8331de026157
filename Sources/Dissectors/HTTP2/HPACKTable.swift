/// The dynamic table of one direction (RFC 7541 §2.3.2): fields in the order they were added, the
/// newest with the lowest index.
///
/// When the beginning was not captured, older fields than the known ones may be in it. Indices count
/// from the newest, so the known ones are right all the same.
struct HPACKTable: Sendable {
  /// Bytes of table kept, however large the peers agree to make it. Browsers use 64 KiB.
  static let maxCapacity = 64 << 10
  /// What a field costs beside its name and value (RFC 7541 §4.1), in bytes.
  static let overhead = 32
  /// The table's capacity before either side says otherwise (RFC 9113 §6.5.2).
  static let initialCapacity = 4096

  /// A name and the value behind it, in `bytes`.
  struct Field: Sendable {
    var start: Int
    var nameLength: Int
    var valueLength: Int

    var name: Range<Int> { start..<start + nameLength }
    var value: Range<Int> { start + nameLength..<start + nameLength + valueLength }
    var cost: Int { nameLength + valueLength + HPACKTable.overhead }
  }

  /// Names and values, oldest first; before the first field's start lie evicted ones.
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

  /// - Parameter isFresh: the connection was captured from its beginning.
  init(isFresh: Bool) {
    capacity = isFresh ? Self.initialCapacity : nil
    hasUnknown = !isFresh
  }

  /// Known fields.
  var count: Int { fields.count - head }

  /// The field with the lowest index but `place`; nil when it is not known.
  func field(_ place: Int) -> Field? {
    place < count ? fields[fields.count - 1 - place] : nil
  }

  /// Adds a field at the lowest index and evicts what no longer fits.
  mutating func insert(
    name: some Collection<UInt8>, value: some Collection<UInt8>
  ) {
    let limit = min(capacity ?? Self.maxCapacity, Self.maxCapacity)
    var field = Field(start: 0, nameLength: name.count, valueLength: value.count)
    evict(downTo: limit - field.cost)
    guard field.cost <= limit else {
      // Larger than the table: it is empty now (RFC 7541 §4.4), unless only our part is too small.
      hasUnknown = field.cost <= capacity ?? .max
      return
    }
    field.start = bytes.count
    fields.append(field)
    bytes.append(contentsOf: name)
    bytes.append(contentsOf: value)
    cost += field.cost
    settle()
  }

  /// The sender sets the capacity (RFC 7541 §4.3).
  mutating func resize(to capacity: Int) {
    self.capacity = capacity
    evict(downTo: min(capacity, Self.maxCapacity))
    settle()
  }

  /// Bytes are missing: nothing known is sure any more.
  mutating func forget() {
    self = HPACKTable(isFresh: false)
  }

  /// No unknown field is left when none fits beside the known ones.
  private mutating func settle() {
    if hasUnknown, let capacity, capacity - cost < Self.overhead { hasUnknown = false }
  }

  private mutating func evict(downTo limit: Int) {
    while cost > max(0, limit), head < fields.count {
      cost -= fields[head].cost
      head += 1
      // Beyond what we keep, not beyond what the peers keep.
      if let capacity, capacity > Self.maxCapacity { hasUnknown = true }
    }
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
    let start = fields[head].start
    bytes.removeFirst(start)
    fields.removeFirst(head)
    for at in fields.indices { fields[at].start -= start }
    head = 0
  }
}

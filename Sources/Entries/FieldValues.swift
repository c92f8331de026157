public import Bytes

/// The protocol's own fields of an entry, by the rows of the catalogue.
///
/// Packed one behind the other in one piece of memory: entries come by the million, and a text of
/// its own for each value would cost more than reading it off the wire. Values are made when
/// somebody asks. As packed, for each field:
///
///     0        field, 2 bytes
///     2        type (`Tag`), 2 bytes
///     4        bytes of the value, 4 bytes
///     8        the value
///
/// Numbers and instants have 8 bytes, truth values 1; texts are UTF-8. Lists are as blocks of a
/// store keep them: each text after its length (`append(counted:)`), each number of 8 bytes.
@usableFromInline package struct FieldValues: Hashable, Sendable {
  /// Type of a packed value.
  @usableFromInline package enum Tag: UInt16, Sendable {
    case bool, int, text, bytes, instant, texts, pairs, numbers
  }

  /// A packed value, where it lies.
  @usableFromInline package struct Place {
    /// Raw value of the field.
    @usableFromInline package var id: UInt16
    @usableFromInline package var tag: Tag
    @usableFromInline package var value: Range<Int>

    @inlinable
    package init(id: UInt16, tag: Tag, value: Range<Int>) {
      (self.id, self.tag, self.value) = (id, tag, value)
    }

    fileprivate var start: Int { value.lowerBound - packedHeadBytes }
    /// One of 64 bits; fields of one protocol, and those it shares with others, have different ones.
    fileprivate static func bit(_ id: UInt16) -> UInt64 { 1 &<< UInt64(id ^ id >> 6) }
  }

  package struct Item: Hashable, Sendable {
    package var id: FieldID
    package var value: FieldValue
  }

  package private(set) var bytes: [UInt8] = []

  package init() {}

  /// The fields that `write` packs, of at most `room` bytes: memory is asked for once, not for each.
  @inline(__always)
  package init(room: Int, _ write: (inout OutputSpan<UInt8>) -> Void) {
    bytes.reserveCapacity(room)
    bytes.append(addingCapacity: room, initializingWith: write)
  }

  /// Adds the fields that `write` packs, of at most `room` bytes.
  @inline(__always)
  package mutating func append(room: Int, _ write: (inout OutputSpan<UInt8>) -> Void) {
    bytes.append(addingCapacity: room, initializingWith: write)
  }

  /// Removes all fields; their memory is kept for others, unless somebody else has it.
  package mutating func removeAll() {
    if !bytes.isEmpty { bytes.removeAll(keepingCapacity: true) }
  }

  package var isEmpty: Bool { bytes.isEmpty }

  /// Makes room for so many bytes of packed fields.
  package mutating func reserve(bytes count: Int) { bytes.reserveCapacity(count) }

  // MARK: Adding

  /// Adds a value; a field must not be added twice (use `set` to replace).
  package mutating func add(_ id: FieldID, _ value: FieldValue) {
    switch value {
    case .none: break
    case .bool(let value): add(id, .bool) { $0.append(value ? 1 : 0) }
    case .int(let value): add(id, int: value)
    case .instant(let value):
      add(id, .instant) { $0.append(little: UInt64(bitPattern: value.nanoseconds)) }
    case .text(let text): add(id, .text) { $0.append(contentsOf: text.utf8) }
    case .bytes(let value): add(id, bytes: value.rawSpan)
    case .texts(let texts):
      add(id, .texts) { for text in texts { $0.append(counted: text.utf8Span.span.bytes) } }
    case .pairs(let pairs):
      add(id, .pairs) {
        for pair in pairs {
          $0.append(counted: pair.name.utf8Span.span.bytes)
          $0.append(counted: pair.value.utf8Span.span.bytes)
        }
      }
    case .numbers(let numbers):
      add(id, .numbers) {
        for number in numbers {
          $0.append(counted: number.name.utf8Span.span.bytes)
          $0.append(little: number.value.bitPattern)
        }
      }
    }
  }

  package mutating func add(_ id: FieldID, int value: Int64) {
    head(id, .int, 8)
    bytes.append(little: UInt64(bitPattern: value))
  }

  /// Adds a text as it came off the wire; ill-formed UTF-8 is repaired.
  package mutating func add(_ id: FieldID, text: RawSpan) {
    guard text.isASCII else { return add(id, .text(text.text())) }
    head(id, .text, text.byteCount)
    bytes.append(text)
  }

  package mutating func add(_ id: FieldID, text: StaticString) {
    head(id, .text, text.utf8CodeUnitCount)
    bytes.append(text: text)
  }

  /// Adds bytes as they are.
  package mutating func add(_ id: FieldID, bytes value: RawSpan) {
    if bytes.isEmpty { bytes.reserveCapacity(packedHeadBytes + value.byteCount) }
    head(id, .bytes, value.byteCount)
    bytes.append(value)
  }

  /// Adds a value that `write` appends in packed form.
  @inline(__always)
  package mutating func add(_ id: FieldID, _ tag: Tag, _ write: (inout [UInt8]) -> Void) {
    let start = bytes.count
    head(id, tag, 0)
    write(&bytes)
    bytes.replace(at: start + 4, little: UInt32(clamping: bytes.count - start - packedHeadBytes))
  }

  private mutating func head(_ id: FieldID, _ tag: Tag, _ count: Int) {
    bytes.append(little: packedHead(id, tag, count))
  }

  package mutating func set(_ id: FieldID, _ value: FieldValue) {
    remove(id)
    add(id, value)
  }

  package mutating func set(_ id: FieldID, text: RawSpan) {
    remove(id)
    add(id, text: text)
  }

  private mutating func remove(_ id: FieldID) {
    if let old = place(of: id.rawValue) { bytes.removeSubrange(old.start..<old.value.upperBound) }
  }

  /// Adds all of `other`, whose values win where both have one.
  package mutating func merge(_ other: FieldValues) {
    if other.bytes.isEmpty { return }
    if bytes.isEmpty {
      bytes = other.bytes
      return
    }
    // Nearly always nothing repeats; a bit for each field, which a few of them share, tells so without
    // comparing all with all.
    let told = Self.bits(of: other.bytes.rawSpan)
    /// Where those begin that are to be added.
    var start = 0
    var at = 0
    while at < bytes.count {
      let head = bytes.rawSpan.little64(at)
      let end = at &+ packedHeadBytes &+ Int(head >> 32)
      let id = UInt16(truncatingIfNeeded: head)
      guard told & Place.bit(id) != 0, let place = other.place(of: id) else {
        at = end
        continue
      }
      if place.start == start,
        bytes.rawSpan.slice(at..<end)
          .equals(other.bytes.rawSpan.slice(start..<place.value.upperBound))
      {
        // It says the same, mostly what was asked for and what was done.
        (start, at) = (place.value.upperBound, end)
      } else {
        bytes.removeSubrange(at..<end)
      }
    }
    bytes.append(other.bytes.rawSpan.suffix(from: start))
  }

  /// The bits of all fields.
  @inline(__always)
  private static func bits(of bytes: RawSpan) -> UInt64 {
    var bits: UInt64 = 0
    var at = 0
    while at < bytes.byteCount {
      let head = bytes.little64(at)
      bits |= Place.bit(UInt16(truncatingIfNeeded: head))
      at &+= packedHeadBytes &+ Int(head >> 32)
    }
    return bits
  }

  // MARK: Reading

  /// The field at `at`, which moves behind it; nil at the end.
  @inlinable @inline(__always)
  package static func next(_ bytes: RawSpan, _ at: inout Int) -> Place? {
    guard at < bytes.byteCount else { return nil }
    let head = bytes.little64(at)
    let start = at + packedHeadBytes
    at = start + Int(head >> 32)
    let tag = Tag(rawValue: UInt16(truncatingIfNeeded: head >> 16)) ?? .bytes
    return Place(id: UInt16(truncatingIfNeeded: head), tag: tag, value: start..<at)
  }

  private func place(of id: UInt16) -> Place? {
    var at = 0
    while let place = Self.next(bytes.rawSpan, &at) {
      if place.id == id { return place }
    }
    return nil
  }

  /// `.none` when the entry has no such field.
  package subscript(id: FieldID) -> FieldValue {
    guard let place = place(of: id.rawValue) else { return .none }
    return value(place)
  }

  /// All fields in order.
  package var items: [Item] {
    var items: [Item] = []
    var at = 0
    while let place = Self.next(bytes.rawSpan, &at) {
      if let id = FieldID(rawValue: place.id) { items.append(Item(id: id, value: value(place))) }
    }
    return items
  }

  private func value(_ place: Place) -> FieldValue {
    let span = bytes.rawSpan.slice(place.value)
    switch place.tag {
    case .bool: return .bool(span.byte(0) != 0)
    case .int: return .int(Int64(bitPattern: span.little64(0)))
    case .instant: return .instant(Timestamp(nanoseconds: Int64(bitPattern: span.little64(0))))
    case .text: return .text(span.text())
    case .bytes: return .bytes(span.array())
    case .texts, .pairs, .numbers: return list(span, place.tag)
    }
  }

  private func list(_ span: RawSpan, _ tag: Tag) -> FieldValue {
    var cursor = Cursor(span)
    var texts: [String] = []
    var pairs: [HeaderBlock.Field] = []
    var numbers: [FieldValue.NamedNumber] = []
    while !cursor.isAtEnd, let first = try? cursor.countedText() {
      switch tag {
      case .pairs:
        guard let value = try? cursor.countedText() else { return .pairs(pairs) }
        pairs.append(HeaderBlock.Field(name: first, value: value))
      case .numbers:
        guard let bits = try? cursor.little64() else { return .numbers(numbers) }
        numbers.append(FieldValue.NamedNumber(first, Double(bitPattern: bits)))
      default: texts.append(first)
      }
    }
    return tag == .pairs ? .pairs(pairs) : tag == .numbers ? .numbers(numbers) : .texts(texts)
  }
}

/// Bytes of a packed field before its value.
@inlinable package var packedHeadBytes: Int { 8 }

/// What stands in front of a value of `count` bytes.
@inlinable @inline(__always)
package func packedHead(_ id: FieldID, _ tag: FieldValues.Tag, _ count: Int) -> UInt64 {
  UInt64(id.rawValue) | UInt64(tag.rawValue) << 16 | UInt64(UInt32(clamping: count)) << 32
}

// Packing fields where `FieldValues` has made room for them. A number takes 16 bytes, other values
// their own and 8 more.
extension OutputSpan<UInt8> {
  @inlinable @inline(__always)
  package mutating func add(_ id: FieldID, int value: Int64) {
    append(little: packedHead(id, .int, 8))
    append(little: UInt64(bitPattern: value))
  }

  /// - Precondition: the text is ASCII.
  @inlinable @inline(__always)
  package mutating func add(_ id: FieldID, text: StaticString) {
    append(little: packedHead(id, .text, text.utf8CodeUnitCount))
    append(text: text)
  }

  /// Adds a value that is packed already.
  @inlinable @inline(__always)
  package mutating func add(_ id: FieldID, _ tag: FieldValues.Tag, packed value: RawSpan) {
    append(little: packedHead(id, tag, value.byteCount))
    append(value)
  }

  /// Adds a value that `write` appends in packed form.
  @inlinable @inline(__always)
  package mutating func add(
    _ id: FieldID, _ tag: FieldValues.Tag, _ write: (inout OutputSpan<UInt8>) -> Void
  ) {
    let start = count
    append(little: packedHead(id, tag, 0))
    write(&self)
    replace(at: start + 4, little: UInt32(clamping: count - start - packedHeadBytes))
  }
}

extension Cursor {
  fileprivate mutating func countedText() throws(WireError) -> String {
    let count = try varint(limit: remaining)
    return try take(count).text()
  }
}

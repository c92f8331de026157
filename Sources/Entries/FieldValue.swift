package import Bytes

/// The value of one field of an entry.
package enum FieldValue: Hashable, Sendable {
  case none
  case bool(Bool)
  case int(Int64)
  case text(String)
  case bytes([UInt8])
  case instant(Timestamp)
  case texts([String])
  /// Names and values in order; a name may repeat.
  case pairs([HeaderBlock.Field])
  case numbers([NamedNumber])

  package struct NamedNumber: Hashable, Sendable {
    package var name: String
    package var value: Double
    package init(_ name: String, _ value: Double) { (self.name, self.value) = (name, value) }
  }
}

/// The protocol's own fields of an entry, by the rows of the catalogue. Few, so a plain list.
package struct FieldValues: Hashable, Sendable {
  package struct Item: Hashable, Sendable {
    package var id: FieldID
    package var value: FieldValue
  }
  package private(set) var items: [Item]

  package init() { items = [] }

  package mutating func reserve(_ count: Int) { items.reserveCapacity(count) }

  /// Adds a value; a field must not be added twice (use `set` to replace).
  package mutating func add(_ id: FieldID, _ value: FieldValue) {
    items.append(Item(id: id, value: value))
  }

  package mutating func set(_ id: FieldID, _ value: FieldValue) {
    if let at = place(of: id) {
      items[at].value = value
    } else {
      add(id, value)
    }
  }

  /// Adds all of `other`, whose values win where both have one.
  package mutating func merge(_ other: FieldValues) {
    if items.isEmpty {
      self = other
      return
    }
    // Nearly always nothing repeats; a word of bits tells so without comparing all with all.
    var mayHave: UInt64 = 0
    for at in items.indices { mayHave |= 1 << UInt64(items[at].id.rawValue & 63) }
    for item in other.items {
      if mayHave >> UInt64(item.id.rawValue & 63) & 1 == 0 {
        items.append(item)
      } else {
        set(item.id, item.value)
      }
    }
  }

  /// `.none` when the entry has no such field.
  package subscript(id: FieldID) -> FieldValue {
    place(of: id).map { items[$0].value } ?? .none
  }

  /// Looks at identifiers only: values are not touched, which would count references.
  private func place(of id: FieldID) -> Int? {
    for at in items.indices where items[at].id == id { return at }
    return nil
  }
}

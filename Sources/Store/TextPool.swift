import Bytes
import Entries
import Synchronization

/// The texts of the blocks of a store, each once for each field: a condition on texts is decided
/// once for all blocks, and what a block has of them is looked up (`BlockTexts`).
///
/// Blocks stay complete in themselves. This is made of their dictionaries when a query asks for it,
/// and a block's part of it goes with the block.
final class TextPool: Sendable {
  private let tables = Mutex<[FieldID: SharedTexts]>([:])
  fileprivate let room: TextRoom
  /// Fewest rows of a block that takes part.
  let minRows: Int

  /// - Parameter limit: bytes that all tables and the parts of all blocks may take; beyond that
  ///   blocks are read the long way.
  init(limit: Int, minRows: Int) {
    room = TextRoom(limit: limit)
    self.minRows = minRows
  }

  /// The numbers of a dictionary's texts, from code 1 on, and the table that gave them; nil when
  /// there is no room.
  fileprivate func numbers(
    _ id: FieldID, _ dictionary: ValueDictionary
  ) -> (table: SharedTexts, numbers: [UInt16])? {
    guard !room.isFull else { return nil }
    return tables.withLock { tables in
      if let table = tables[id], let numbers = table.numbers(dictionary) { return (table, numbers) }
      // A new table: texts of the old one that are gone for good shall not take the room for ever.
      let table = SharedTexts(room)
      tables[id] = table
      return table.numbers(dictionary).map { (table, $0) }
    }
  }

  /// Bytes taken at the moment.
  var byteCount: Int { room.used.load(ordering: .relaxed) }
}

/// The bytes that a pool has, and how many of them are taken.
final class TextRoom: Sendable {
  fileprivate let used = Atomic<Int>(0)
  private let limit: Int

  init(limit: Int) { self.limit = limit }

  var isFull: Bool { used.load(ordering: .relaxed) >= limit }

  /// Notes that so many bytes more, or less, are taken.
  func note(_ bytes: Int) { used.wrappingAdd(bytes, ordering: .relaxed) }
}

/// Distinct texts of one field, of many blocks; numbered from 0 on in the order they came.
package final class SharedTexts: Sendable {
  /// Most texts of a table: numbers fit 16 bits.
  static let maxTexts = 1 << 16
  /// Most bytes of them, and of those of one block.
  private static let maxBytes = 4 << 20
  static let maxBlockBytes = 1 << 20

  private struct State {
    var interner = Interner()
    var noted = 0
  }
  private let state = Mutex(State())
  private let room: TextRoom

  init(_ room: TextRoom) { self.room = room }

  deinit { room.note(-state.withLock { $0.noted }) }

  /// How many texts there are. They become more, and none goes.
  package var count: Int { state.withLock { $0.interner.count } }

  /// Runs `body` with all texts: it may be asked for the bytes of each.
  package func withTexts<Result>(_ body: (borrowing Interner) -> Result) -> Result {
    state.withLock { body($0.interner) }
  }

  /// The numbers of the texts of a dictionary, from code 1 on; nil when not all have room.
  fileprivate func numbers(_ dictionary: ValueDictionary) -> [UInt16]? {
    state.withLock { state in
      var numbers: [UInt16] = []
      numbers.reserveCapacity(dictionary.count)
      defer {
        let bytes = state.interner.memory
        room.note(bytes - state.noted)
        state.noted = bytes
      }
      for code in 1..<UInt32(dictionary.codeCount) {
        guard state.interner.count < Self.maxTexts, state.interner.byteCount <= Self.maxBytes
        else { return nil }
        let number = dictionary.withBytes(code) { state.interner.code($0) }
        numbers.append(UInt16(number - 1))
      }
      return numbers
    }
  }
}

/// Which of the shared texts a block has in one column, and in how many rows each.
package final class BlockTexts: Sendable {
  /// Rows for each distinct text, at least: where texts are hardly ever equal nothing is won.
  static let minRepeats = 4

  package let table: SharedTexts
  /// Rows that have one of them.
  package let rows: Int
  /// Ascending numbers of the table.
  private let numbers: [UInt16]
  /// The code of each of them in the block, and how many rows have it.
  private let codes: [UInt16]
  private let counts: [UInt16]
  private let room: TextRoom

  /// Nil when the column does not lend itself to it, or when there is no room.
  init?(_ id: FieldID, _ column: TextColumn, rows: Int, _ pool: TextPool) {
    let dictionary = column.dictionary
    guard rows >= pool.minRows, dictionary.count > 0, dictionary.count < 1 << 15,
      dictionary.count * Self.minRepeats <= rows,
      dictionary.byteCount <= SharedTexts.maxBlockBytes,
      let (table, numbers) = pool.numbers(id, dictionary)
    else { return nil }
    var counts = [Int](repeating: 0, count: column.codeCount)
    for code in column.denseCodes() { counts[Int(code)] += 1 }
    guard counts.dropFirst().allSatisfy({ $0 <= UInt16.max }) else { return nil }
    // In order of the numbers, without comparing: there are few.
    var codes = [UInt16](repeating: 0, count: 1 + (numbers.max().map(Int.init) ?? 0))
    for (place, number) in numbers.enumerated() {
      // A dictionary with the same text twice is damaged.
      guard codes[Int(number)] == 0 else { return nil }
      codes[Int(number)] = UInt16(place + 1)
    }
    self.table = table
    self.rows = counts.dropFirst().reduce(0, +)
    self.numbers = codes.indices.filter { codes[$0] != 0 }.map { UInt16($0) }
    self.codes = codes.filter { $0 != 0 }
    self.counts = self.codes.map { UInt16(counts[Int($0)]) }
    room = pool.room
    room.note(Self.bytes(numbers.count))
  }

  deinit { room.note(-Self.bytes(numbers.count)) }

  private static func bytes(_ count: Int) -> Int { count * 6 + 160 }

  /// The codes whose texts have these numbers, and how many rows have one of them.
  ///
  /// - Parameter wanted: ascending.
  package func codes(of wanted: [UInt16]) -> (codes: [UInt32], rows: Int) {
    var (found, rows): ([UInt32], Int) = ([], 0)
    func take(_ place: Int) {
      found.append(UInt32(codes[place]))
      rows += Int(counts[place])
    }
    if wanted.count * 16 < numbers.count {
      for number in wanted {
        let place = firstPlace(number)
        if place < numbers.count, numbers[place] == number { take(place) }
      }
      return (found, rows)
    }
    var next = 0
    for place in numbers.indices {
      while next < wanted.count, wanted[next] < numbers[place] { next += 1 }
      guard next < wanted.count else { break }
      if wanted[next] == numbers[place] { take(place) }
    }
    return (found, rows)
  }

  /// The first place that has this number or a larger one.
  private func firstPlace(_ number: UInt16) -> Int {
    numbers.indices.firstPlace { numbers[$0] >= number }
  }

  /// Runs `body` with the code of each text, its number, and how many rows have it.
  package func forEach(_ body: (_ code: Int, _ number: Int, _ rows: Int) -> Void) {
    for place in numbers.indices {
      body(Int(codes[place]), Int(numbers[place]), Int(counts[place]))
    }
  }
}

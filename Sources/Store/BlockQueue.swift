/// Blocks in a row. The first ones leave in constant time each, however many there are.
struct BlockQueue: RandomAccessCollection {
  /// Those before `head` have left: nothing holds them here.
  private var places: [Block?] = []
  private var head = 0

  var startIndex: Int { 0 }
  var endIndex: Int { places.count - head }

  subscript(place: Int) -> Block {
    guard let block = places[head + place] else { preconditionFailure("a block that has left") }
    return block
  }

  init(_ blocks: [Block] = []) { places = blocks }

  mutating func append(_ block: Block) { places.append(block) }

  /// Takes the last one out.
  mutating func popLast() -> Block? { isEmpty ? nil : places.removeLast() }

  mutating func insert(_ block: Block, at place: Int) { places.insert(block, at: head + place) }

  /// Takes the first one out.
  mutating func removeFirst() {
    places[head] = nil
    head += 1
    // Moving the others is paid for by those that have left.
    if head * 2 > places.count {
      places.removeFirst(head)
      head = 0
    }
  }

  /// Keeps those for which `isKept` holds.
  mutating func keep(where isKept: (Block) -> Bool) { self = BlockQueue(filter(isKept)) }
}

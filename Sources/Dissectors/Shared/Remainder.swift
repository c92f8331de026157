import Entries

/// The part of a long message that is passed over as it arrives, in protocols that tell lengths
/// beforehand.
///
/// Bytes count for the open message of `key`; with `isLast` that message ends with them.
struct Remainder: Sendable {
  private(set) var left = 0
  private var key: UInt64 = 0
  private var isLast = false
  private var lost = 0
  /// What the message says at its end.
  private var ending = Ending()

  /// Nothing is left to pass over.
  var isEmpty: Bool { left == 0 }

  init() {}

  /// - Parameter ending: given when the message of `key` ends with these bytes.
  init(_ count: Int, of key: UInt64, ending: consuming Ending? = nil) {
    (left, self.key) = (count, key)
    if let ending {
      isLast = true
      self.ending = ending
    }
  }

  /// What is left of a message of which all is known that will be.
  init(passing count: Int) { left = count }

  /// Passes over what is there, at most `available` bytes.
  mutating func pass(_ available: Int) -> Step {
    let count = min(left, available)
    left -= count
    guard left == 0, isLast else { return .content([], of: key, length: count) }
    return end(length: count)
  }

  /// `count` bytes will never come. Gives whether all of them lie within the rest; where they are all
  /// of it, only what goes on behind them can be read on.
  mutating func lose(_ count: Int) -> Bool {
    guard count < left || count == left && !isLast else { return false }
    left -= count
    lost += count
    return true
  }

  private mutating func end(length: Int) -> Step {
    var ending = Ending()
    swap(&ending, &self.ending)
    if lost > 0 { ending.fault = Entry.Fault(.dissection, "\(lost) bytes were not captured") }
    return .end(of: key, ending, length: length)
  }
}

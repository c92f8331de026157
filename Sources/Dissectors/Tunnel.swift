import Bytes
import Entries
import Flows

/// What travels inside an encrypted conversation: its own runner, and the records that wait for their
/// secrets.
///
/// A class because a runner cannot lie inside of a runner.
final class Tunnel {
  /// An encrypted record that cannot be opened yet.
  struct Held {
    var bytes: [UInt8]
    var start: Moment
    var end: Moment
  }

  /// Reads what the records say, as if it had come by itself.
  var runner: Runner
  /// Records of each side in their order; of those before `heads` all have been dealt with.
  private var records = BySide<[Held]>(client: [], server: [])
  private var heads = BySide(client: 0, server: 0)
  private(set) var heldBytes = 0
  /// It has been told that a side ends.
  var isFinished = BySide(client: false, server: false)

  init(_ runner: Runner) { self.runner = runner }

  var isHolding: Bool { heldBytes > 0 }

  func isHolding(_ side: Side) -> Bool { heads[side] < records[side].count }

  /// The record of `side` that waits longest.
  func first(_ side: Side) -> Held? {
    isHolding(side) ? records[side][heads[side]] : nil
  }

  func hold(_ record: Held, of side: Side) {
    records[side].append(record)
    heldBytes += record.bytes.count
  }

  /// The record of `side` that waits longest has been dealt with. Gives its bytes.
  @discardableResult
  func dropFirst(_ side: Side) -> Int {
    guard let record = first(side) else { return 0 }
    records[side][heads[side]].bytes = []
    heads[side] += 1
    heldBytes -= record.bytes.count
    if heads[side] == records[side].count {
      records[side].removeAll(keepingCapacity: false)
      heads[side] = 0
    }
    return record.bytes.count
  }

  /// Since when the oldest waits.
  var waitsSince: Timestamp? {
    [first(.client)?.start.timestamp, first(.server)?.start.timestamp].compactMap { $0 }.min()
  }
}

import Bytes
import Layers

/// Which worker has which conversations.
///
/// A place in the table, which addresses and ports name, is given to the worker with the least to do
/// when its first packet comes, and stays with it. Where there are few conversations, chance alone
/// would often give one worker most of them.
struct Rota: Sendable {
  /// A power of two, many times the conversations of a capture that has few.
  private static let places = 4_096
  /// What a packet costs a worker besides its bytes, in bytes, and what a conversation is expected to
  /// bring.
  private static let (packetCost, conversationCost) = (512, 256 << 10)
  /// Work after which older work counts half: the queues before workers are short.
  private static let memory = 64 << 20
  /// What reading and decoding takes, of what is done with the packets then: one part in so many.
  private static let readingPart = 8

  /// By place: 1 + the worker, or 0.
  private var owners: [UInt16]
  /// What each worker got lately, in bytes.
  private var work: [Int]
  private var sum = 0
  private let readerWorks: Bool

  /// - Parameter readerWorks: whether the thread that reads does the work of the first worker as well.
  init(workers: Int, readerWorks: Bool = false) {
    self.readerWorks = readerWorks
    precondition(0 < workers && workers < UInt16.max, "\(workers) workers")
    owners = Array(repeating: 0, count: workers == 1 ? 0 : Self.places)
    work = Array(repeating: 0, count: workers)
  }

  /// The worker of a packet, the same for both directions of a conversation.
  @inline(__always)
  mutating func worker(of packet: borrowing Decoded) -> Int {
    if work.count == 1 { return 0 }
    let place = Self.place(of: packet)
    var worker = Int(owners[place]) - 1
    var cost = packet.payload.count &+ Self.packetCost
    if worker < 0 {
      worker = assign(place)
      cost += Self.conversationCost
    }
    work[worker] &+= cost
    sum &+= cost
    if readerWorks {
      work[0] &+= cost / Self.readingPart
      sum &+= cost / Self.readingPart
    }
    if sum >= Self.memory { fade() }
    return worker
  }

  private mutating func assign(_ place: Int) -> Int {
    // Of equals the last one: the first may have reading to do.
    var least = work.count - 1
    for worker in work.indices.reversed() where work[worker] < work[least] { least = worker }
    owners[place] = UInt16(least + 1)
    return least
  }

  private mutating func fade() {
    for worker in work.indices { work[worker] /= 2 }
    sum = work.reduce(0, +)
  }

  /// Symmetric: swapping the ends gives the same place. All paths of an association of SCTP have the
  /// same one, whatever addresses its ends use.
  private static func place(of packet: borrowing Decoded) -> Int {
    let addresses =
      packet.transport == .sctp
      ? 0
      : (packet.source.high ^ packet.destination.high)
        &+ (packet.source.low ^ packet.destination.low)
    let ports = UInt64(packet.sourcePort) &+ UInt64(packet.destinationPort)
    let mixed = (addresses ^ ports &* 0x9e37_79b9_7f4a_7c15) &* 0xff51_afd7_ed55_8ccd
    return Int(truncatingIfNeeded: mixed >> 33) & (places - 1)
  }
}

import Bytes
import Decompression
import Entries
import Flows

/// What all runners of a dissection share: rows, limits, budgets, counters and finished entries.
struct Ledger {
  let limits: DissectionLimits
  /// Whether bodies are kept within the limits, or only counted.
  var keepsBodies = true
  /// By raw value of the kind.
  private let isEnabled: [Bool]
  let rows: [DissectorRow]
  /// `complete` of each row.
  private let completions: [(@Sendable (inout Entry, inout DecompressionCounters) -> Void)?]
  /// Figures by place of the row in `rows`.
  var figures: [DissectionCounters.Figures]
  /// Everything else that is counted.
  var counters = DissectionCounters()
  var entries: [Entry] = []
  /// Conversations that ended, by flow.
  var flows = FlowBook()
  /// Topics of Kafka that were named since somebody took them.
  var topics: [KafkaTopicNews] = []
  /// Associations of SCTP and their paths.
  var associations = AssociationBook()
  /// Secrets that open what is encrypted.
  let secrets: TLSSecrets?
  /// What the encrypted record at hand says: memory for all of them in turn.
  var clear: [UInt8] = []
  /// Memory for bytes that wait.
  var spareMemory = SpareMemory()
  /// Bytes of encrypted records that wait for their secrets.
  var sealedBytes = 0
  /// Waiting bytes of all conversations.
  var waitingBytes = 0
  /// Kept body bytes of all unfinished exchanges.
  var bodyBytes = 0
  /// Memory of the messages of all unfinished exchanges, bodies apart.
  var messageBytes = 0
  /// Unfinished exchanges of all conversations.
  var pending = 0
  /// Exchanges that are done, to be used again.
  private var spare: [Exchange] = []
  /// The one that was done last, where its place was free: mostly it is the next to be begun.
  private var done: Exchange?

  /// Done exchanges that are kept.
  private static let maxSpare = 256

  init(
    limits: DissectionLimits, switches: DissectorSwitches, rows: [DissectorRow],
    secrets: TLSSecrets?
  ) {
    self.limits = limits
    self.secrets = secrets
    isEnabled = (0...UInt8.max).map { raw in
      ProtocolKind(rawValue: raw).map { switches[$0] } ?? false
    }
    self.rows = rows.filter { $0.kinds.isEmpty || $0.kinds.contains { switches[$0] } }
      .sorted { ($0.priority, $0.name) < ($1.priority, $1.name) }
    completions = self.rows.map(\.complete)
    figures = Array(repeating: DissectionCounters.Figures(), count: self.rows.count)
  }

  /// Whether entries of this kind are wanted.
  func wants(_ kind: ProtocolKind) -> Bool { isEnabled[Int(kind.rawValue)] }

  /// Place of the row with that name, when it is switched on.
  func row(named name: String) -> Int? { rows.firstIndex { $0.name == name } }

  /// Bytes of a body that may still be kept, of `wanted`, when `kept` are already.
  mutating func bodyAllowance(_ wanted: Int, kept: Int) -> Int {
    guard keepsBodies else {
      counters.bodyBytesCut += UInt64(wanted)
      return 0
    }
    let allowed = min(wanted, limits.bodyKept - kept, limits.bodiesInAll - bodyBytes)
    let granted = max(0, allowed)
    bodyBytes += granted
    counters.bodyBytesCut += UInt64(wanted - granted)
    return granted
  }

  /// Charges an exchange with a message that it holds from now on.
  @inline(__always)
  mutating func charge(_ exchange: Exchange, _ half: borrowing Half) {
    let head = max(Int(half.wireLength), half.message.headers.bytes.count)
    // Of a head there are the header fields, and their values once more as fields.
    let stream = half.stream == nil ? 0 : BodyStream.memory
    charge(exchange, Half.overhead + 2 * head + half.message.details.count + stream)
  }

  mutating func charge(_ exchange: Exchange, _ count: Int) {
    exchange.charge += count
    messageBytes += count
  }

  /// A message that was whole with `packet` names these topics.
  mutating func note(_ named: [KafkaTopic], in packet: UInt64) {
    for topic in named {
      guard topics.count < limits.topicNews else {
        counters.topicsUntold += 1
        continue
      }
      topics.append(KafkaTopicNews(topic, in: packet))
    }
  }

  /// An exchange is no longer unfinished.
  mutating func release(_ exchange: Exchange) {
    pending -= 1
    bodyBytes -= exchange.keptBytes
    messageBytes -= exchange.charge
    exchange.charge = 0
  }

  /// An exchange to be begun.
  mutating func newExchange() -> Exchange { done.take() ?? spare.popLast() ?? Exchange() }

  /// Turns an exchange into an entry, and gives the kind it has.
  mutating func close(
    _ exchange: consuming Exchange, of ends: Ends, stream: UInt64, absence: Entry.Fault?
  ) -> ProtocolKind {
    release(exchange)
    let row = exchange.row
    if exchange.lacksHalf { figures[row].halves += 1 }
    // Completed where it lies: an entry is large.
    entries.append(exchange.newEntry(of: ends, stream: stream))
    let last = entries.count - 1
    exchange.complete(&entries[last], of: ends, absence: absence)
    if entries[last].hasRequest && entries[last].hasResponse { figures[row].pairs += 1 }
    if let complete = completions[row] { complete(&entries[last], &counters.decompressions) }
    let kind = entries[last].kind
    if !wants(kind) { entries.removeLast() }
    if done == nil {
      done = consume exchange
    } else if spare.count < Self.maxSpare {
      spare.append(consume exchange)
    }
    return kind
  }
}

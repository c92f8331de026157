import Bytes
import Synchronization

/// TLS secrets that are known, by the handshake they belong to: filled by key logs and by the secrets
/// that captures carry, asked by every connection that has something to open.
///
/// One for a whole pipeline: several threads may add and ask. What it holds never leaves it but for
/// opening records and for exports of packets.
package final class TLSSecrets: Sendable {
  /// Handshakes whose secrets are kept; the oldest leave for new ones.
  package static let maxHandshakes = 200_000

  private struct Table {
    var byRandom: [TLSRandom: TLSHandshakeSecrets] = [:]
    /// Keys of `byRandom`, oldest first; those before `head` have left.
    var order: [TLSRandom] = []
    var head = 0
    var dropped: UInt64 = 0
  }

  private let table = Mutex(Table())
  private let added = Atomic<Int>(0)
  private let expected = Atomic<Bool>(false)
  private let growing = Atomic<Bool>(false)
  private let maxHandshakes: Int

  package init(maxHandshakes: Int = TLSSecrets.maxHandshakes) {
    self.maxHandshakes = max(1, maxHandshakes)
  }

  /// Somebody has given secrets, or a place where they will be: without, nothing waits for them.
  package var isExpected: Bool { expected.load(ordering: .acquiring) }

  package func expect() { expected.store(true, ordering: .releasing) }

  /// More may come: a connection whose secrets are not here waits for them a while.
  package var isGrowing: Bool { growing.load(ordering: .acquiring) }

  package func mayGrow(_ on: Bool) { growing.store(on, ordering: .releasing) }

  /// Rises with every secret: a connection that found none need not ask again before.
  package var generation: Int { added.load(ordering: .acquiring) }

  /// Handshakes whose secrets left for newer ones.
  package var dropped: UInt64 { table.withLock { $0.dropped } }

  /// Files a secret of a handshake.
  func add(_ secret: [UInt8], _ label: TLSHandshakeSecrets.Label, of random: TLSRandom) {
    expect()
    table.withLock { table in
      if table.byRandom[random] == nil {
        makeRoom(&table)
        table.order.append(random)
      }
      table.byRandom[random, default: TLSHandshakeSecrets()][label] = secret
    }
    added.add(1, ordering: .acquiringAndReleasing)
  }

  private func makeRoom(_ table: inout Table) {
    guard table.byRandom.count >= maxHandshakes else { return }
    table.byRandom[table.order[table.head]] = nil
    table.head += 1
    table.dropped += 1
    if table.head > 4096, table.head * 2 > table.order.count {
      table.order.removeFirst(table.head)
      table.head = 0
    }
  }

  /// The secrets of the handshake with that random number, or of the session with that number.
  func secrets(of random: TLSRandom) -> TLSHandshakeSecrets? {
    table.withLock { $0.byRandom[random] }
  }

  /// What is known as the text of a key log, oldest handshakes first; empty for nothing.
  ///
  /// - Parameter maxBytes: beyond which older handshakes are left out.
  package func keyLog(maxBytes: Int) -> [UInt8] {
    table.withLock { table in
      var lines: [[UInt8]] = []
      var count = 0
      for random in table.order[table.head...].reversed() {
        var line: [UInt8] = []
        table.byRandom[random]?.write(of: random, to: &line)
        count += line.count
        if count > maxBytes { break }
        lines.append(line)
      }
      return lines.reversed().flatMap { $0 }
    }
  }
}

/// Thirty-two bytes that tell one handshake from another: the client's random number, or the number
/// of a session, filled up with zeros.
package struct TLSRandom: Hashable, Sendable {
  private let parts: (UInt64, UInt64, UInt64, UInt64)
  /// Bytes that count.
  let count: Int

  /// - Parameter bytes: 1 to 32 of them.
  init?(_ bytes: RawSpan) {
    guard bytes.byteCount > 0, bytes.byteCount <= 32 else { return nil }
    count = bytes.byteCount
    func part(_ place: Int) -> UInt64 {
      var value: UInt64 = 0
      for at in 8 * place..<8 * place + 8 {
        value = value << 8 | (at < bytes.byteCount ? UInt64(bytes.byte(at)) : 0)
      }
      return value
    }
    parts = (part(0), part(1), part(2), part(3))
  }

  var bytes: [UInt8] {
    var bytes: [UInt8] = []
    for part in [parts.0, parts.1, parts.2, parts.3] {
      for shift in stride(from: UInt64(56), through: 0, by: -8) {
        bytes.append(UInt8(truncatingIfNeeded: part >> shift))
      }
    }
    return Array(bytes.prefix(count))
  }

  package static func == (a: Self, b: Self) -> Bool { a.parts == b.parts && a.count == b.count }

  package func hash(into hasher: inout Hasher) {
    hasher.combine(parts.0)
    hasher.combine(parts.3)
  }
}

/// What is known of one handshake; empty where nothing is.
struct TLSHandshakeSecrets: Sendable {
  /// Labels of the NSS key log format (draft-ietf-tls-keylogfile §2).
  enum Label: String, CaseIterable, Sendable {
    /// Master secret of TLS 1.2 and before.
    case master = "CLIENT_RANDOM"
    case clientEarly = "CLIENT_EARLY_TRAFFIC_SECRET"
    case clientHandshake = "CLIENT_HANDSHAKE_TRAFFIC_SECRET"
    case serverHandshake = "SERVER_HANDSHAKE_TRAFFIC_SECRET"
    case clientTraffic = "CLIENT_TRAFFIC_SECRET_0"
    case serverTraffic = "SERVER_TRAFFIC_SECRET_0"
    /// Master secret by the number of its session, as Wireshark once wrote it.
    case session = "RSA"
  }

  private var byLabel: [[UInt8]] = Array(repeating: [], count: Label.allCases.count)

  subscript(label: Label) -> [UInt8] {
    get { byLabel[label.place] }
    set { byLabel[label.place] = newValue }
  }

  /// Appends its lines.
  fileprivate func write(of random: TLSRandom, to text: inout [UInt8]) {
    for label in Label.allCases where !self[label].isEmpty {
      text += Array(label.rawValue.utf8)
      let (first, second) = label == .session ? (" Session-ID:", " Master-Key:") : (" ", " ")
      text += Array(first.utf8) + Array(hex(random.bytes).utf8)
      text += Array(second.utf8) + Array(hex(self[label]).utf8) + [0x0a]
    }
  }
}

extension TLSHandshakeSecrets.Label {
  fileprivate var place: Int {
    switch self {
    case .master: 0
    case .clientEarly: 1
    case .clientHandshake: 2
    case .serverHandshake: 3
    case .clientTraffic: 4
    case .serverTraffic: 5
    case .session: 6
    }
  }
}

import Bytes

/// Reads a key log in the NSS format, as it comes: pieces end anywhere (draft-ietf-tls-keylogfile).
///
///     # comment
///     CLIENT_RANDOM <64 digits: the client's random number> <96 digits: the master secret>
///     CLIENT_TRAFFIC_SECRET_0 <64 digits> <64 or 96 digits>
package struct KeyLog: Sendable {
  /// Bytes of the longest line that is read; of longer ones nothing is.
  static let maxLine = 1024

  /// Lines that brought a secret.
  package private(set) var secrets: UInt64 = 0
  /// Lines that are none of a key log: damaged, cut, or too long.
  package private(set) var invalidLines: UInt64 = 0
  /// Lines with a secret that opens no records here, such as an exporter's.
  package private(set) var otherLines: UInt64 = 0
  /// The beginning of a line whose end has not come.
  private var rest: [UInt8] = []
  private var isTooLong = false

  package init() {}

  /// Files the lines of the next piece.
  package mutating func take(_ bytes: RawSpan, into secrets: TLSSecrets) {
    var at = 0
    while let end = bytes.firstOffset(of: 0x0a, from: at) {
      finish(bytes.slice(at..<end), secrets)
      at = end + 1
    }
    keep(bytes.suffix(from: at))
  }

  /// The last line need not have an end.
  package mutating func finish(into secrets: TLSSecrets) {
    if !rest.isEmpty || isTooLong { finish(RawSpan(), secrets) }
  }

  /// What was begun of a line is no line's beginning: the log starts anew.
  package mutating func restart() { (rest, isTooLong) = ([], false) }

  private mutating func finish(_ bytes: RawSpan, _ secrets: TLSSecrets) {
    keep(bytes)
    switch isTooLong ? .invalid : KeyLogLine(rest.rawSpan) {
    case .none: break
    case .invalid: invalidLines += 1
    case .other: otherLines += 1
    case .secret(let label, let random, let secret):
      self.secrets += 1
      secrets.add(secret, label, of: random)
    }
    rest.removeAll(keepingCapacity: true)
    isTooLong = false
  }

  private mutating func keep(_ bytes: RawSpan) {
    if isTooLong { return }
    guard rest.count + bytes.byteCount <= Self.maxLine else {
      isTooLong = true
      rest.removeAll(keepingCapacity: true)
      return
    }
    rest.append(bytes)
  }
}

/// What a line of a key log says.
enum KeyLogLine: Sendable {
  /// Nothing, or a comment.
  case none
  case invalid
  /// A label of the format that opens no records here, such as an exporter's secret.
  case other
  case secret(TLSHandshakeSecrets.Label, of: TLSRandom, [UInt8])

  init(_ line: RawSpan) {
    var words: [Range<Int>] = []
    var at = 0
    while at < line.byteCount {
      while at < line.byteCount, line.byte(at) <= 0x20 { at += 1 }
      let start = at
      while at < line.byteCount, line.byte(at) > 0x20 { at += 1 }
      if at > start { words.append(start..<at) }
    }
    guard let first = words.first, line.byte(first.lowerBound) != 0x23 else {
      self = .none
      return
    }
    guard words.count == 3, Self.isLabel(line.slice(first)) else {
      self = .invalid
      return
    }
    guard let label = TLSHandshakeSecrets.Label(rawValue: line.text(first)) else {
      self = .other
      return
    }
    self = Self.read(label, line.slice(words[1]), line.slice(words[2]))
  }

  private static func isLabel(_ word: RawSpan) -> Bool {
    for at in 0..<word.byteCount {
      switch word.byte(at) {
      case 0x30...0x39, 0x41...0x5a, 0x5f: continue
      default: return false
      }
    }
    return true
  }

  private static func read(
    _ label: TLSHandshakeSecrets.Label, _ random: RawSpan, _ secret: RawSpan
  ) -> KeyLogLine {
    if label == .session {
      guard random.starts(with: "Session-ID:"), secret.starts(with: "Master-Key:") else {
        // Pre-master secrets: they need the whole handshake to become a master secret.
        return .other
      }
      return read(label, random.suffix(from: 11), secret.suffix(from: 11), lengths: [48])
    }
    guard random.byteCount == 64 else { return .invalid }
    return read(label, random, secret, lengths: label == .master ? [48] : [32, 48])
  }

  private static func read(
    _ label: TLSHandshakeSecrets.Label, _ random: RawSpan, _ secret: RawSpan, lengths: [Int]
  ) -> KeyLogLine {
    guard let number = bytes(hex: random.text()), let random = TLSRandom(number.rawSpan),
      let secret = bytes(hex: secret.text()), lengths.contains(secret.count)
    else { return .invalid }
    return .secret(label, of: random, secret)
  }
}

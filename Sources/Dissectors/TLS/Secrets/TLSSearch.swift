import Bytes

/// Looks for the beginning of a record behind bytes that were not captured.
struct TLSSearch: Sendable {
  enum Result: Equatable {
    /// A record begins with the bytes.
    case here
    case needs(Int)
    /// None begins before that many bytes have passed.
    case skip(Int)
  }

  private(set) var isOn = false
  /// What was there of the record that the gap cut, and how long it is.
  private var beginning = 0
  private var whole = 0
  /// Bytes until the next record, where the length of the cut one tells.
  private var distance = 0

  mutating func begin() { (isOn, distance) = (true, 1) }

  /// The beginning of a record whose rest will not come.
  mutating func noteBeginning(_ bytes: RawSpan) {
    beginning = bytes.byteCount
    whole = bytes.byteCount >= TLS.headLength ? TLS.headLength + Int(bytes.big16(3)) : 0
  }

  /// `count` bytes are missing. Gives how many bytes of records that are not read come to: what was
  /// there of the cut one is among them.
  mutating func lose(_ count: Int) -> Int {
    let gone = beginning + count
    distance = whole >= gone ? whole - gone : 0
    (beginning, whole, isOn) = (0, 0, true)
    return gone
  }

  mutating func next(in bytes: RawSpan) -> Result {
    if distance > 0 {
      defer { distance = 0 }
      return .skip(distance)
    }
    var at = 0
    while at + TLS.headLength <= bytes.byteCount {
      if Self.begins(bytes, at) {
        if at > 0 { return .skip(at) }
        let next = TLS.headLength + Int(bytes.big16(3))
        guard bytes.byteCount >= next + TLS.headLength else {
          if bytes.byteCount == next { break }
          return .needs(bytes.byteCount < next ? next : next + TLS.headLength)
        }
        if Self.begins(bytes, next) { break }
      }
      at += 1
    }
    if at == 0, bytes.byteCount >= TLS.headLength {
      isOn = false
      return .here
    }
    return at > 0 ? .skip(at) : .needs(TLS.headLength)
  }

  /// Whether a record may begin there.
  private static func begins(_ bytes: RawSpan, _ at: Int) -> Bool {
    let length = Int(bytes.big16(at + 3))
    return TLS.Record.changeCipherSpec...TLS.Record.applicationData ~= bytes.byte(at)
      && bytes.byte(at + 1) == 3 && 1...3 ~= bytes.byte(at + 2) && length > 0
      && length <= TLS.maxRecord
  }
}

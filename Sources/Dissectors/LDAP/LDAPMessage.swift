import Bytes
import JSON

/// Operations by their tag (RFC 4511 §4.2 and following).
enum LDAPOperation: UInt8, Sendable {
  case bind = 0x60
  case bindResponse = 0x61
  case unbind = 0x42
  case search = 0x63
  case searchEntry = 0x64
  case searchDone = 0x65
  case modify = 0x66
  case modifyResponse = 0x67
  case add = 0x68
  case addResponse = 0x69
  case delete = 0x4a
  case deleteResponse = 0x6b
  case modifyDN = 0x6c
  case modifyDNResponse = 0x6d
  case compare = 0x6e
  case compareResponse = 0x6f
  case abandon = 0x50
  case searchReference = 0x73
  case extended = 0x77
  case extendedResponse = 0x78
  case intermediate = 0x79

  var isRequest: Bool {
    switch self {
    case .bind, .unbind, .search, .modify, .add, .delete, .modifyDN, .compare, .abandon, .extended:
      true
    default: false
    }
  }

  var isAnswered: Bool { isRequest && self != .unbind && self != .abandon }

  /// Name of a request, in lower case.
  var name: String {
    switch self {
    case .bind: "bind"
    case .unbind: "unbind"
    case .search: "search"
    case .modify: "modify"
    case .add: "add"
    case .delete: "delete"
    case .modifyDN: "moddn"
    case .compare: "compare"
    case .abandon: "abandon"
    case .extended: "extended"
    default: "\(self)"
    }
  }
}

/// The envelope of a message: `SEQUENCE { messageID, protocolOp, controls }`.
struct LDAPMessage: Sendable {
  var number: UInt64
  var operation: LDAPOperation
  /// Where the operation's content lies, and where the controls begin.
  var content: Range<Int>

  /// - Parameter bytes: the content of the sequence.
  init(_ bytes: RawSpan) throws(WireError) {
    var at = 0
    number = try Self.number(bytes, &at)
    let body = try BER(bytes, &at, end: bytes.byteCount)
    guard let operation = LDAPOperation(rawValue: body.tag) else {
      throw WireError(.invalid, at: at)
    }
    (self.operation, content) = (operation, body.content)
  }

  /// - Parameter bytes: the beginning of the content of the sequence, of which no more will come.
  init(beginning bytes: RawSpan) throws(WireError) {
    var at = 0
    number = try Self.number(bytes, &at)
    guard let head = try BER.head(bytes, at), let operation = LDAPOperation(rawValue: head.tag)
    else { throw WireError(.truncated, at: at) }
    self.operation = operation
    content = head.start..<min(head.start + head.length, bytes.byteCount)
  }

  private static func number(_ bytes: RawSpan, _ at: inout Int) throws(WireError) -> UInt64 {
    let number = try BER(bytes, &at, end: bytes.byteCount)
    guard number.tag == BER.integer else { throw WireError(.invalid) }
    let value = try number.number(bytes)
    guard value >= 0, value <= Int64(Int32.max) else { throw WireError(.invalid) }
    return UInt64(value)
  }

  /// Whether a message begins here, as far as can be told.
  static func isPlausible(_ bytes: RawSpan) -> Bool {
    guard !bytes.isEmpty, bytes.byte(0) == BER.sequence, let head = try? BER.head(bytes, 0),
      head.length >= 5, head.length <= LDAP.maxMessage, head.start + 4 <= bytes.byteCount,
      bytes.byte(head.start) == BER.integer
    else { return false }
    let count = Int(bytes.byte(head.start + 1))
    let place = head.start + 2 + count
    guard count >= 1, count <= 4, place < bytes.byteCount, bytes.byte(head.start + 2) < 0x80,
      LDAPOperation(rawValue: bytes.byte(place)) != nil
    else { return false }
    // The operation must fit into the message.
    guard let inner = try? BER.head(bytes, place) else { return place + 6 > bytes.byteCount }
    return inner.start + inner.length <= head.start + head.length
  }

  /// Whether these bytes may begin one and are too few to tell: not even the operation is there.
  static func needsMore(_ bytes: RawSpan) -> Bool {
    guard bytes.byteCount < 14, bytes.byte(0) == BER.sequence, mayBegin(bytes) else { return false }
    guard let head = try? BER.head(bytes, 0), head.start + 1 < bytes.byteCount else { return true }
    let count = Int(bytes.byte(head.start + 1))
    return 1...4 ~= count && head.start + 2 + count >= bytes.byteCount
  }

  /// Whether these few bytes may begin one.
  static func mayBegin(_ bytes: RawSpan) -> Bool {
    guard let head = try? BER.head(bytes, 0) else { return bytes.byteCount < 7 }
    return head.start >= bytes.byteCount || bytes.byte(head.start) == BER.integer
  }
}

/// Entries and references that answer a search.
struct LDAPSearchAnswer: Sendable {
  private static let maxNames = 5

  private var entries = 0
  private var references = 0
  private var names: [[UInt8]] = []
  /// The first addresses of the references.
  private(set) var continuations: [[UInt8]] = []
  /// Bytes were lost while it was sent.
  var hasHole = false
  /// Results of other requests that came since then, or since its last entry.
  var silence = 0

  init() {}

  mutating func noteHole() { (hasHole, silence) = (true, 0) }

  /// Counts a message of which only the beginning was captured.
  mutating func add(beginning message: LDAPMessage, _ bytes: RawSpan) {
    switch message.operation {
    case .searchEntry:
      entries += 1
      var at = message.content.lowerBound
      let end = min(message.content.upperBound, bytes.byteCount)
      if names.count < Self.maxNames, let name = try? BER(bytes, &at, end: end),
        name.content.upperBound <= end
      {
        names.append(bytes.slice(name.content).prefix(256).array())
      }
    case .searchReference: references += 1
    default: break
    }
  }

  mutating func add(_ message: LDAPMessage, _ bytes: RawSpan) throws(WireError) {
    silence = 0
    switch message.operation {
    case .searchEntry:
      entries += 1
      var at = message.content.lowerBound
      let name = try BER(bytes, &at, end: message.content.upperBound)
      if names.count < Self.maxNames { names.append(bytes.slice(name.content).prefix(256).array()) }
    case .searchReference:
      references += 1
      if continuations.count < LDAPReferral.maxListed {
        continuations += LDAPReferral.addresses(bytes, message.content)
      }
    default: break
    }
  }

  func write(_ writer: inout JSONWriter) {
    writer.name("entries")
    writer.write(entries)
    if !names.isEmpty {
      writer.name("names")
      writer.beginArray()
      for name in names { writer.write(text: name.rawSpan) }
      writer.endArray()
    }
    if references > 0 {
      writer.name("references")
      writer.write(references)
    }
  }
}

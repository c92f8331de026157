import Bytes
import Entries
import Flows

/// A zone transfer over TCP while it is answered (RFC 5936 §2.2, RFC 1995 §4): in as many messages as
/// it takes, up to the SOA record that ends it.
///
///     the whole zone   SOA (new), everything else, SOA (new)
///     changes          SOA (new), then for each version SOA (old), what was removed, SOA (newer),
///                      what was added, and SOA (new) at the end
///     nothing new      SOA
struct DNSTransfer: Sendable {
  /// Transfers of a connection that are followed at once; of one more the first message counts.
  static let maxOpen = 8
  /// Bytes of messages kept for the details, and of texts of answers, behind those of the first.
  static let maxKept = 32 << 10

  /// What was asked for.
  enum Wish: Equatable, Sendable {
    case zone
    /// What has changed since the version with that serial number, where that is known.
    case changes(since: UInt32?)
  }

  let id: UInt16
  /// Who answers.
  let side: Side
  /// Key of the exchange.
  let key: UInt64
  /// Id and words of the question, which later messages repeat or leave out.
  private let question: UInt64
  private let wish: Wish
  private let family: DNSFamily

  private var messages = 0
  /// Records in the answer sections so far.
  private var records = 0
  /// SOA records among them.
  private var marks = 0
  /// Serial number of the version that is transferred.
  private var serial: UInt32 = 0
  private var isIncremental = false
  private(set) var isDone = false
  private var rcode: UInt16 = 0
  private var fault: Entry.Fault?
  /// The first messages, each behind its length.
  private var kept: [UInt8] = []
  private var keepsMore = true
  /// What the first answers say, as `FieldValues` packs a list.
  private var answers: [UInt8] = []

  /// What is asked for, or answered; nil when it is no transfer.
  static func wish(_ parsed: DNSMessage, _ bytes: RawSpan) -> Wish? {
    switch parsed.questionType {
    case 251: .changes(since: parsed.header.isResponse ? nil : knownSerial(bytes))
    case 252: .zone
    default: nil
    }
  }

  /// A transfer whose reply begins with this message; nil when it is no reply to follow, or ends with
  /// it as well.
  init?(
    _ wish: Wish, _ parsed: DNSMessage, _ bytes: RawSpan, _ answers: [UInt8],
    key: UInt64, from side: Side, _ family: DNSFamily
  ) {
    (id, self.side, self.key) = (parsed.header.id, side, key)
    (self.wish, self.family) = (wish, family)
    question = parsed.header.questions > 0 ? parsed.key : key
    guard parsed.rcode == 0, parsed.header.answers > 0 else { return nil }
    add(parsed, bytes, answers)
    guard marks > 0, !isDone else { return nil }
    if records == 1, case .changes(let known) = wish, known.map({ isNews(to: $0) }) != true {
      return nil
    }
  }

  /// Whether the message belongs to it.
  func holds(_ parsed: DNSMessage) -> Bool {
    parsed.header.isResponse && parsed.header.id == id
      && (parsed.header.questions == 0 || parsed.questionsAreDamaged || parsed.key == question)
  }

  /// Records of the next message of which the texts are kept.
  var room: Int { answers.count > Self.maxKept ? 0 : max(0, DNSMessage.maxRecords - records) }

  /// The next message; `texts` has what up to `room` of its answers say.
  mutating func add(_ parsed: DNSMessage, _ bytes: RawSpan, _ texts: [UInt8]) {
    messages += 1
    rcode = parsed.rcode
    if fault == nil { fault = parsed.fault }
    answers.append(texts.rawSpan)
    keepsMore =
      keepsMore && records < DNSMessage.maxRecords
      && (kept.isEmpty || kept.count + bytes.byteCount <= Self.maxKept)
    if keepsMore { kept.append(counted: bytes) }
    // Where a record is malformed, the message's own fault tells of it.
    try? count(bytes, parsed.header)
    // A server that comes to grief says so, and that is its last word.
    if rcode != 0 { isDone = true }
  }

  /// What is known of the reply when it is over, or cut.
  var ending: Ending {
    var ending = Ending()
    ending.failed = rcode != 0
    ending.fault = fault
    ending.fields.add(.dnsAnswers, .texts) { $0.append(answers.rawSpan) }
    ending.fields.add(.dnsRecords, int: Int64(records))
    ending.fields.add(.statusCode, int: Int64(rcode))
    ending.fields.add(.dnsRcode, .text(DNSTable.rcode(rcode)))
    ending.fields.add(.responseFacts, .bytes) {
      DNSDetails.add(messages: messages, records: records, kept, family, to: &$0)
    }
    return ending
  }

  // MARK: Records

  private mutating func count(_ bytes: RawSpan, _ header: DNSHeader) throws(WireError) {
    var offset = try Self.behindQuestions(bytes, header)
    for _ in 0..<header.answers {
      try DNSName.skip(bytes, &offset)
      let record = try DNSRecord(bytes, &offset)
      records += 1
      if record.type == DNSRecord.soa {
        try note(Self.serial(of: record, bytes))
      } else if marks == 0 {
        throw WireError(.foreign, at: offset)
      }
      if isDone { return }
    }
  }

  /// An SOA record of the version with that number.
  private mutating func note(_ number: UInt32) {
    marks += 1
    switch marks {
    case 1: serial = number
    case 2:
      isIncremental = wish != .zone && records == 2 && number != serial
      isDone = !isIncremental
    default: isDone = marks.isMultiple(of: 2) && number == serial
    }
  }

  /// Whether the version is newer than the one with that number (RFC 1982 §3.2).
  private func isNews(to known: UInt32) -> Bool { Int32(bitPattern: serial &- known) > 0 }

  /// The number of the version that is known to who asks for changes (RFC 1995 §3).
  private static func knownSerial(_ bytes: RawSpan) -> UInt32? {
    let header = DNSHeader(bytes)
    guard var offset = try? behindQuestions(bytes, header) else { return nil }
    for _ in 0..<header.answers + header.authorities {
      guard (try? DNSName.skip(bytes, &offset)) != nil,
        let record = try? DNSRecord(bytes, &offset)
      else { return nil }
      if record.type == DNSRecord.soa { return try? serial(of: record, bytes) }
    }
    return nil
  }

  /// Where the records begin.
  private static func behindQuestions(
    _ bytes: RawSpan, _ header: DNSHeader
  ) throws(WireError) -> Int {
    var offset = DNSHeader.length
    for _ in 0..<header.questions {
      try DNSName.skip(bytes, &offset)
      guard bytes.byteCount - offset >= 4 else { throw WireError(.truncated, at: offset) }
      offset += 4
    }
    return offset
  }

  private static func serial(
    of record: DNSRecord, _ bytes: RawSpan
  ) throws(WireError) -> UInt32 {
    var at = record.data.lowerBound
    try DNSName.skip(bytes, &at)
    try DNSName.skip(bytes, &at)
    guard record.data.upperBound - at >= 4 else { throw WireError(.invalid, at: at) }
    return bytes.big32(at)
  }
}

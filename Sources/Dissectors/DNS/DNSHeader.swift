import Bytes

/// The fixed part of a DNS message (RFC 1035 §4.1.1, RFC 4035 §3).
///
///      0  1  2  3  4  5  6  7  8  9  0  1  2  3  4  5
///     +--+--+--+--+--+--+--+--+--+--+--+--+--+--+--+--+
///     |                      ID                       |
///     |QR|   Opcode  |AA|TC|RD|RA| Z|AD|CD|   RCODE   |
///     |         QDCOUNT       |        ANCOUNT        |
///     |         NSCOUNT       |        ARCOUNT        |
///     +--+--+--+--+--+--+--+--+--+--+--+--+--+--+--+--+
struct DNSHeader {
  static let length = 12

  var id: UInt16
  var flags: UInt16
  var questions: Int
  var answers: Int
  var authorities: Int
  var additionals: Int

  /// - Precondition: 12 bytes at the beginning of `bytes`.
  @inline(__always)
  init(_ bytes: RawSpan) {
    let (front, back) = (bytes.big64(0), bytes.big32(8))
    id = UInt16(truncatingIfNeeded: front >> 48)
    flags = UInt16(truncatingIfNeeded: front >> 32)
    questions = Int(front >> 16 & 0xffff)
    answers = Int(front & 0xffff)
    authorities = Int(back >> 16)
    additionals = Int(back & 0xffff)
  }

  var isResponse: Bool { flags & 0x8000 != 0 }
  /// Whether a bit of the flags is set, counted from the lowest.
  func has(_ bit: UInt16) -> Bool { flags >> bit & 1 == 1 }
  var opcode: UInt8 { UInt8(truncatingIfNeeded: flags >> 11 & 15) }
  /// It asks to change a zone (RFC 2136 §2): its sections are others.
  var isUpdate: Bool { opcode == 5 }
  /// It is about the connection itself (RFC 8490), and has no sections.
  var isStateful: Bool { opcode == 6 }
  var rcode: UInt16 { flags & 15 }
  /// The answer did not fit, and TCP would give all of it.
  var isTruncated: Bool { flags & 0x0200 != 0 }
  var records: Int { answers + authorities + additionals }

  /// Whether the numbers are those of real messages: for bytes on any port.
  var isPlausible: Bool {
    switch opcode {
    case 0, 1, 2, 4, 5: break
    case 6: return flags & 0x07f0 == 0 && questions + records == 0
    default: return false
    }
    // A request carries no reply code, and bit Z is zero (RFC 6895 §2).
    if flags & 0x0040 != 0 || !isResponse && opcode != 5 && rcode != 0 { return false }
    let least = questions + records
    return least > 0 && questions <= 32 && answers <= 4096 && authorities <= 1024
      && additionals <= 1024
  }
}

extension DNSHeader {
  /// Whether the first name is a NetBIOS one in its own encoding (RFC 1001 §14.1): 32 letters from
  /// A to P. That protocol has messages of the same shape, and another meaning.
  static func isNetBIOS(_ bytes: RawSpan) -> Bool {
    guard bytes.byteCount > length + 32, bytes.byte(length) == 32 else { return false }
    for offset in length + 1...length + 32 where bytes.byte(offset) &- 0x41 >= 16 { return false }
    return true
  }
}

/// The part of a record before its data (RFC 1035 §4.1.3), its name excepted.
struct DNSRecord {
  var type: UInt16
  var recordClass: UInt16
  var ttl: UInt32
  /// Place of the data in the message.
  var data: Range<Int>

  /// Reads what follows a record's name at `offset`, and moves `offset` behind the record.
  @inline(__always)
  init(_ bytes: RawSpan, _ offset: inout Int) throws(WireError) {
    guard bytes.byteCount - offset >= 10 else { throw WireError(.truncated, at: offset) }
    let head = bytes.big64(offset)
    type = UInt16(truncatingIfNeeded: head >> 48)
    recordClass = UInt16(truncatingIfNeeded: head >> 32)
    ttl = UInt32(truncatingIfNeeded: head)
    let length = Int(bytes.big16(offset + 8))
    guard bytes.byteCount - offset - 10 >= length else { throw WireError(.truncated, at: offset) }
    data = offset + 10..<offset + 10 + length
    offset = data.upperBound
  }

  static let soa: UInt16 = 6
  static let opt: UInt16 = 41
}

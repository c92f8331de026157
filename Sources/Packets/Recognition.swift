import Bytes

/// What the first bytes of a file show it to be.
enum Recognition: Equatable {
  case pcap(PcapHeader)
  case pcapng
  /// Too few bytes to tell; this many are needed.
  case needs(Int)
  /// A capture that is not read: what it is and what to do.
  case unsupported(String, advice: String)
  /// Not a capture: what it looks like and what to do.
  case foreign(String, advice: String)

  /// Bytes of a file that are looked at.
  static let headLength = 4096

  init(_ head: RawSpan, isComplete: Bool) {
    guard head.byteCount >= 4 else {
      self =
        isComplete
        ? .foreign("\(head.byteCount) bytes are too few for a capture", advice: Self.expected)
        : .needs(4)
      return
    }
    if let variant = PcapVariant(magic: head) {
      guard head.byteCount >= PcapHeader.length else {
        self =
          isComplete
          ? .foreign("the pcap file header is cut short", advice: Self.damaged)
          : .needs(PcapHeader.length)
        return
      }
      self = Self.pcap(head, variant)
    } else if head.big32(0) == BlockKind.section {
      guard head.byteCount >= 12 else {
        self =
          isComplete
          ? .foreign("the pcapng section header is cut short", advice: Self.damaged) : .needs(12)
        return
      }
      self = Self.pcapng(head, isComplete: isComplete)
    } else {
      self = .foreign(head)
    }
  }

  private static func pcap(_ head: RawSpan, _ variant: PcapVariant) -> Recognition {
    let header = PcapHeader(head, variant)
    guard header.majorVersion == 2 else {
      return .unsupported(
        "its pcap version \(header.majorVersion).\(header.minorVersion) is not known (2.4 is)",
        advice: Self.damaged)
    }
    return .pcap(header)
  }

  private static func pcapng(_ head: RawSpan, isComplete: Bool) -> Recognition {
    guard let order = ByteOrder(sectionMagic: head, at: 8) else {
      return .foreign(
        "it begins like pcapng, but without a byte-order mark", advice: Self.damaged)
    }
    let length = Int(order.load32(head, 4))
    guard head.byteCount >= 16 else {
      return isComplete
        ? .foreign("the pcapng section header is cut short", advice: Self.damaged) : .needs(16)
    }
    let (major, minor) = (order.load16(head, 12), order.load16(head, 14))
    guard major == 1 else {
      return .unsupported(
        "its pcapng version \(major).\(minor) is not known (1.0 is)", advice: Self.damaged)
    }
    // All of it is looked at before the decision, which must not depend on how a pipe delivers it;
    // a longer one is judged when it is read.
    if !isComplete, head.byteCount < min(length, headLength) {
      return .needs(min(length, headLength))
    }
    if length < 28 || (length <= head.byteCount && order.load32(head, length - 4) != length) {
      return .foreign("the lengths in its section header are wrong", advice: Self.damaged)
    }
    return .pcapng
  }

  private static let expected =
    "Name a pcap or pcapng file, as tcpdump -w and Wireshark write them"
  private static let damaged = "The file may be damaged; copy or capture it again"
  private static let convert = "Convert it first: editcap -F pcapng IN OUT"

  /// Names what is plainly no capture that we read.
  private static func foreign(_ head: RawSpan) -> Recognition {
    for row in signatures where row.begins(head) {
      return row.isCapture
        ? .unsupported("it is \(row.name)", advice: row.advice)
        : .foreign("it looks like \(row.name)", advice: row.advice)
    }
    if looksLikeERF(head) {
      return .unsupported("it looks like an Endace ERF capture", advice: convert)
    }
    if looksLikeText(head) {
      return .foreign("it looks like text", advice: expected)
    }
    var isZero = true
    for offset in 0..<head.byteCount where head.byte(offset) != 0 { isZero = false }
    return .foreign(
      isZero ? "it begins with zero bytes" : "its first bytes are those of no capture format",
      advice: expected)
  }

  private struct Signature {
    var magic: [UInt8]
    var name: String
    var isCapture = false
    var advice: String

    func begins(_ head: RawSpan) -> Bool {
      head.byteCount >= magic.count && magic.indices.allSatisfy { head.byte($0) == magic[$0] }
    }
  }

  private static let signatures: [Signature] = [
    Signature(
      magic: [0x73, 0x6e, 0x6f, 0x6f, 0x70, 0x00, 0x00, 0x00], name: "a Solaris snoop capture",
      isCapture: true, advice: convert),
    Signature(
      magic: [0x62, 0x74, 0x73, 0x6e, 0x6f, 0x6f, 0x70, 0x00], name: "a Bluetooth capture",
      isCapture: true, advice: convert),
    Signature(
      magic: Array("TRSNIFF data".utf8), name: "a Sniffer capture", isCapture: true, advice: convert
    ),
    Signature(
      magic: Array("GMBU".utf8), name: "a Network Monitor capture", isCapture: true, advice: convert
    ),
    Signature(
      magic: Array("RTSS".utf8), name: "a Network Monitor capture", isCapture: true, advice: convert
    ),
    Signature(
      magic: [0x58, 0x43, 0x50, 0x00], name: "a NetXray capture", isCapture: true, advice: convert),
    Signature(
      magic: [0x1f, 0x8b], name: "gzip data inside gzip or zstd data",
      advice: "Decompress it once with gunzip or zstd -d"),
    Signature(
      magic: [0x28, 0xb5, 0x2f, 0xfd], name: "zstd data inside gzip or zstd data",
      advice: "Decompress it once with gunzip or zstd -d"),
    Signature(magic: Array("BZh".utf8), name: "bzip2 data", advice: "Decompress it with bunzip2"),
    Signature(
      magic: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00], name: "xz data",
      advice: "Decompress it with xz -d"),
    Signature(
      magic: [0x04, 0x22, 0x4d, 0x18], name: "LZ4 data", advice: "Decompress it with lz4 -d"),
    Signature(
      magic: [0x50, 0x4b, 0x03, 0x04], name: "a ZIP archive", advice: "Unpack it with unzip"),
    Signature(
      magic: [0x37, 0x7a, 0xbc, 0xaf], name: "a 7z archive", advice: "Unpack it with 7z x"),
    Signature(magic: [0x7f, 0x45, 0x4c, 0x46], name: "a program", advice: expected),
    Signature(magic: Array("SQLite format 3".utf8), name: "an SQLite database", advice: expected),
    Signature(magic: Array("%PDF".utf8), name: "a PDF document", advice: expected),
    Signature(magic: [0x89, 0x50, 0x4e, 0x47], name: "a picture", advice: expected),
  ]

  /// Printable ASCII, or UTF-8, without control characters that text does not use.
  private static func looksLikeText(_ head: RawSpan) -> Bool {
    var isASCII = true
    for offset in 0..<head.byteCount {
      switch head.byte(offset) {
      case 9, 10, 12, 13, 27, 0x20...0x7e: continue
      case 0x80...0xff: isASCII = false
      default: return false
      }
    }
    // The last character may be cut by the end of the head.
    return isASCII
      || (0..<4).contains { cut in
        cut < head.byteCount && head.prefix(head.byteCount - cut).validText() != nil
      }
  }

  /// ERF has no magic: a little-endian time, a type from 1 to 48, a record length that leads to
  /// another such header no earlier than the first.
  private static func looksLikeERF(_ head: RawSpan) -> Bool {
    func isHeader(_ at: Int) -> Bool {
      (1...48).contains(head.byte(at + 8) & 0x7f) && head.big16(at + 10) >= 16
    }
    guard head.byteCount >= 16, isHeader(0) else { return false }
    let second = Int(head.big16(10))
    guard second + 16 <= head.byteCount, isHeader(second) else { return false }
    let (a, b) = (head.little64(0) >> 32, head.little64(second) >> 32)
    return a > 0 && b >= a && b - a < 86_400
  }
}

/// The order of the bytes of a number in a capture file.
enum ByteOrder: Sendable {
  case little, big

  /// From a section header's byte-order mark.
  init?(sectionMagic bytes: RawSpan, at offset: Int) {
    switch bytes.big32(offset) {
    case 0x1a2b_3c4d: self = .big
    case 0x4d3c_2b1a: self = .little
    default: return nil
    }
  }

  @inline(__always)
  func load16(_ bytes: RawSpan, _ offset: Int) -> UInt16 {
    self == .little ? bytes.little16(offset) : bytes.big16(offset)
  }

  @inline(__always)
  func load32(_ bytes: RawSpan, _ offset: Int) -> UInt32 {
    self == .little ? bytes.little32(offset) : bytes.big32(offset)
  }

  @inline(__always)
  func load64(_ bytes: RawSpan, _ offset: Int) -> UInt64 {
    self == .little ? bytes.little64(offset) : bytes.big64(offset)
  }
}

import Bytes
import Flows

extension Kafka {
  /// A request with a known number and version and a client id that can be read; where its body is
  /// known and whole, that must fit to the byte.
  package static func recognise(
    client: RawSpan, server: RawSpan, _ opening: Opening
  ) -> Recognition {
    let isHome =
      row.ports.contains(opening.server.port) || row.ports.contains(opening.client.port)
    let straight = judge(client, server, isHome, opening.isFinal)
    guard opening.isMidway, straight == .no else { return straight }
    return judge(server, client, isHome, opening.isFinal)
  }

  private static func judge(
    _ requests: RawSpan, _ responses: RawSpan, _ isHome: Bool, _ isFinal: Bool
  ) -> Recognition {
    if requests.isEmpty {
      // What a broker says alone tells little.
      guard isHome else { return .no }
      return !isFinal ? .needs(1) : KafkaShape.areResponses(responses) ? .yes(.possible) : .no
    }
    return KafkaShape.ofRequest(requests, isHome: isHome, isFinal: isFinal)
  }
}

/// What bytes look like, judged strictly.
enum KafkaShape {
  /// Longest request a broker accepts by default, in bytes.
  private static let maxRequest = 100 << 20
  /// Bytes of the opening that are waited for.
  private static let maxOpening = 4 << 10
  /// Longest client id.
  private static let maxClientID = 255
  /// Versions newer than the known ones that are taken for those of a coming release.
  private static let futureVersions: Int16 = 3

  static func ofRequest(_ bytes: RawSpan, isHome: Bool, isFinal: Bool) -> Recognition {
    let more: (Int) -> Recognition = { isFinal ? .no : .needs($0) }
    guard bytes.byteCount >= 4 + KafkaRequestHeader.minLength else {
      return mayBegin(bytes, isHome: isHome) ? more(4 + KafkaRequestHeader.minLength) : .no
    }
    let length = Int(Int32(bitPattern: bytes.big32(0)))
    guard KafkaRequestHeader.minLength...maxRequest ~= length,
      isNumber(bytes.suffix(from: 4), isHome: isHome)
    else { return .no }
    let body = bytes.suffix(from: 4).prefix(length)
    guard let header = try? KafkaRequestHeader(body) else {
      return body.byteCount < min(length, maxClientID + 32) ? more(bytes.byteCount + 1) : .no
    }
    guard header.clientID?.count ?? 0 <= maxClientID else { return .no }
    let isNamed = header.clientID?.isEmpty == false
    if body.byteCount == length { return whole(header, body, isHome: isHome, isNamed: isNamed) }
    if body.byteCount < maxOpening, !isFinal { return .needs(4 + min(length, maxOpening)) }
    return isNamed || isHome ? .yes(isNamed ? .likely : .possible) : .no
  }

  /// Judges a request of which all is there.
  private static func whole(
    _ header: KafkaRequestHeader, _ bytes: RawSpan, isHome: Bool, isNamed: Bool
  ) -> Recognition {
    guard header.isKnown, let plan = KafkaPlan.request(header.key, header.version) else {
      if isNamed { return isHome ? .yes(.possible) : header.isKnown ? .yes(.likely) : .no }
      return isHome && KafkaAPI.numbered(header.key) != nil ? .yes(.possible) : .no
    }
    guard KafkaSkim.fits(bytes.suffix(from: header.length), plan) else {
      return isHome && isNamed ? .yes(.possible) : .no
    }
    return .yes(isNamed ? .certain : .likely)
  }

  /// Whether API number and version are in use; at home almost any will do.
  private static func isNumber(_ bytes: RawSpan, isHome: Bool) -> Bool {
    let key = Int16(bitPattern: bytes.big16(0))
    let version = Int16(bitPattern: bytes.big16(2))
    if isHome { return version >= 0 }
    guard let api = KafkaAPI.numbered(key) else { return false }
    return 0...api.newest + futureVersions ~= version
  }

  /// Whether a few bytes may be the beginning of a request.
  private static func mayBegin(_ bytes: RawSpan, isHome: Bool) -> Bool {
    if bytes.byteCount >= 1, bytes.byte(0) > 6 { return false }
    guard bytes.byteCount >= 8 else { return true }
    return isNumber(bytes.suffix(from: 4), isHome: isHome)
  }

  /// Whether a request of so many bytes surely begins here.
  static func isRequest(_ bytes: RawSpan, length: Int?) -> Bool {
    guard bytes.byteCount >= KafkaRequestHeader.minLength,
      KafkaRequestHeader.minLength...maxRequest ~= length ?? KafkaRequestHeader.minLength,
      isNumber(bytes, isHome: false), let header = try? KafkaRequestHeader(bytes)
    else { return false }
    return header.correlation >= 0 && header.length <= length ?? .max
      && header.clientID.map { 1...maxClientID ~= $0.count } ?? false
  }

  /// Whether these bytes may be the beginning of a request, too few of which are there to tell.
  static func mayBeginRequest(_ bytes: RawSpan) -> Bool {
    guard mayBegin(bytes, isHome: false), hasLength(bytes, from: KafkaRequestHeader.minLength) else {
      return false
    }
    if bytes.byteCount < 14 { return true }
    let count = Int(Int16(bitPattern: bytes.big16(12)))
    // Behind the client id may stand tagged fields, of which mostly there are none.
    return 1...maxClientID ~= count && bytes.byteCount <= 14 + count
  }

  /// Whether these bytes, fewer than the head of a response, may be the beginning of one.
  static func mayBeginResponse(_ bytes: RawSpan) -> Bool {
    bytes.byteCount < 8 && hasLength(bytes, from: 4)
  }

  /// Whether the length in front may be one, as far as it is there.
  private static func hasLength(_ bytes: RawSpan, from least: Int) -> Bool {
    guard bytes.byteCount >= 4 else { return bytes.isEmpty || bytes.byte(0) <= 6 }
    return least...maxRequest ~= Int(Int32(bitPattern: bytes.big32(0)))
  }

  /// Whether these bytes are responses, one behind the other: the first is whole.
  static func areResponses(_ bytes: RawSpan) -> Bool {
    var at = 0
    while bytes.byteCount - at >= 8 {
      let length = Int(Int32(bitPattern: bytes.big32(at)))
      guard 4...maxRequest ~= length else { return false }
      if length > bytes.byteCount - at - 4 { return at > 0 }
      at += 4 + length
    }
    return at > 0
  }
}

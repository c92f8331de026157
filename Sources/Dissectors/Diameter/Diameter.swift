package import Bytes
import Entries
package import Flows
import JSON
import Layers

/// Diameter (RFC 6733), over TCP and as messages of SCTP, with the names of credit control
/// (RFC 8506), of network access (RFC 7155) and of 3GPP's interfaces (TS 29.230).
///
///      0                   1                   2                   3
///     +---------------+-----------------------------------------------+
///     |  version 1    |                message length                 |
///     +---------------+-----------------------------------------------+
///     | R P E T flags |                 command code                  |
///     +---------------+-----------------------------------------------+
///     |                         application id                        |
///     +---------------------------------------------------------------+
///     |                      hop-by-hop identifier                    |
///     +---------------------------------------------------------------+
///     |                      end-to-end identifier                    |
///     +---------------------------------------------------------------+
///     |  AVPs …
///
/// Either side asks; an answer has the hop-by-hop identifier of its request. Secrets, vectors of
/// authentication and user data are never kept.
package struct Diameter: Dissector {
  package static let row = DissectorRow(
    Diameter.self, name: "diameter", kinds: [.diameter], transports: [.tcp, .sctp],
    ports: [3868, 3869, 5868], priority: 10)

  static let headLength = 20
  /// Longest message whose AVPs are read, in bytes; of longer ones the head is.
  static let maxMessage = 512 << 10

  /// What comes next of a side.
  private struct Way: Sendable {
    /// After a gap: no message is known to begin here.
    var searches = false
    /// The rest of a message that is too long to be read.
    var rest = Remainder()
  }

  private var ways = BySide(client: Way(), server: Way())
  private let isStream: Bool

  package init(_ opening: Opening) {
    isStream = opening.transport == .tcp
    if opening.isMidway, isStream {
      for side in Side.allCases { ways[side].searches = true }
    }
  }

  package mutating func next(in bytes: RawSpan, from side: Side) throws(WireError) -> Step {
    if !ways[side].rest.isEmpty { return ways[side].rest.pass(bytes.byteCount) }
    if ways[side].searches {
      guard DiameterHeader.isPlausible(bytes) else {
        return DiameterHeader.mayBegin(bytes)
          ? .needs(Self.headLength + 8) : .skip(bytes.byteCount)
      }
      ways[side].searches = false
    }
    guard bytes.byteCount >= Self.headLength else { return .needs(Self.headLength) }
    let header = DiameterHeader(bytes)
    guard header.isSound else { throw WireError(.invalid) }
    if header.length > Self.maxMessage { return beginLong(header, side) }
    guard bytes.byteCount >= header.length else { return .needs(header.length) }
    return .message(
      read(header, bytes.slice(Self.headLength..<header.length)), length: header.length)
  }

  package mutating func broken(_ side: Side, by cause: Break) -> Recovery {
    switch cause {
    case .end: return .stop
    case .gap(let count) where ways[side].rest.lose(count): return .resume
    case .gap, .error:
      ways[side] = Way(searches: isStream)
      return .resynchronise
    }
  }

  package mutating func salvage(_ bytes: RawSpan, from side: Side) -> Message? {
    guard bytes.byteCount >= Self.headLength, !ways[side].searches else { return nil }
    let header = DiameterHeader(bytes)
    guard header.isSound, ways[side].rest.isEmpty else { return nil }
    var message = read(header, bytes.suffix(from: Self.headLength))
    // It is cut, not malformed.
    message.fault = nil
    return message
  }

  /// The head of a message whose AVPs are passed over.
  private mutating func beginLong(_ header: DiameterHeader, _ side: Side) -> Step {
    var message = read(header, RawSpan())
    message.extent = .open
    var ending = Ending()
    ending.fault = Entry.Fault(
      .dissection, "its \(header.length) bytes are beyond the limit and were not read")
    ways[side].rest = Remainder(
      header.length - Self.headLength, of: message.key, ending: ending)
    return .message(message, length: Self.headLength)
  }

  private func read(_ header: DiameterHeader, _ avps: RawSpan) -> Message {
    var message = Message(
      header.isRequest ? .request : .response, .diameter, key: UInt64(header.hopByHop))
    var writer = JSONWriter(reserving: 512)
    writer.beginObject()
    header.write(to: &writer)
    var reader = DiameterAVPs()
    reader.read(avps, to: &writer)
    writer.endObject()
    message.details = writer.bytes
    let command = DiameterNames.command(header.command)
    message.fields.add(.diameterMethod, .text(command))
    let application = DiameterNames.application(header.application)
    message.fields.add(.diameterApplication, .text(application))
    if header.isRequest {
      let parts: [String?] = [
        command, header.application == 0 ? nil : application,
        reader.recordType, reader.originHost,
        (reader.destinationHost ?? reader.destinationRealm).map { "→ " + $0 },
      ]
      message.fields.add(.diameterSummary, .text(parts.compactMap(\.self).joined(separator: " ")))
    } else {
      if let result = reader.result {
        message.fields.add(.diameterResult, .text(result.name))
        message.fields.add(.diameterResultCode, int: Int64(result.code))
        message.failed = result.code >= 3000
      }
      if header.isError { message.failed = true }
    }
    if let session = reader.session { message.fields.add(.diameterSession, .text(session)) }
    if !reader.isWhole, message.fault == nil {
      message.fault = Entry.Fault(.dissection, "an AVP is malformed")
    }
    return message
  }
}

extension Diameter {
  /// A header with a known command, and an AVP behind it that may be.
  package static func recognise(
    client: RawSpan, server: RawSpan, _ opening: Opening
  ) -> Recognition {
    let asked = look(client, opening)
    return asked == .no ? look(server, opening) : asked
  }

  private static func look(_ bytes: RawSpan, _ opening: Opening) -> Recognition {
    // Its first byte is not one that text begins with.
    guard !bytes.isEmpty, bytes.byte(0) == 1 else { return .no }
    guard bytes.byteCount >= headLength + 8 else {
      return opening.isFinal ? .no : .needs(headLength + 8)
    }
    guard DiameterHeader.isPlausible(bytes) else { return .no }
    return .yes(DiameterHeader(bytes).command == 257 ? .certain : .likely)
  }
}

/// The head of a message.
struct DiameterHeader: Sendable {
  let version: UInt8
  let length: Int
  let flags: UInt8
  let command: UInt32
  let application: UInt32
  let hopByHop: UInt32
  let endToEnd: UInt32

  /// - Parameter bytes: at least the twenty of a head.
  init(_ bytes: RawSpan) {
    version = bytes.byte(0)
    length = Int(bytes.big24(1))
    flags = bytes.byte(4)
    command = bytes.big24(5)
    application = bytes.big32(8)
    hopByHop = bytes.big32(12)
    endToEnd = bytes.big32(16)
  }

  var isRequest: Bool { flags & 0x80 != 0 }
  var isProxiable: Bool { flags & 0x40 != 0 }
  var isError: Bool { flags & 0x20 != 0 }
  var isRetransmitted: Bool { flags & 0x10 != 0 }

  /// The version is known and the length may be. Reserved flags are ignored, as RFC 6733 §3 wants.
  var isSound: Bool { version == 1 && length >= Diameter.headLength && length % 4 == 0 }

  /// Whether a message begins here: a known command, and an AVP behind the head whose length may
  /// be.
  static func isPlausible(_ bytes: RawSpan) -> Bool {
    guard bytes.byteCount >= Diameter.headLength + 8 else { return false }
    let header = DiameterHeader(bytes)
    guard header.isSound, header.flags & 0x0f == 0, DiameterNames.isKnown(header.command),
      header.length >= Diameter.headLength + 8
    else { return false }
    let length = Int(bytes.big24(Diameter.headLength + 5))
    return length >= 8 && length <= header.length - Diameter.headLength
  }

  /// Whether these bytes, too few to tell, may be the beginning of a message.
  static func mayBegin(_ bytes: RawSpan) -> Bool {
    guard bytes.byteCount < Diameter.headLength + 8, bytes.byte(0) == 1 else { return false }
    if bytes.byteCount > 4, bytes.byte(4) & 0x0f != 0 { return false }
    return bytes.byteCount < 8 || DiameterNames.isKnown(bytes.big24(5))
  }

  /// Writes members of the object that is open.
  func write(to writer: inout JSONWriter) {
    writer.name("command")
    writer.write(DiameterNames.command(command))
    writer.name("code")
    writer.write(Int64(command))
    writer.name("applicationId")
    writer.write(Int64(application))
    writer.name("application")
    writer.write(DiameterNames.application(application))
    var set: [String] = []
    if isRequest { set.append("request") }
    if isProxiable { set.append("proxiable") }
    if isError { set.append("error") }
    if isRetransmitted { set.append("retransmitted") }
    writer.name("flags")
    writer.beginArray()
    for flag in set { writer.write(flag) }
    writer.endArray()
    writer.name("hopByHop")
    writer.write("0x" + hexadecimal(hopByHop))
    writer.name("endToEnd")
    writer.write("0x" + hexadecimal(endToEnd))
  }

  private func hexadecimal(_ number: UInt32) -> String {
    hex((0..<4).map { UInt8(truncatingIfNeeded: number >> (24 - 8 * $0)) })
  }
}

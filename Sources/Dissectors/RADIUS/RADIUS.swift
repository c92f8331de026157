package import Bytes
package import Decompression
package import Entries
package import Flows
import JSON
import Layers

/// RADIUS: authentication (RFC 2865), accounting (RFC 2866), dynamic authorization (RFC 5176) and
/// status (RFC 5997).
///
///      0                   1                   2                   3
///     +-------+-------+---------------+
///     | code  |  id   |    length     |
///     +-------+-------+---------------+
///     |  authenticator (16 bytes)     |
///     +-------------------------------+
///     |  attributes ...
///
/// A reply has the identifier of its request. The same identifier with another authenticator is
/// another request, with the same one it is sent again; so may be its reply. A reply may have been
/// captured a moment before its request. Passwords, keys and messages of EAP are
/// never kept.
package struct RADIUS: CompletingDissector {
  package static let row = DissectorRow(
    completing: RADIUS.self, name: "radius", kinds: [.radius], transports: [.udp],
    ports: [1812, 1813, 1645, 1646, 3799], priority: 10)

  static let headLength = 20

  /// The newest request with an identifier.
  private struct Asked: Sendable {
    var key: UInt64
    var authenticator: UInt64
    /// Digest of the reply, once it has come.
    var answer: UInt64?
  }

  /// Key and digest of a reply that waits for its request.
  private struct Early: Sendable {
    var key: UInt64
    var answer: UInt64
  }

  private var asked = BySide(client: [UInt8: Asked](), server: [UInt8: Asked]())
  /// Replies with an identifier that nobody waits with: their requests may have been captured a moment
  /// later. By the side that asks.
  private var early = BySide(client: [UInt8: Early](), server: [UInt8: Early]())
  private var ordinal: UInt64 = 0

  package init(_ opening: Opening) {}

  package mutating func next(in bytes: RawSpan, from side: Side) throws(WireError) -> Step {
    guard bytes.byteCount >= Self.headLength else { return .needs(Self.headLength) }
    let length = Int(bytes.big16(2))
    guard let code = RADIUSCode(rawValue: bytes.byte(0)), length >= Self.headLength else {
      throw WireError(.invalid)
    }
    guard bytes.byteCount >= length else { return .needs(length) }
    // Bytes beyond the length are padding (RFC 2865 §3).
    return .message(read(code, bytes.prefix(length), side, isPart: false), length: bytes.byteCount)
  }

  package mutating func broken(_ side: Side, by cause: Break) -> Recovery { .resume }

  package mutating func salvage(_ bytes: RawSpan, from side: Side) -> Message? {
    guard bytes.byteCount >= Self.headLength, let code = RADIUSCode(rawValue: bytes.byte(0)) else {
      return nil
    }
    return read(code, bytes, side, isPart: true)
  }

  private mutating func read(
    _ code: RADIUSCode, _ bytes: RawSpan, _ side: Side, isPart: Bool
  ) -> Message {
    var writer = JSONWriter(reserving: 256)
    writer.beginObject()
    writer.name("code")
    writer.write(Int(code.rawValue))
    writer.name("codeName")
    writer.write(code.name)
    writer.name("identifier")
    writer.write(Int(bytes.byte(1)))
    writer.name("authenticator")
    let authenticator = hex(bytes.slice(4..<20).array())
    writer.write(authenticator)
    var attributes = RADIUSAttributes()
    attributes.read(bytes.suffix(from: Self.headLength), &writer)
    writer.endObject()
    var message = place(code, bytes, side)
    if message.role == .request {
      message.fields.add(.radiusCode, int: Int64(code.rawValue))
      message.fields.add(.radiusCodeName, .text(code.name))
    }
    if message.role == .request {
      message.fields.add(.radiusRequestAuthenticator, .text(authenticator))
    } else {
      message.fields.add(.statusText, .text(code.name))
    }
    if let user = attributes.user { message.fields.add(.radiusUser, text: user.rawSpan) }
    message.details = writer.bytes
    message.failed = code.isRefusal
    if !attributes.isWhole, !isPart {
      message.fault = Entry.Fault(.dissection, "an attribute is malformed")
    }
    return message
  }

  /// The message it is: whose request it answers, or which one it is.
  private mutating func place(_ code: RADIUSCode, _ bytes: RawSpan, _ side: Side) -> Message {
    let identifier = bytes.byte(1)
    guard code.isRequest else {
      let answer = Self.digest(bytes) &+ UInt64(code.rawValue)
      if let known = asked[side.other][identifier] {
        // A request that was sent again may have its reply sent again as well.
        if known.answer == answer { return Message(.interim, .radius, key: known.key) }
        if known.answer == nil {
          asked[side.other][identifier]?.answer = answer
          return Message(.response, .radius, key: known.key)
        }
      }
      if let known = early[side.other][identifier], known.answer == answer {
        return Message(.interim, .radius, key: known.key)
      }
      ordinal += 1
      early[side.other][identifier] = Early(key: ordinal, answer: answer)
      return Message(.response, .radius, key: ordinal)
    }
    let authenticator = Self.digest(bytes)
    if let known = asked[side][identifier], known.authenticator == authenticator {
      return Message(known.answer == nil ? .request : .interim, .radius, key: known.key)
    }
    if let reply = early[side].removeValue(forKey: identifier) {
      asked[side][identifier] = Asked(
        key: reply.key, authenticator: authenticator, answer: reply.answer)
      var message = Message(.request, .radius, key: reply.key)
      message.partner = .came
      return message
    }
    ordinal += 1
    asked[side][identifier] = Asked(key: ordinal, authenticator: authenticator)
    return Message(.request, .radius, key: ordinal)
  }

  package mutating func stillWaits(_ key: UInt64) {
    for side in Side.allCases {
      if let identifier = asked[side].first(where: { $0.value.key == key })?.key {
        asked[side][identifier]?.answer = nil
      }
    }
  }

  /// A reply that stayed alone is known by its code: one that has its request is known by that one's.
  package static func complete(
    _ entry: inout Entry, _ decompressions: inout DecompressionCounters
  ) {
    guard !entry.hasRequest, case .text(let text) = entry.fields[.details],
      let reply = try? JSONReader.value(of: text)["response"]
    else { return }
    if case .int(let code)? = reply["code"] { entry.fields.add(.radiusCode, int: code) }
    if let name = reply["codeName"]?.string { entry.fields.add(.radiusCodeName, .text(name)) }
  }

  /// The authenticator in fewer bytes.
  private static func digest(_ bytes: RawSpan) -> UInt64 {
    bytes.big64(4) ^ bytes.big64(12) &* 0x9e37_79b9_7f4a_7c15
  }
}

extension RADIUS {
  /// A known code, the right length, and attributes to the end.
  package static func recognise(
    client: RawSpan, server: RawSpan, _ opening: Opening
  ) -> Recognition {
    let bytes = client.isEmpty ? server : client
    guard bytes.byteCount >= headLength, RADIUSCode(rawValue: bytes.byte(0)) != nil else {
      return .no
    }
    let length = Int(bytes.big16(2))
    guard length >= headLength, length <= 4096 else { return .no }
    let isHome = row.ports.contains(opening.server.port) || row.ports.contains(opening.client.port)
    if isHome { return length <= bytes.byteCount + 64 ? .yes(.likely) : .no }
    guard length == bytes.byteCount, length > headLength,
      RADIUSCode(rawValue: bytes.byte(0))?.isOfRFC == true,
      RADIUSAttributes.areWellFormed(bytes.suffix(from: headLength))
    else { return .no }
    return .yes(.possible)
  }
}

/// Codes (IANA "RADIUS Packet Type Codes").
enum RADIUSCode: UInt8, Sendable {
  case accessRequest = 1
  case accessAccept = 2
  case accessReject = 3
  case accountingRequest = 4
  case accountingResponse = 5
  // Those that RFC 2882 §3 tells of: what makers of access servers added.
  case accountingStatus = 6
  case passwordRequest = 7
  case passwordACK = 8
  case passwordReject = 9
  case accountingMessage = 10
  case resourceFreeRequest = 21
  case resourceFreeResponse = 22
  case resourceQueryRequest = 23
  case resourceQueryResponse = 24
  case alternateResourceReclaimRequest = 25
  case nasRebootRequest = 26
  case nasRebootResponse = 27
  case nextPasscode = 29
  case newPIN = 30
  case terminateSession = 31
  case passwordExpired = 32
  case eventRequest = 33
  case eventResponse = 34
  case ipAddressAllocate = 50
  case ipAddressRelease = 51
  case accessChallenge = 11
  case statusServer = 12
  case statusClient = 13
  case disconnectRequest = 40
  case disconnectACK = 41
  case disconnectNAK = 42
  case coaRequest = 43
  case coaACK = 44
  case coaNAK = 45
  /// RFC 7930 §4.
  case protocolError = 52

  var isRequest: Bool {
    switch self {
    case .accessRequest, .accountingRequest, .statusServer, .statusClient, .disconnectRequest,
      .coaRequest, .accountingStatus, .passwordRequest, .accountingMessage, .resourceFreeRequest,
      .resourceQueryRequest, .alternateResourceReclaimRequest, .nasRebootRequest, .eventRequest,
      .ipAddressAllocate, .ipAddressRelease:
      true
    default: false
    }
  }

  /// It has a protocol of the IETF: the others are so rare that their number alone tells nothing.
  var isOfRFC: Bool {
    switch self {
    case .accessRequest, .accessAccept, .accessReject, .accountingRequest, .accountingResponse,
      .accessChallenge, .statusServer, .statusClient, .disconnectRequest, .disconnectACK,
      .disconnectNAK, .coaRequest, .coaACK, .coaNAK, .protocolError:
      true
    default: false
    }
  }

  var isRefusal: Bool {
    switch self {
    case .accessReject, .disconnectNAK, .coaNAK, .protocolError, .passwordReject,
      .passwordExpired, .terminateSession:
      true
    default: false
    }
  }

  var name: String {
    switch self {
    case .accessRequest: "Access-Request"
    case .accessAccept: "Access-Accept"
    case .accessReject: "Access-Reject"
    case .accountingRequest: "Accounting-Request"
    case .accountingResponse: "Accounting-Response"
    case .accessChallenge: "Access-Challenge"
    case .statusServer: "Status-Server"
    case .statusClient: "Status-Client"
    case .disconnectRequest: "Disconnect-Request"
    case .disconnectACK: "Disconnect-ACK"
    case .disconnectNAK: "Disconnect-NAK"
    case .coaRequest: "CoA-Request"
    case .coaACK: "CoA-ACK"
    case .coaNAK: "CoA-NAK"
    case .protocolError: "Protocol-Error"
    case .accountingStatus: "Accounting-Status"
    case .passwordRequest: "Password-Request"
    case .passwordACK: "Password-Ack"
    case .passwordReject: "Password-Reject"
    case .accountingMessage: "Accounting-Message"
    case .resourceFreeRequest: "Resource-Free-Request"
    case .resourceFreeResponse: "Resource-Free-Response"
    case .resourceQueryRequest: "Resource-Query-Request"
    case .resourceQueryResponse: "Resource-Query-Response"
    case .alternateResourceReclaimRequest: "Alternate-Resource-Reclaim-Request"
    case .nasRebootRequest: "NAS-Reboot-Request"
    case .nasRebootResponse: "NAS-Reboot-Response"
    case .nextPasscode: "Next-Passcode"
    case .newPIN: "New-Pin"
    case .terminateSession: "Terminate-Session"
    case .passwordExpired: "Password-Expired"
    case .eventRequest: "Event-Request"
    case .eventResponse: "Event-Response"
    case .ipAddressAllocate: "IP-Address-Allocate"
    case .ipAddressRelease: "IP-Address-Release"
    }
  }
}

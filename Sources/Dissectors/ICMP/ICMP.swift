package import Bytes
import Entries
package import Flows
import Layers

/// ICMP (RFC 792) and ICMPv6 (RFC 4443): echoes with their replies, errors with what they complain
/// about, and what neighbours tell each other.
///
///      0               8               16                             31
///     +---------------+---------------+-------------------------------+
///     |     type      |     code      |           checksum            |
///     +---------------+---------------+-------------------------------+
///     |  identifier, gateway, MTU, pointer …      sequence number     |
///     +---------------------------------------------------------------+
///     |  data, or the packet that an error is about …
///
/// A query and its reply share identifier and sequence number. Whoever hides data in echoes uses
/// the same ones for all, so a reply belongs to the newest query that has none. Data are counted,
/// not kept.
package struct ICMP: Dissector {
  package static let row = DissectorRow(
    ICMP.self, name: "icmp", kinds: [.icmp], transports: [.icmp, .icmpv6], priority: 5)

  /// Bytes of a message without which nothing can be told of it.
  private static let leastBytes = 4
  /// Bytes kept of messages other than echoes, to show what they say.
  private static let maxFacts = 512
  /// Queries whose replies are awaited; beyond it the older half is forgotten.
  private static let maxAsked = 8192

  private let isV6: Bool
  private let client: IPAddress
  private let server: IPAddress
  /// Key of the newest query without reply, by what it shares with its reply and who sent it.
  private var asked: [Lane: UInt64] = [:]
  /// The same of replies that came before their queries.
  private var early: [Lane: UInt64] = [:]
  private var ordinal: UInt64 = 0
  private var latest: Lane?

  /// What a query and its reply share.
  private struct Lane: Hashable, Sendable {
    var type: UInt8
    var rest: UInt32
    var asker: Side
  }

  package init(_ opening: Opening) {
    isV6 = opening.transport == .icmpv6
    (client, server) = (opening.client.address, opening.server.address)
  }

  /// Nothing else travels so.
  package static func recognise(
    client: RawSpan, server: RawSpan, _ opening: Opening
  ) -> Recognition {
    max(client.byteCount, server.byteCount) >= leastBytes ? .yes(.certain) : .no
  }

  package mutating func next(in bytes: RawSpan, from side: Side) throws(WireError) -> Step {
    guard bytes.byteCount >= ICMPHeader.length else { return .needs(ICMPHeader.length) }
    let header = try ICMPHeader(bytes, isV6: isV6)
    return .message(read(header, bytes, side), length: bytes.byteCount)
  }

  package mutating func broken(_ side: Side, by cause: Break) -> Recovery { .resume }

  package mutating func salvage(_ bytes: RawSpan, from side: Side) -> Message? {
    guard bytes.byteCount >= Self.leastBytes else { return nil }
    let padded = bytes.array() + Array(repeating: 0, count: ICMPHeader.length)
    guard let header = try? ICMPHeader(padded.rawSpan, isV6: isV6) else { return nil }
    var message = Message(.notice, .icmp, key: nextKey())
    message.partner = .none
    describe(header, bytes, in: &message)
    return message
  }

  package mutating func stillWaits(_ key: UInt64) {
    if let latest { note(latest, key) }
  }

  private mutating func read(_ header: ICMPHeader, _ bytes: RawSpan, _ side: Side) -> Message {
    var message = place(header, side)
    describe(header, bytes, in: &message)
    if header.isError, let quoted = QuotedPacket(in: bytes) {
      let about = ICMPAbout(quoted)
      message.fields.add(.icmpAbout, .text(about.text))
      if let flow = about.flow { message.fields.add(.icmpAboutFlow, int: flow) }
    }
    return message
  }

  // MARK: Pairing

  /// The message it is: a query, the reply to one, or one that stands alone.
  private mutating func place(_ header: ICMPHeader, _ side: Side) -> Message {
    let names = ICMPNames(isV6: isV6)
    if let mask = names.queryMask(header.type) {
      // A query to a group is answered by its members, from addresses of their own.
      let isToGroup = (side == .client ? server : client).isMulticast
      let lane = Lane(type: header.type, rest: header.rest & mask, asker: side)
      latest = lane
      var message: Message
      if let key = early.removeValue(forKey: lane) {
        message = Message(.request, .icmp, key: key)
      } else {
        message = Message(.request, .icmp, key: nextKey())
        note(lane, message.key)
      }
      if isToGroup { message.partner = .none }
      return message
    }
    if let query = names.query(ofReply: header.type), let mask = names.queryMask(query) {
      let lane = Lane(type: query, rest: header.rest & mask, asker: side.other)
      if let key = asked.removeValue(forKey: lane) { return Message(.response, .icmp, key: key) }
      let key = nextKey()
      if early.count >= Self.maxAsked { early = [:] }
      early[lane] = key
      return Message(.response, .icmp, key: key)
    }
    var message = Message(.notice, .icmp, key: nextKey())
    message.partner = .none
    return message
  }

  private mutating func nextKey() -> UInt64 {
    ordinal += 1
    return ordinal
  }

  private mutating func note(_ lane: Lane, _ key: UInt64) {
    if asked.count >= Self.maxAsked {
      let oldest = ordinal - min(ordinal, UInt64(Self.maxAsked / 2))
      asked = asked.filter { $0.value > oldest }
    }
    asked[lane] = key
  }

  // MARK: What it says

  private func describe(_ header: ICMPHeader, _ bytes: RawSpan, in message: inout Message) {
    let names = ICMPNames(isV6: isV6)
    let isReply = message.role == .response
    message.fields.add(
      .icmpType,
      .text(
        isReply ? names.call(ofReply: header.type) : names.name(header.type, header.code)))
    message.fields.add(.icmpVersion, int: isV6 ? 6 : 4)
    message.fields.add(.icmpLength, int: Int64(bytes.byteCount))
    if isReply {
      message.fields.add(.statusText, .text(names.outcome(header.type, header.code)))
    }
    message.failed = header.isError || names.isRefusal(header.type, header.code)
    message.fields.add(isReply ? .responseFacts : .requestFacts, .bytes) { facts in
      facts.append(isV6 ? 6 : 4)
      facts.append(little: UInt32(bytes.byteCount))
      let isQuery =
        names.queryMask(header.type) != nil || names.query(ofReply: header.type) != nil
      facts.append(bytes.prefix(isQuery ? ICMPHeader.length : Self.maxFacts))
    }
  }

  package static func details(of facts: RawSpan) -> [UInt8] { ICMPDetails.json(facts) }
}

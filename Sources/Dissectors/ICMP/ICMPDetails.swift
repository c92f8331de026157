import Bytes
import JSON
import Layers

/// The details of one message: its numbers, what an error quotes, what neighbours and routers tell
/// of themselves.
///
/// Made of the version (one byte), the length of the whole message (four bytes) and its beginning.
enum ICMPDetails {
  /// Options, groups and addresses shown of one message.
  private static let maxShown = 16

  static func json(_ facts: RawSpan) -> [UInt8] {
    guard facts.byteCount >= 5 + 4 else { return [] }
    let isV6 = facts.byte(0) == 6
    let length = Int(facts.little32(1))
    let message = facts.suffix(from: 5)
    var writer = JSONWriter(reserving: 256)
    writer.beginObject()
    writer.name("type")
    writer.write(Int(message.byte(0)))
    writer.name("code")
    writer.write(Int(message.byte(1)))
    writer.name("name")
    writer.write(ICMPNames(isV6: isV6).name(message.byte(0), message.byte(1)))
    writer.name("length")
    writer.write(length)
    if let header = try? ICMPHeader(message, isV6: isV6) {
      rest(header, message, length, &writer)
    }
    writer.endObject()
    return writer.bytes
  }

  /// What the four bytes behind the checksum mean, and what follows.
  private static func rest(
    _ header: ICMPHeader, _ message: RawSpan, _ length: Int, _ writer: inout JSONWriter
  ) {
    let names = ICMPNames(isV6: header.isV6)
    if names.queryMask(header.type) != nil || names.query(ofReply: header.type) != nil {
      writer.name("identifier")
      writer.write(Int(header.identifier))
      if let mask = names.queryMask(names.query(ofReply: header.type) ?? header.type),
        mask & 0xffff != 0
      {
        writer.name("sequence")
        writer.write(Int(mask == .max ? header.sequence : header.sequence >> 8))
      }
      writer.name("dataLength")
      writer.write(length - ICMPHeader.length)
      return
    }
    if header.isError {
      error(header, message, &writer)
    } else if header.isV6 {
      v6(header, message, &writer)
    }
  }

  private static func error(
    _ header: ICMPHeader, _ message: RawSpan, _ writer: inout JSONWriter
  ) {
    switch (header.isV6, header.type, header.code) {
    case (false, 3, 4):
      writer.name("mtu")
      writer.write(Int(header.sequence))
    case (true, 2, _):
      writer.name("mtu")
      writer.write(Int(header.rest))
    case (false, 5, _):
      writer.name("gateway")
      writer.write(IPAddress(v4: header.rest).description)
    case (false, 12, 0):
      writer.name("pointer")
      writer.write(Int(header.rest >> 24))
    case (true, 4, _):
      writer.name("pointer")
      writer.write(Int(header.rest))
    default: break
    }
    quote(message, &writer)
  }

  /// The packet that it is about.
  private static func quote(_ message: RawSpan, _ writer: inout JSONWriter) {
    guard let packet = QuotedPacket(in: message) else { return }
    writer.name("about")
    writer.beginObject()
    writer.name("transport")
    writer.write(ICMPAbout.name(packet.number))
    writer.name("source")
    writer.write(packet.source.description)
    writer.name("destination")
    writer.write(packet.destination.description)
    if packet.sourcePort != 0 || packet.destinationPort != 0 {
      writer.name("sourcePort")
      writer.write(Int(packet.sourcePort))
      writer.name("destinationPort")
      writer.write(Int(packet.destinationPort))
    }
    writer.endObject()
  }

  // MARK: Neighbours (RFC 4861), listeners (RFC 2710, RFC 3810)

  private static func v6(
    _ header: ICMPHeader, _ message: RawSpan, _ writer: inout JSONWriter
  ) {
    switch header.type {
    case 130, 131, 132: address("group", message, 8, &writer)
    case 143: groups(header, message, &writer)
    case 133: options(message, 8, &writer)
    case 134:
      guard message.byteCount >= 16 else { return }
      writer.name("hopLimit")
      writer.write(Int(message.byte(4)))
      writer.name("lifetimeSeconds")
      writer.write(Int(message.big16(6)))
      options(message, 16, &writer)
    case 135, 136:
      if header.type == 136 {
        writer.name("isRouter")
        writer.write(header.rest >> 31 == 1)
        writer.name("isSolicited")
        writer.write(header.rest >> 30 & 1 == 1)
      }
      address("target", message, 8, &writer)
      options(message, 24, &writer)
    case 137:
      address("target", message, 8, &writer)
      address("destination", message, 24, &writer)
      options(message, 40, &writer)
    default: break
    }
  }

  private static func address(
    _ name: String, _ message: RawSpan, _ at: Int, _ writer: inout JSONWriter
  ) {
    guard message.byteCount >= at + 16 else { return }
    writer.name(name)
    writer.write(IPAddress(v6: message, at: at).description)
  }

  /// Records of a report: type, length of auxiliary data, sources, group (RFC 3810 §5.2).
  private static func groups(
    _ header: ICMPHeader, _ message: RawSpan, _ writer: inout JSONWriter
  ) {
    writer.name("groups")
    writer.beginArray()
    var at = ICMPHeader.length
    for _ in 0..<min(Int(header.sequence), maxShown) where message.byteCount >= at + 20 {
      writer.write(IPAddress(v6: message, at: at + 4).description)
      at += 20 + Int(message.big16(at + 2)) * 16 + Int(message.byte(at + 1)) * 4
    }
    writer.endArray()
  }

  /// Options: type, length in units of eight bytes, value (RFC 4861 §4.6).
  private static func options(_ message: RawSpan, _ start: Int, _ writer: inout JSONWriter) {
    guard message.byteCount > start else { return }
    writer.name("options")
    writer.beginArray()
    var at = start
    var count = 0
    while at + 8 <= message.byteCount, count < maxShown {
      let length = Int(message.byte(at + 1)) * 8
      guard length > 0, at + length <= message.byteCount else { break }
      option(message.slice(at..<at + length), &writer)
      at += length
      count += 1
    }
    writer.endArray()
  }

  private static func option(_ option: RawSpan, _ writer: inout JSONWriter) {
    let names: [UInt8: String] = [
      1: "sourceLinkLayerAddress", 2: "targetLinkLayerAddress", 3: "prefix", 4: "redirectedHeader",
      5: "mtu", 14: "nonce", 24: "route", 25: "nameServers", 31: "searchList", 38: "pref64",
    ]
    writer.beginObject()
    writer.name("type")
    writer.write(Int(option.byte(0)))
    if let name = names[option.byte(0)] {
      writer.name("name")
      writer.write(name)
    }
    switch option.byte(0) {
    case 1, 2:
      writer.name("value")
      writer.write(
        option.slice(2..<8).array().map { hex([$0]) }.joined(separator: ":"))
    case 3 where option.byteCount >= 32:
      writer.name("value")
      writer.write("\(IPAddress(v6: option, at: 16))/\(option.byte(2))")
    case 5:
      writer.name("value")
      writer.write(Int(option.big32(4)))
    default: break
    }
    writer.endObject()
  }
}

import Bytes
import JSON

/// What a client says of QUIC inside its ClientHello (RFC 9000 §18, RFC 9001 §8.2): an identifier and
/// a length, as numbers of variable length, and a value each.
enum QUICTransportParameters {
  /// Parameters that are shown.
  private static let maxShown = 64
  /// Bytes of an unknown value that are shown.
  private static let maxValue = 32

  private enum Form {
    case number, flag, identifier, secret, versions, other
  }

  /// Writes a member `transportParameters`; nothing where there are none.
  static func write(_ bytes: RawSpan, _ writer: inout JSONWriter) {
    if bytes.isEmpty { return }
    writer.name("transportParameters")
    writer.beginObject()
    var cursor = Cursor(bytes)
    var seen: Set<Int> = []
    while let identifier = try? cursor.quicVarint(), let length = try? cursor.quicVarint(),
      length <= cursor.remaining, seen.count < maxShown
    {
      let value = bytes.slice(cursor.offset..<cursor.offset + length)
      try? cursor.skip(length)
      // Reserved so that nobody relies on a list (RFC 9000 §18.1); no parameter comes twice.
      if identifier % 31 == 27 || !seen.insert(identifier).inserted { continue }
      let known = known(identifier)
      writer.name(known.name)
      show(value, known.form, &writer)
    }
    writer.endObject()
  }

  private static func show(_ value: RawSpan, _ form: Form, _ writer: inout JSONWriter) {
    switch form {
    case .number:
      var cursor = Cursor(value)
      if let number = try? cursor.quicVarint(), cursor.isAtEnd {
        writer.write(number)
      } else {
        writer.write("0x" + hex(value.prefix(maxValue).array()))
      }
    case .flag: writer.write(true)
    case .identifier: writer.write(hex(value.prefix(QUICPacket.maxConnectionID).array()))
    case .secret: writer.write("[redacted]")
    case .versions:
      writer.beginArray()
      for version in QUICNames.versions(value) { writer.write(version) }
      writer.endArray()
    case .other: writer.write("0x" + hex(value.prefix(maxValue).array()))
    }
  }

  /// Names of RFC 9000 §18.2, RFC 9221 §3, RFC 9287 §3 and RFC 9368 §3.
  private static func known(_ identifier: Int) -> (name: String, form: Form) {
    switch identifier {
    case 0x00: ("original_destination_connection_id", .identifier)
    case 0x01: ("max_idle_timeout", .number)
    case 0x02: ("stateless_reset_token", .secret)
    case 0x03: ("max_udp_payload_size", .number)
    case 0x04: ("initial_max_data", .number)
    case 0x05: ("initial_max_stream_data_bidi_local", .number)
    case 0x06: ("initial_max_stream_data_bidi_remote", .number)
    case 0x07: ("initial_max_stream_data_uni", .number)
    case 0x08: ("initial_max_streams_bidi", .number)
    case 0x09: ("initial_max_streams_uni", .number)
    case 0x0a: ("ack_delay_exponent", .number)
    case 0x0b: ("max_ack_delay", .number)
    case 0x0c: ("disable_active_migration", .flag)
    // It has a token of that kind inside.
    case 0x0d: ("preferred_address", .secret)
    case 0x0e: ("active_connection_id_limit", .number)
    case 0x0f: ("initial_source_connection_id", .identifier)
    case 0x10: ("retry_source_connection_id", .identifier)
    case 0x11: ("version_information", .versions)
    case 0x20: ("max_datagram_frame_size", .number)
    case 0x2ab2: ("grease_quic_bit", .flag)
    default: ("0x" + String(identifier, radix: 16), .other)
    }
  }
}

import Bytes
import JSON

/// What packets of QUIC tell beside the hellos that they carry: for the details of an entry.
struct QUICSight: Sendable {
  /// The server wanted to see that the client gets what is sent to it (Retry).
  var isRetried = false
  /// Versions that the server offered instead.
  var offered: [String] = []
  /// Packets of early data before the reply.
  var earlyPackets = 0

  /// A JSON object beside a ClientHello, which `packet` completed.
  func request(_ packet: QUICPacket, _ hello: TLSClientHello) -> [UInt8] {
    var writer = JSONWriter(reserving: 512)
    writer.beginObject()
    Self.writeHead(packet, &writer)
    if packet.tokenLength > 0 {
      writer.name("tokenLength")
      writer.write(packet.tokenLength)
    }
    QUICTransportParameters.write(hello.transportParameters.rawSpan, &writer)
    writer.endObject()
    return writer.bytes
  }

  /// A JSON object beside a ServerHello, or the refusal in its place.
  func reply(_ packet: QUICPacket, _ close: QUICClose?) -> [UInt8] {
    var writer = JSONWriter(reserving: 256)
    writer.beginObject()
    Self.writeHead(packet, &writer)
    if isRetried {
      writer.name("retry")
      writer.write(true)
    }
    writer.list("versionNegotiation", offered)
    if earlyPackets > 0 {
      writer.name("earlyDataPackets")
      writer.write(earlyPackets)
    }
    if let close {
      writer.name("closeCode")
      writer.write(close.code)
      if !close.reason.isEmpty {
        writer.name("closeReason")
        writer.write(close.reason)
      }
    }
    writer.endObject()
    return writer.bytes
  }

  private static func writeHead(_ packet: QUICPacket, _ writer: inout JSONWriter) {
    writer.name("version")
    writer.write(QUICNames.version(packet.version.rawValue))
    writer.name("destinationConnectionID")
    writer.write(hex(packet.destination))
    writer.name("sourceConnectionID")
    writer.write(hex(packet.source))
  }
}

import Bytes
import JSON

/// What carries a handshake.
enum TLSCarrier: Sendable {
  /// Records over TCP.
  case records
  /// Records of DTLS; the server may have asked the client to show that it gets what is sent to it.
  case datagrams(isVerified: Bool)
  /// Packets of QUIC, with what they told: a JSON object.
  case quic([UInt8])

  /// The first letter of JA4.
  var letter: String {
    switch self {
    case .records: "t"
    case .datagrams: "d"
    case .quic: "q"
    }
  }
}

extension JSONWriter {
  /// Members with what carried a message, beside what it says.
  mutating func write(_ carrier: TLSCarrier) {
    switch carrier {
    case .records, .datagrams(isVerified: false): break
    case .datagrams(isVerified: true):
      name("helloVerifyRequest")
      write(true)
    case .quic(let object):
      name("quic")
      raw(object.rawSpan)
    }
  }
}

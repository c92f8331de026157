import Bytes
import Layers

/// Types of chunks (IANA "SCTP Parameters").
enum SCTPChunkType: UInt8, Sendable {
  case data = 0
  case initiation = 1
  case initiationACK = 2
  case sack = 3
  case heartbeat = 4
  case heartbeatACK = 5
  case abort = 6
  case shutdown = 7
  case shutdownACK = 8
  case error = 9
  case cookieEcho = 10
  case cookieACK = 11
  case ecnEcho = 12
  case congestionWindowReduced = 13
  case shutdownComplete = 14
  case authentication = 15
  case iData = 64
  case addressChangeACK = 128
  case reconfiguration = 130
  case padding = 132
  case forwardTSN = 192
  case addressChange = 193
  case iForwardTSN = 194

  /// As RFC 9260 §3.2 spells it.
  var name: String {
    switch self {
    case .data: "DATA"
    case .initiation: "INIT"
    case .initiationACK: "INIT ACK"
    case .sack: "SACK"
    case .heartbeat: "HEARTBEAT"
    case .heartbeatACK: "HEARTBEAT ACK"
    case .abort: "ABORT"
    case .shutdown: "SHUTDOWN"
    case .shutdownACK: "SHUTDOWN ACK"
    case .error: "ERROR"
    case .cookieEcho: "COOKIE ECHO"
    case .cookieACK: "COOKIE ACK"
    case .ecnEcho: "ECNE"
    case .congestionWindowReduced: "CWR"
    case .shutdownComplete: "SHUTDOWN COMPLETE"
    case .authentication: "AUTH"
    case .iData: "I-DATA"
    case .addressChangeACK: "ASCONF-ACK"
    case .reconfiguration: "RE-CONFIG"
    case .padding: "PAD"
    case .forwardTSN: "FORWARD TSN"
    case .addressChange: "ASCONF"
    case .iForwardTSN: "I-FORWARD TSN"
    }
  }

  static func name(_ type: UInt8) -> String { Self(rawValue: type)?.name ?? "chunk \(type)" }

  /// Causes of ABORT and ERROR (RFC 9260 §3.3.10).
  static func cause(_ code: UInt16) -> String {
    switch code {
    case 1: "invalid stream identifier"
    case 2: "missing mandatory parameter"
    case 3: "stale cookie"
    case 4: "out of resource"
    case 5: "unresolvable address"
    case 6: "unrecognised chunk type"
    case 7: "invalid mandatory parameter"
    case 8: "unrecognised parameters"
    case 9: "no user data"
    case 10: "cookie received while shutting down"
    case 11: "restart with new addresses"
    case 12: "user initiated abort"
    case 13: "protocol violation"
    default: "cause \(code)"
    }
  }

  /// What a message carries (IANA "Payload Protocol Identifiers"); nil when it does not say.
  static func payloadProtocol(_ identifier: UInt32) -> String? {
    switch identifier {
    case 0: nil
    case 1: "IUA"
    case 2: "M2UA"
    case 3: "M3UA"
    case 4: "SUA"
    case 5: "M2PA"
    case 6: "V5UA"
    case 7: "H.248"
    case 9: "TALI"
    case 11: "ASAP"
    case 12: "ENRP"
    case 18: "S1AP"
    case 19: "RUA"
    case 20: "HNBAP"
    case 24: "SBc-AP"
    case 25: "NBAP"
    case 27: "X2AP"
    case 29: "LCS-AP"
    case 46: "Diameter"
    case 47: "Diameter over DTLS"
    case 50: "WebRTC DCEP"
    case 51: "WebRTC String"
    case 53: "WebRTC Binary"
    case 60: "NGAP"
    case 61: "XnAP"
    case 62: "F1AP"
    case 64: "E1AP"
    case 70: "E2AP"
    default: "protocol \(identifier)"
    }
  }
}

/// The head of a DATA or I-DATA chunk (RFC 9260 §3.3.1, RFC 8260 §2.1).
///
///      0                   1                   2                   3
///     +---------------------------------------------------------------+
///     |                              TSN                              |
///     +-------------------------------+-------------------------------+
///     |            stream             | stream sequence, or reserved  |
///     +-------------------------------+-------------------------------+
///     |               message identifier (I-DATA only)                |
///     +---------------------------------------------------------------+
///     |  payload protocol; in I-DATA behind the first the fragment's  |
///     |  number within the message                                    |
///     +---------------------------------------------------------------+
struct SCTPData: Sendable {
  var isInterleaved: Bool
  var tsn: UInt32
  var stream: UInt16
  /// Place among the messages of its stream.
  var streamSequence: UInt32
  /// Payload protocol; 0 in later fragments of I-DATA, which do not say.
  var payloadProtocol: UInt32
  var isFirst: Bool
  var isLast: Bool
  var isUnordered: Bool
  private var number: UInt32

  /// Nil when the chunk ends inside its head.
  init?(_ chunk: SCTPChunk, _ value: RawSpan) {
    isInterleaved = chunk.type == SCTPChunkType.iData.rawValue
    guard value.byteCount >= (isInterleaved ? 16 : 12) else { return nil }
    isLast = chunk.flags & 1 != 0
    isFirst = chunk.flags & 2 != 0
    isUnordered = chunk.flags & 4 != 0
    tsn = value.big32(0)
    stream = value.big16(4)
    if isInterleaved {
      streamSequence = value.big32(8)
      payloadProtocol = isFirst ? value.big32(12) : 0
      number = isFirst ? 0 : value.big32(12)
    } else {
      streamSequence = UInt32(value.big16(6))
      payloadProtocol = value.big32(8)
      number = tsn
    }
  }

  var headLength: Int { isInterleaved ? 16 : 12 }

  /// Place of the fragment among its neighbours.
  var fragmentNumber: UInt32 { number }

  /// What only fragments of one message share; in DATA their sequence numbers tell.
  var lane: UInt64 {
    isInterleaved
      ? 1 << 63 | (isUnordered ? 1 << 62 : 0) | UInt64(stream) << 32 | UInt64(streamSequence) : 0
  }
}

import Bytes

/// Frames and header blocks as tests write them down (RFC 9113 §4.1, RFC 7541 §6).
enum H2 {
  static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
  static let settings = frame(4, 0, 0, [])
  static let acknowledgement = frame(4, 1, 0, [])
  static let opening = preface + settings
  static let endStream: UInt8 = 1
  static let endHeaders: UInt8 = 4

  static func frame(_ type: UInt8, _ flags: UInt8, _ stream: UInt32, _ payload: [UInt8]) -> [UInt8]
  {
    let length = payload.count
    return [UInt8(length >> 16), UInt8(length >> 8 & 255), UInt8(length & 255), type, flags]
      + big32(stream) + payload
  }

  static func big32(_ value: UInt32) -> [UInt8] {
    [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
  }

  static func headers(
    _ stream: UInt32, _ fields: [(String, String)], ends: Bool = false
  ) -> [UInt8] {
    frame(1, endHeaders | (ends ? endStream : 0), stream, block(fields))
  }

  static func data(_ stream: UInt32, _ text: String, ends: Bool = false) -> [UInt8] {
    frame(0, ends ? endStream : 0, stream, Array(text.utf8))
  }

  static func data(_ stream: UInt32, _ bytes: [UInt8], ends: Bool = false) -> [UInt8] {
    frame(0, ends ? endStream : 0, stream, bytes)
  }

  static func reset(_ stream: UInt32, _ code: UInt32) -> [UInt8] {
    frame(3, 0, stream, big32(code))
  }

  static func goAway(last: UInt32, _ code: UInt32) -> [UInt8] {
    frame(7, 0, 0, big32(last) + big32(code) + Array("bye".utf8))
  }

  /// Fields without indexing; names and values below 127 bytes.
  static func block(_ fields: [(String, String)]) -> [UInt8] {
    var block: [UInt8] = []
    for (name, value) in fields {
      block += [0, UInt8(name.utf8.count)]
      block += Array(name.utf8)
      block.append(UInt8(value.utf8.count))
      block += Array(value.utf8)
    }
    return block
  }

  static func get(_ stream: UInt32, _ path: String) -> [UInt8] {
    headers(stream, request("GET", path), ends: true)
  }

  static func request(_ method: String, _ path: String) -> [(String, String)] {
    [
      (":method", method), (":scheme", "http"), (":path", path), (":authority", "shop.example:81"),
    ]
  }

  /// A length-prefixed message of gRPC.
  static func message(_ bytes: [UInt8], compressed: Bool = false) -> [UInt8] {
    [compressed ? 1 : 0] + big32(UInt32(bytes.count)) + bytes
  }
}

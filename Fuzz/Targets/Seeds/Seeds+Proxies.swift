import Flows

// Handshakes with proxies, and what servers of DNS say to each other.
extension Seeds {
  private static let request = Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
  private static let reply = Array("HTTP/1.1 204 No Content\r\n\r\n".utf8)

  // MARK: SOCKS: with a password, by name; with none; a connection that is waited for; versions 4, 4a

  static let socks: [[(Side, [UInt8])]] = [
    [
      (.client, [5, 2, 0, 2]), (.server, [5, 2]), (.client, [1, 1, 0x75, 1, 0x70]),
      (.server, [1, 0]), (.client, [5, 1, 0, 3, 1, 0x61, 0, 80]),
      (.server, [5, 0, 0, 1, 0, 0, 0, 0, 0, 0]), (.client, request), (.server, reply),
    ],
    [
      (.client, [5, 1, 0]), (.server, [5, 0]),
      (.client, [5, 1, 0, 4] + [UInt8](repeating: 0, count: 15) + [1, 0, 80]),
      (.server, [5, 5, 0, 1, 0, 0, 0, 0, 0, 0]),
    ],
    [
      (.client, [5, 1, 0]), (.server, [5, 0]), (.client, [5, 2, 0, 1, 10, 0, 0, 1, 0, 80]),
      (.server, [5, 0, 0, 1, 10, 0, 0, 9, 0, 81]), (.server, [5, 0, 0, 1, 10, 0, 0, 1, 0, 82]),
      (.server, request), (.client, reply),
    ],
    [(.client, [5, 1, 7]), (.server, [5, 0xff])],
    [
      (.client, [4, 1, 0, 80, 10, 0, 0, 1, 0x75, 0]), (.server, [0, 0x5a, 0, 0, 0, 0, 0, 0]),
      (.client, request), (.server, reply),
    ],
    [
      (.client, [4, 1, 0, 80, 0, 0, 0, 1, 0x75, 0, 0x61, 0]),
      (.server, [0, 0x5b, 0, 0, 0, 0, 0, 0]),
    ],
  ]

  // MARK: The PROXY protocol, both versions

  private static let signature: [UInt8] = [
    0x0d, 0x0a, 0x0d, 0x0a, 0, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a,
  ]

  static let proxied: [[(Side, [UInt8])]] = [
    [
      (.client, Array("PROXY TCP4 192.0.2.1 10.0.0.2 50000 80\r\n".utf8) + request),
      (.server, reply),
    ],
    [
      (.client, signature + [0x21, 0x11, 0, 12, 192, 0, 2, 1, 10, 0, 0, 2, 0xc3, 0x50, 0, 80]),
      (.client, request), (.server, reply),
    ],
  ]

  // MARK: DNS over TCP: a zone, its changes, an update, a notice

  private static func message(
    _ flags: UInt8, _ counts: [UInt8], type: UInt8, _ records: [[UInt8]]
  ) -> [UInt8] {
    var message: [UInt8] = [0, 7, flags, 0]
    for count in counts { message += [0, count] }
    message += [1, 0x61, 0, 0, type, 0, 1]
    for record in records { message += record }
    return [0, UInt8(message.count)] + message
  }

  private static func record(
    _ type: UInt8, _ data: [UInt8], class recordClass: UInt8 = 1
  ) -> [UInt8] {
    let head: [UInt8] = [0xc0, 12, 0, type, 0, recordClass, 0, 0, 0, 9, 0, UInt8(data.count)]
    return head + data
  }

  private static func authority(_ serial: UInt8) -> [UInt8] {
    let names: [UInt8] = [0, 0, 0, 0, 0, serial]
    return record(6, names + [UInt8](repeating: 1, count: 16))
  }

  static let zones: [[(Side, [UInt8])]] = [
    [
      (.client, message(0, [1, 0, 0, 0], type: 252, [])),
      (
        .server, message(0x84, [1, 2, 0, 0], type: 252, [authority(3), record(1, [10, 0, 0, 1])])
      ),
      (.server, message(0x84, [1, 2, 0, 0], type: 252, [record(16, [1, 0x78]), authority(3)])),
    ],
    [
      (.client, message(0, [1, 0, 1, 0], type: 251, [authority(1)])),
      (
        .server,
        message(
          0x84, [1, 6, 0, 0], type: 251,
          [
            authority(2), authority(1), record(1, [10, 0, 0, 1]), authority(2),
            record(1, [10, 0, 0, 2]), authority(2),
          ])
      ),
    ],
    [
      (
        .client,
        message(
          0x28, [1, 2, 2, 0], type: 6,
          [
            record(255, [], class: 255), record(1, [], class: 254), record(1, [10, 0, 0, 1]),
            record(16, [], class: 255),
          ])
      ),
      (.server, message(0xa8, [1, 0, 0, 0], type: 6, [])),
    ],
    [
      (.client, message(0x24, [1, 1, 0, 0], type: 6, [authority(4)])),
      (.server, message(0xa4, [1, 0, 0, 0], type: 6, [])),
    ],
  ]
}

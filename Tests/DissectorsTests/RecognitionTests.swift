import Bytes
import Dissectors
import Entries
import Flows
import Layers
import TestSupport
import Testing

/// Protocols are told by what is said, not by ports.
@Suite struct RecognitionTests {
  /// One exchange of each protocol.
  private static let exchanges: [(kind: ProtocolKind, transport: Transport, [UInt8], [UInt8])] = [
    (.http, .tcp, text("GET / HTTP/1.1\r\nhost: a\r\n\r\n"), text("HTTP/1.1 204 No\r\n\r\n")),
    (
      .http2, .tcp, H2.opening + H2.get(1, "/"),
      H2.settings + H2.headers(1, [(":status", "204")], ends: true)
    ),
    (.redis, .tcp, text("*2\r\n$3\r\nGET\r\n$1\r\na\r\n"), text("$-1\r\n")),
    (
      .kafka, .tcp, [0, 0, 0, 14, 0, 18, 0, 0, 0, 0, 0, 1, 0, 4] + text("shop"),
      [0, 0, 0, 10, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0]
    ),
    (.dns, .udp, query, query.answered),
    (.dns, .tcp, [0, UInt8(query.count)] + query, [0, UInt8(query.count)] + query.answered),
  ]

  private static func text(_ text: String) -> [UInt8] { Array(text.utf8) }

  /// A for `a.b`.
  private static let query: [UInt8] =
    [7, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0x61, 1, 0x62, 0, 0, 1, 0, 1]

  /// Ports of nobody, and ports of others.
  @Test(arguments: [31_234, 1, 65_535, 53, 80, 443, 6379, 9092, 50_051] as [UInt16])
  func everyProtocolIsFoundOnEveryPort(port: UInt16) {
    for (kind, transport, asked, answered) in Self.exchanges {
      var talk = Talk(transport: transport, serverPort: port)
      talk.says(.client, asked)
      talk.says(.server, answered)
      let calls = talk.calls()
      #expect(calls.map(\.kind) == [kind], "\(kind) over \(transport) on port \(port)")
      #expect(calls.allSatisfy { $0.hasRequest && $0.hasResponse && $0.fault == nil })
    }
  }

  /// Joined after the beginning, a whole exchange is enough.
  @Test func everyProtocolIsFoundFromTheMiddle() {
    for (kind, transport, asked, answered) in Self.exchanges {
      var talk = Talk(transport: transport, serverPort: 31_234)
      talk.isMidway = true
      talk.says(.client, asked)
      talk.says(.server, answered)
      #expect(talk.calls().map(\.kind) == [kind], "\(kind) over \(transport)")
    }
  }

  @Test(arguments: [Transport.tcp, .udp])
  func chanceBytesAreNothing(transport: Transport) {
    var random = SeededGenerator(seed: 21)
    let ports: [UInt16] = [31_234, 53, 80, 443, 6379, 9092, 50_051]
    var found: [ProtocolKind: Int] = [:]
    for round in 0..<7_000 {
      var talk = Talk(transport: transport, serverPort: ports[round % ports.count])
      talk.isMidway = round % 3 == 0
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        let count = Int.random(in: 1...300, using: &random)
        // All bytes, or those of text.
        let values: ClosedRange<UInt8> = Bool.random(using: &random) ? 0...255 : 0x20...0x7e
        let bytes = (0..<count).map { _ in UInt8.random(in: values, using: &random) }
        talk.says(Bool.random(using: &random) ? .client : .server, bytes)
      }
      for call in talk.calls() where ![.tcp, .udp].contains(call.kind) {
        found[call.kind, default: 0] += 1
      }
    }
    #expect(found.isEmpty)
  }
}

extension [UInt8] {
  /// The query as its reply without answers.
  fileprivate var answered: [UInt8] {
    var reply = self
    reply[2] |= 0x80
    return reply
  }
}

import Bytes
import Dissectors
import Entries
import Flows
import Testing

@Suite struct ProxyHeaderTests {
  private static let signature: [UInt8] = Array("\r\n\r\n\0\r\nQUIT\n".utf8)
  private static let headers: [[UInt8]] = [
    Array("PROXY TCP4 192.0.2.1 10.0.0.2 50000 80\r\n".utf8), Array("PROXY UNKNOWN\r\n".utf8),
    signature + [0x21, 0x11, 0, 12, 192, 0, 2, 1, 10, 0, 0, 2, 0xc3, 0x50, 0, 80],
    // From the proxy itself, as it looks whether the server lives.
    signature + [0x20, 0, 0, 0],
  ]

  @Test(arguments: 0..<4)
  func whatFollowsIsReadAsIfItWereNotThere(header: Int) {
    var talk = Talk(serverPort: 8000)
    talk.says(.client, Self.headers[header] + Array("GET /a HTTP/1.1\r\nHost: x\r\n\r\n".utf8))
    talk.server("HTTP/1.1 204 No Content\r\n\r\n")
    talk.client("GET /b HTTP/1.1\r\nHost: x\r\n\r\n")
    talk.server("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
    let calls = talk.calls()
    #expect(calls.map(\.kind) == [.http, .http])
    #expect(calls.map { $0.text(.path) } == ["/a", "/b"])
    #expect(calls.map { $0.int(.statusCode) } == [204, 404])
    #expect(calls.allSatisfy { $0.fault == nil })
    Laws.split(talk)
    Laws.mutation(talk, rounds: 50)
  }

  @Test func handshakesBehindItAreSeen() {
    for header in Self.headers {
      var talk = Talk(serverPort: 8443)
      talk.says(.client, header)
      talk.says(.client, TLSTests.clientHello)
      talk.says(.server, TLSTests.record(21, [2, 40]))
      let calls = talk.calls()
      #expect(calls.map(\.kind) == [.tlsx])
      #expect(calls.first?.text(.tlsxSNI) == "api.shop")
    }
  }

  @Test func otherLinesAreNotTaken() {
    var talk = Talk(serverPort: 8000)
    talk.client("PROXY me please\r\n")
    talk.server("+OK\r\n")
    #expect(talk.entries([ProxyHeader.row]).map(\.kind) == [.tcpConn])
  }
}

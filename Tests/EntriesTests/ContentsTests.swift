import Testing

@testable import Entries

@Suite struct ContentsTests {
  private func pairs(_ list: (String, String)...) -> FieldValue {
    .pairs(list.map { HeaderBlock.Field(name: $0, value: $1) })
  }

  @Test func headersAreLowerCaseAndJoined() {
    let content = Content(
      headers: headers(("Accept", "a"), ("Cookie", "x=1"), ("ACCEPT", "b"), ("cookie", "y=2")))
    let value = Contents(request: content).value(.requestHeaders)
    #expect(value == pairs(("accept", "a, b"), ("cookie", "x=1; y=2")))
    #expect(Contents().value(.requestHeaders) == .none)
  }

  @Test func cookiesOfBothDirections() {
    let contents = Contents(
      request: Content(headers: headers(("Cookie", "a=1; b=2 ;c; a=3"))),
      response: Content(
        headers: headers(
          ("Set-Cookie", "sid=abc=; Path=/; HttpOnly"), ("set-cookie", "sid=def"),
          ("Set-Cookie", "theme=dark"))))
    #expect(contents.value(.requestCookies) == pairs(("a", "1"), ("b", "2")))
    #expect(contents.value(.responseCookies) == pairs(("sid", "def"), ("theme", "dark")))
  }

  @Test func bodiesAreTextOrNothing() {
    func body(_ bytes: [UInt8]) -> FieldValue {
      Contents(request: Content(body: bytes)).value(.requestBody)
    }
    #expect(body(Array("grüße\n".utf8)) == .text("grüße\n"))
    #expect(body([0, 1, 2]) == .none)
    #expect(body([0xff, 0x41]) == .none)
    #expect(body([]) == .none)
    // Cut inside a character of two, three and four bytes.
    #expect(body([0x41, 0xc3]) == .text("A"))
    #expect(body([0x41, 0xe2, 0x82]) == .text("A"))
    #expect(body([0x41, 0xf0, 0x9f, 0x98]) == .text("A"))
    #expect(body([0x41, 0xe2, 0x82, 0xac]) == .text("A€"))
  }

  @Test func previewsAreCutBetweenCharacters() {
    let long = String(repeating: "€", count: 40_000)
    let text = Contents.text(Array(long.utf8))
    #expect(text == String(repeating: "€", count: Contents.previewLimit / 3))
  }

  @Test func codedBodiesGoThroughTheHook() {
    let content = Content(headers: headers(("Content-Encoding", "rot")), body: [1, 2, 3])
    let decoder = ContentDecoder(body: { body, codings in
      codings == "rot" ? body.map { $0 + 64 } : body
    })
    let contents = Contents(response: content, decoder: decoder)
    #expect(contents.value(.responseBody) == .text("ABC"))
  }

  /// Transfer codings come off first, and chunked is off already (RFC 9112 §7).
  @Test func codingsOfContentAndTransferAreUndoneInOrder() {
    #expect(headers(("Transfer-Encoding", "chunked")).codings == nil)
    #expect(headers(("Transfer-Encoding", "identity")).codings == nil)
    #expect(headers(("Transfer-Encoding", "GZip, chunked")).codings == "gzip")
    #expect(
      headers(("Content-Encoding", "br"), ("Transfer-Encoding", "gzip,deflate, chunked")).codings
        == "br, gzip, deflate")
    #expect(headers(("Content-Encoding", "br"), ("Content-Encoding", "gzip")).codings == "br, gzip")
    let content = Content(
      headers: headers(("Transfer-Encoding", "rot, chunked")), body: [1, 2, 3])
    let decoder = ContentDecoder(body: { body, codings in
      codings == "rot" ? body.map { $0 + 64 } : body
    })
    #expect(Contents(response: content, decoder: decoder).value(.responseBody) == .text("ABC"))
  }
}

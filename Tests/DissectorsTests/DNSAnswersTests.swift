import Bytes
import Dissectors
import Testing

@Suite struct DNSAnswersTests {
  /// A reply about `Www.Shop` with a CNAME in front of its addresses.
  private static func reply(flags: UInt8 = 0x80, type: UInt8 = 1) -> [UInt8] {
    let header: [UInt8] = [0, 7, 0x81, flags, 0, 1, 0, 3, 0, 0, 0, 0]
    let question: [UInt8] = [3, 0x57, 0x77, 0x77, 4, 0x53, 0x68, 0x6f, 0x70, 0, 0, type, 0, 1]
    let alias: [UInt8] = [0xc0, 12, 0, 5, 0, 1, 0, 0, 0, 60, 0, 4, 1, 0x78, 0xc0, 16]
    let first: [UInt8] = [0xc0, 38, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 10, 0, 0, 1]
    let second: [UInt8] = [0xc0, 38, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 10, 0, 0, 2]
    return [header, question, alias, first, second].flatMap { $0 }
  }

  private func name(_ bytes: [UInt8]) -> String? {
    DNSAnswers(bytes.rawSpan)?.name(in: bytes.rawSpan)
  }

  private func addresses(_ bytes: [UInt8]) -> [String]? {
    guard var answers = DNSAnswers(bytes.rawSpan) else { return nil }
    var addresses: [String] = []
    while let address = answers.next(in: bytes.rawSpan) { addresses.append(address.description) }
    return addresses
  }

  @Test func theNameAskedForHasTheAddresses() {
    let whole = Self.reply()
    #expect(name(whole) == "www.shop" && addresses(whole) == ["10.0.0.1", "10.0.0.2"])
    // What is there of a reply that is cut.
    #expect(addresses(Array(whole.dropLast(3))) == ["10.0.0.1"])
  }

  @Test func otherMessagesNameNothing() {
    #expect(name(Self.reply(flags: 0x83)) == nil, "NXDOMAIN")
    #expect(name(Self.reply(type: 16)) == nil, "a question about texts")
    var query = Self.reply()
    query[2] = 1
    #expect(name(query) == nil)
    for count in 0..<26 { #expect(name(Array(Self.reply().prefix(count))) == nil) }
    // Of one that is cut behind its question, no address.
    for count in 26..<58 { #expect(addresses(Array(Self.reply().prefix(count))) == []) }
  }

  @Test func aNameHasOneHashHoweverItIsWritten() {
    let whole = Self.reply()
    let hash = self.hash(whole)
    #expect(hash != nil)
    var other = whole
    for (at, byte) in zip(13..., "wWW".utf8) { other[at] = byte }
    for (at, byte) in zip(17..., "shop".utf8) { other[at] = byte }
    #expect(self.hash(other) == hash && name(other) == "www.shop")
    // What has the bit of small letters besides is another name.
    other[17] = 0x13
    #expect(self.hash(other) != hash)
  }

  private func hash(_ message: [UInt8]) -> UInt64? {
    let answers = DNSAnswers(message.rawSpan)
    return answers?.nameHash
  }
}

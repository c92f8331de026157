import Testing

@testable import Entries

@Suite struct HeaderBlockTests {
  /// Whatever ends the lines before, and though one that only goes on with a line begins the next block.
  @Test func blocksAreJoinedAsTheirFieldsAre() {
    var block = HeaderBlock(bytes: Array("a: 1\r\nb: 2".utf8))
    block.append(HeaderBlock(bytes: Array("c: 3\r\n more\r\n".utf8)))
    block.append(HeaderBlock(bytes: Array(" lost\nd: 4\n".utf8)))
    block.append(HeaderBlock())
    let fields = [("a", "1"), ("b", "2"), ("c", "3 more"), ("d", "4")]
    #expect(block.fields == fields.map { HeaderBlock.Field(name: $0, value: $1) })
    var other = HeaderBlock()
    other.append(block)
    #expect(other == block)
  }
}

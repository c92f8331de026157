import Testing

@testable import ObjectStorage

@Suite struct XMLElementTests {
  private func read(_ text: String) -> XMLElement? { XMLElement(Array(text.utf8)) }

  @Test func anAnswerIsRead() throws {
    let list = try #require(
      read(
        """
        <?xml version="1.0" encoding="UTF-8"?>
        <ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
          <Name>b</Name><Prefix/>
          <Contents><Key>a&amp;b&#x20;&lt;c&gt; &unknown; &#98;</Key><Size>5</Size></Contents>
          <s3:Contents><Key>d</Key></s3:Contents>
        </ListBucketResult>
        """))
    #expect(list.name == "ListBucketResult" && list["Prefix"]?.text == "")
    #expect(list.all("Contents").map { $0["Key"]?.text } == ["a&b <c> &unknown; b", "d"])
    #expect(list["Contents"]?["Size"]?.text == "5" && list["Nothing"] == nil)
  }

  @Test(arguments: [
    "", "text", "<a>", "</a>", "<a></b>", "<a><b></a></b>", "<a", "<a></a><b></b>",
    String(repeating: "<a>", count: 100) + String(repeating: "</a>", count: 100),
  ])
  func whatIsNotWellFormedIsNothing(_ text: String) { #expect(read(text) == nil) }

  @Test func anyPrefixIsReadWithoutHarm() {
    let text = Array("<a x='1'><b>t&amp;</b><c/><!-- d --></a>".utf8)
    for end in 0..<text.count { #expect(XMLElement(Array(text[..<end])) == nil) }
    #expect(XMLElement(text)?.children.count == 2)
  }
}

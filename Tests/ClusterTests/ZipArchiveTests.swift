import Testing

@testable import Cluster

struct ZipArchiveTests {
  @Test func anEmptyArchiveIsItsEnd() {
    #expect(ZipArchive().contents == [0x50, 0x4b, 5, 6] + [UInt8](repeating: 0, count: 18))
  }

  @Test func entriesAreListedWhereTheyBegin() throws {
    var archive = ZipArchive()
    let first = archive.add("a", [])
    let other = archive.add("é", Array(String(repeating: "text ", count: 1_000).utf8))
    #expect(first && other)
    let bytes = archive.contents
    func word(_ offset: Int) -> Int {
      (0..<4).reduce(0) { $0 | Int(bytes[offset + $1]) << (8 * $1) }
    }
    let end = bytes.count - 22
    let directory = word(end + 16)
    #expect(directory + word(end + 12) == end)
    // The second entry of the directory, after a name of one byte.
    let second = directory + 46 + 1
    #expect(word(second) == 0x0201_4b50)
    let local = word(second + 42)
    #expect(word(local) == 0x0403_4b50)
    #expect(word(second + 24) == 5_000 && word(second + 20) < 100)
  }
}

import Bytes
import TestSupport
import Testing

@testable import MCP

struct LineSplitterTests {
  @Test(arguments: [
    ("a\nb\n", ["a", "b"]),
    ("a\r\n\r\nb\r\n", ["a", "b"]),
    ("\n\n  \t\n a \n", ["a"]),
    ("\u{feff}{}\n\u{feff}x\n", ["{}", "\u{feff}x"]),
    ("\0\n", ["\0"]),
    ("no end", ["no end"]),
    ("", []),
  ])
  func bytesBecomeLines(input: String, lines: [String]) {
    #expect(split(input, pieces: input.utf8.count) == lines.map { .text(Array($0.utf8)) })
  }

  @Test func anyCutGivesTheSameLines() {
    let input = "\u{feff}{\"a\":1}\r\n\n  [2]  \n\"three\"\r\nfour"
    let whole = split(input, pieces: input.utf8.count)
    for pieces in 1..<input.utf8.count { #expect(split(input, pieces: pieces) == whole) }
  }

  @Test func aLineBeyondTheLimitIsDrainedAndTheNextOneKept() {
    var splitter = LineSplitter(limit: 10)
    var lines: [LineSplitter.Line] = []
    for piece in ["0123456789", "abc", "def\nnext\n", "0123456789\n", "0123456789a\n"] {
      lines += splitter.append(Array(piece.utf8).rawSpan)
    }
    #expect(
      lines == [
        .tooLong(16), .text(Array("next".utf8)), .text(Array("0123456789".utf8)), .tooLong(11),
      ])
  }

  private func split(_ input: String, pieces length: Int) -> [LineSplitter.Line] {
    let bytes = Array(input.utf8)
    var splitter = LineSplitter()
    var lines: [LineSplitter.Line] = []
    for start in stride(from: 0, to: bytes.count, by: max(length, 1)) {
      lines += splitter.append(Array(bytes[start..<min(start + length, bytes.count)]).rawSpan)
    }
    return lines + [splitter.end()].compactMap { $0 }
  }
}

import Bytes
import JSON
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
        .tooLong(16, head: Array("0123456789abcdef".utf8)), .text(Array("next".utf8)),
        .text(Array("0123456789".utf8)), .tooLong(11, head: Array("0123456789a".utf8)),
      ])
  }

  @Test func ofALongLineOnlyItsBeginningIsKept() {
    var splitter = LineSplitter(limit: 10_000)
    let piece = [UInt8](repeating: 0x79, count: 3_000)
    for _ in 0..<10 { #expect(splitter.append(piece.rawSpan).isEmpty) }
    guard case .tooLong(30_000, let head) = splitter.end() else {
      Issue.record("not told as too long")
      return
    }
    #expect(head.count == LineHead.length)
  }

  @Test(arguments: [
    (#"{"jsonrpc":"2.0","id":5,"method":"ping","params":{"x":"yyyy"#, "5"),
    (#" { "method" : "a\"b" , "id" : "q,7" , "params" : [1"#, #""q,7""#),
    (#"{"id":9007199254740993,"jsonrpc":"2.0","method":"ping","x":"yy"#, "9007199254740993"),
    (#"{"jsonrpc":"2.0","method":"ping","params":{"id":5},"id":6,"x":"#, nil),
    (#"{"jsonrpc":"2.0","id":5,"result":{"x":"yyy"#, nil),
    (#"{"jsonrpc":"2.0","id":5"#, nil),
    (#"{"jsonrpc":"2.0","id":null,"method":"ping","x":"y"#, nil),
    (#"[{"jsonrpc":"2.0","id":5,"method":"ping"},"#, nil),
    ("yyyyy", nil), ("", nil), (#"{"id":"#, nil), (#"{"method":"\"#, nil),
  ])
  func theIDOfALongRequestIsReadWhereItStandsBeforeWhatIsLong(head: String, id: String?) {
    #expect(LineHead.requestID(Array(head.utf8))?.json.text == id)
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

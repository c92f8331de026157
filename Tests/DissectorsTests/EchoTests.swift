import Bytes
import Dissectors
import Entries
import Flows
import Testing

@Suite struct EchoTests {
  private let rows = [Echo.row]

  private var talk: Talk {
    var talk = Talk(serverPort: 7)
    talk.client("hello\r\n")
    talk.server("hello\r\n")
    talk.client("one\ntwo\n")
    talk.server("one\ntwo\n")
    return talk
  }

  @Test func everyLineIsPairedWithItsEcho() {
    let calls = talk.calls(rows)
    #expect(calls.map { $0.request?.text } == ["hello\r\n", "one\n", "two\n"])
    #expect(calls.map { $0.response?.text } == ["hello\r\n", "one\n", "two\n"])
    #expect(calls.map(\.elapsed) == [1000, 1000, 1000])
    #expect(calls.allSatisfy { $0.fault == nil })
  }

  @Test func theLawsHold() {
    Laws.split(talk, rows: rows)
    Laws.truncation(talk, rows: rows)
    Laws.mutation(talk, rows: rows)
    Laws.reordering(talk, rows: rows)
  }

  @Test func aLineWithoutEchoIsAHalf() {
    var talk = talk
    talk.client("anyone?\n")
    let calls = talk.calls(rows)
    #expect(calls.last?.fault?.kind == .pairNotFound)
    #expect(calls.last?.hasResponse == false)
  }

  @Test func linesAfterAGapArePairedAgain() {
    var talk = talk
    talk.client("lost\n")
    talk.lost(.server, 2)
    talk.says(.server, Array("st\n".utf8))
    talk.client("again\n")
    talk.server("again\n")
    let calls = talk.calls(rows)
    #expect(calls.count == 5)
    #expect(calls.filter { $0.fault != nil }.map { $0.request?.text } == ["lost\n"])
  }

  @Test func otherTextIsNotEcho() {
    var talk = Talk(serverPort: 7)
    talk.client("hello\r\n")
    talk.server("220 ready\r\n")
    #expect(talk.calls(rows).isEmpty)
  }
}

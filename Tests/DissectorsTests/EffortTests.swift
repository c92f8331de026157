import Dissectors
import Entries
import Flows
import Testing

/// With less effort there are fewer bodies, then fewer calls, and what is left is right.
@Suite struct EffortTests {
  private func entries(_ efforts: [Effort]) -> [Entry] {
    let dissection = Dissection(switches: .everything)
    for (slot, effort) in efforts.enumerated() {
      dissection.effort = effort
      var talk = Talk()
      talk.client("POST /orders/\(slot) HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello")
      talk.server("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nyes")
      talk.play(to: dissection, on: slot)
    }
    return dissection.drain()
  }

  @Test func bodiesLeaveBeforeCallsDo() {
    let whole = entries([.whole]).first { $0.kind == .http }
    let bare = entries([.withoutBodies]).first { $0.kind == .http }
    #expect(whole?.request?.body.isEmpty == false && whole?.response?.body.isEmpty == false)
    #expect(bare?.request?.body.isEmpty == true && bare?.response?.body.isEmpty == true)
    #expect(bare?.request?.bodyLength == 5, "all are counted")
    #expect(bare?.fields[.path] == whole?.fields[.path])
    let flows = entries([.flowsOnly])
    #expect(!flows.contains { $0.kind == .http } && flows.contains { $0.kind == .tcpConn })
  }

  @Test func whatComesAfterIsReadAgain() {
    let all = entries([.whole, .flowsOnly, .withoutBodies, .whole])
    #expect(all.count { $0.kind == .http } == 3 && all.count { $0.kind == .tcpConn } == 4)
    #expect(
      all.filter { $0.kind == .http }.map { $0.request?.body.isEmpty } == [false, true, false])
  }

  /// A connection that was followed without its bytes for a while is read again from the start of a
  /// message on.
  @Test func aConnectionIsReadAgainFromTheNextMessageOn() {
    let dissection = Dissection(switches: .everything)
    var talk = Talk()
    talk.client("GET /first HTTP/1.1\r\nHost: a\r\n\r\n")
    talk.server("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    talk.lost(.client, 40)
    talk.lost(.server, 60)
    talk.client("GET /third HTTP/1.1\r\nHost: a\r\n\r\n")
    talk.server("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    talk.play(to: dissection)
    let calls = dissection.drain().filter { $0.kind == .http }
    #expect(calls.compactMap { $0.text(.path) } == ["/first", "/third"])
  }
}

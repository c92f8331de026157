import JSON
import Logging
import Synchronization
import Testing
import ToolKit

@testable import MCP

/// Messages that come on the thread that waits for a Hub.
private final class Inbox: Sendable {
  private struct State {
    var sent: [JSONValue] = []
    /// What was given to another thread, which the test is.
    var work: [@Sendable () -> Void] = []
    var ends = 0
  }

  private final class Shared: Sendable {
    let state = Mutex(State())
  }

  private let shared = Shared()
  let input: EventInput

  init() {
    let shared = shared
    var log = Logger(label: "test")
    log.logLevel = .critical
    let workshop = Workshop(
      Offer(hub: StubHub(), prompts: [], mode: .embedded, log: log), calls: 1)
    let connection = Connection(
      Session(ServerIdentity(version: "0", instructions: "")), workshop: workshop,
      outlet: Connection.Outlet(
        send: { message, _ in shared.state.withLock { $0.sent.append(message) } }, end: { _ in }))
    input = EventInput(
      limit: 1 << 20, connection,
      elsewhere: { work in shared.state.withLock { $0.work.append(work) } },
      ended: { shared.state.withLock { $0.ends += 1 } })
  }

  /// The ids of what was answered, in order.
  var answered: [Int64] { shared.state.withLock { $0.sent.compactMap { $0["id"]?.int } } }
  var ends: Int { shared.state.withLock { $0.ends } }

  func take(_ lines: String...) {
    input.take(Array(lines.map { $0 + "\n" }.joined().utf8))
  }

  /// The other thread's turn.
  func work() {
    let work = shared.state.withLock { state -> [@Sendable () -> Void] in
      defer { state.work = [] }
      return state.work
    }
    for one in work { one() }
  }
}

struct EventInputTests {
  private func ping(_ id: Int, padding: Int = 0) -> String {
    let pad = String(repeating: "x", count: padding)
    return #"{"jsonrpc":"2.0","id":\#(id),"method":"ping","params":{"_meta":{"pad":"\#(pad)"}}}"#
  }

  @Test func aLongMessageIsReadElsewhereAndNothingOvertakesIt() {
    let inbox = Inbox()
    inbox.take(ping(1))
    #expect(inbox.answered == [1] && !inbox.input.isBehind())
    inbox.take(ping(2), ping(3, padding: EventInput.promptBytes), ping(4))
    inbox.take(ping(5))
    // The thread was not kept, and goes on with what others wait for.
    #expect(inbox.answered == [1, 2] && inbox.input.isBehind())
    inbox.work()
    #expect(inbox.answered == [1, 2, 3, 4, 5] && !inbox.input.isBehind())
    // And again: short ones are read where they come.
    inbox.take(ping(6))
    #expect(inbox.answered.last == 6)
    inbox.take(ping(7, padding: EventInput.promptBytes))
    inbox.input.take(nil)
    #expect(inbox.ends == 0)
    inbox.work()
    #expect(inbox.answered.last == 7 && inbox.ends == 1)
  }

  @Test func whatComesInPiecesIsPutTogether() {
    let inbox = Inbox()
    let line = Array((ping(1, padding: 3 * EventInput.promptBytes) + "\n" + ping(2)).utf8)
    var start = 0
    while start < line.count {
      let end = min(start + 10_000, line.count)
      inbox.input.take(Array(line[start..<end]))
      start = end
    }
    inbox.input.take(nil)
    #expect(inbox.answered.isEmpty)
    inbox.work()
    #expect(inbox.answered == [1, 2] && inbox.ends == 1)
  }
}

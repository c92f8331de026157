import Dispatch
import Foundation
import JSON
import Logging
import Synchronization
import Testing
import ToolKit

@testable import MCP

/// Counts from any thread.
private final class Count: Sendable {
  private let count = Mutex(0)

  var value: Int { count.withLock { $0 } }
  func add() { count.withLock { $0 += 1 } }
}

/// A queue in the place of a thread that waits for a Hub, fed by one that reads.
private final class QueueThread: EventThread {
  private let queue = DispatchQueue(label: "events")
  private let key = DispatchSpecificKey<Bool>()

  init() { queue.setSpecific(key: key, value: true) }

  var isCurrent: Bool { DispatchQueue.getSpecific(key: key) ?? false }
  func run(_ body: @escaping @Sendable () -> Void) { queue.async(execute: body) }

  func read(
    _ descriptor: Int32, while mayRead: @escaping @Sendable () -> Bool,
    take: @escaping @Sendable ([UInt8]?) -> Void
  ) async -> Bool {
    startThread {
      while case .bytes(let bytes) = FileDescriptor(descriptor).read(upTo: 1 << 16) {
        self.queue.sync { take(bytes) }
        while !mayRead() { usleep(1_000) }
      }
      self.queue.sync { take(nil) }
    }
    return true
  }
}

/// A server on two pipes, and the client's ends of them.
private struct Wire {
  let hub: StubHub
  let task: Task<Void, Never>
  private let toServer = Pipe()
  private let fromServer = Pipe()

  init(
    hub: StubHub = StubHub(), limits: StdioServer.Limits = .init(), onEventThread: Bool = false,
    rested: (@Sendable () -> Void)? = nil, overdue: @escaping @Sendable () -> Void = {}
  ) {
    self.hub = hub
    var log = Logger(label: "test")
    log.logLevel = .critical
    let server = StdioServer(
      offer: Offer(hub: hub, prompts: [], mode: .embedded, log: log),
      identity: ServerIdentity(version: "0", instructions: ""), limits: limits,
      thread: onEventThread ? QueueThread() : nil, rested: rested, overdue: overdue)
    // A copy that stays open: the server's reading thread may outlive the pipe.
    let input = FileDescriptor(dup(toServer.fileHandleForReading.fileDescriptor))
    let output = fromServer.fileHandleForWriting
    task = Task {
      await server.run(input: input, output: FileDescriptor(output.fileDescriptor))
      try? output.close()
    }
    send(
      #"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25"}}"#)
  }

  func send(_ line: String) { toServer.fileHandleForWriting.write(Data((line + "\n").utf8)) }

  func call(_ id: Int, _ tool: String, more: String = "") {
    send(
      #"{"jsonrpc":"2.0","id":\#(id),"method":"tools/call","params":{"name":"\#(tool)"\#(more)}}"#)
  }

  /// Sends pings until nobody takes them any more.
  func flood() async throws {
    let number = toServer.fileHandleForWriting.fileDescriptor
    _ = fcntl(number, F_SETFL, O_NONBLOCK)
    let lines = Array(String(repeating: ping + "\n", count: 500).utf8)
    var refusals = 0
    while refusals < 100 {
      if write(number, lines, lines.count) > 0 {
        refusals = 0
      } else {
        refusals += 1
        try await Task.sleep(for: .milliseconds(5))
      }
    }
  }

  func closeInput() { try? toServer.fileHandleForWriting.close() }
  func closeOutput() { try? fromServer.fileHandleForReading.close() }

  /// All that the server still says, after it has ended. `initialize` is left out.
  func rest() async throws -> [JSONValue] {
    let handle = fromServer.fileHandleForReading
    let data = await withCheckedContinuation { continuation in
      Thread.detachNewThread { continuation.resume(returning: handle.readDataToEndOfFile()) }
    }
    await task.value
    return try data.split(separator: 0x0a).map { try JSONReader.value(of: Array($0)) }
      .filter { $0["id"] != 0 }
  }
}

struct StdioServerTests {
  @Test(arguments: [false, true])
  func requestsWrittenBeforeTheEndAreAnswered(onEventThread: Bool) async throws {
    let wire = Wire(onEventThread: onEventThread)
    for id in 1...300 { wire.call(id, "quick") }
    wire.closeInput()
    let ids = try await wire.rest().compactMap { $0["id"]?.int }
    #expect(ids.sorted() == Array(1...300))
  }

  @Test(arguments: [false, true])
  func pingIsAnsweredWhileSlowCallsRunAndTheEndDropsThem(onEventThread: Bool) async throws {
    var limits = StdioServer.Limits()
    limits.grace = .milliseconds(100)
    let wire = Wire(limits: limits, onEventThread: onEventThread)
    for id in 1...100 { wire.call(id, "slow") }
    wire.send(ping.replacing("1", with: "500"))
    wire.send(list)
    wire.closeInput()
    let start = ContinuousClock.now
    let said = try await wire.rest()
    // Far less than the calls take; how soon exactly is a matter of how busy the machine is.
    #expect(ContinuousClock.now - start < .seconds(20))
    #expect(Set(said.compactMap { $0["id"]?.int }) == [500, 7])
    #expect(wire.hub.cancelled == 64)
  }

  @Test(arguments: [false, true])
  func cancellingStopsTheWorkAndIsNotAnswered(onEventThread: Bool) async throws {
    let wire = Wire(onEventThread: onEventThread)
    wire.call(1, "slow")
    wire.send(#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}"#)
    wire.call(2, "quick")
    wire.closeInput()
    let said = try await wire.rest()
    #expect(said.map { $0["id"] } == [2])
    // The work may have been cancelled before it came to begin.
    #expect(wire.hub.cancelled <= 1)
  }

  @Test func aLoneCallThatKeepsItsThreadHoldsUpNobody() async throws {
    let wire = Wire()
    for id in 1...3 {
      wire.call(id, "busy")
      // Alone, so that it runs where it was read.
      while wire.hub.begun < id { try await Task.sleep(for: .milliseconds(1)) }
      wire.send(ping.replacing("1", with: "50\(id)"))
      wire.send(
        #"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":\#(id)}}"#)
      while wire.hub.cancelled < id { try await Task.sleep(for: .milliseconds(1)) }
    }
    wire.call(7, "quick")
    wire.closeInput()
    let said = try await wire.rest()
    #expect(said.compactMap { $0["id"]?.int } == [501, 502, 503, 7])
  }

  @Test func readersTakeTurns() async throws {
    let wire = Wire()
    for id in 1...40 {
      wire.call(id, id.isMultiple(of: 3) ? "quick" : "brief")
      try await Task.sleep(for: .milliseconds(id % 17))
    }
    wire.closeInput()
    let ids = try await wire.rest().compactMap { $0["id"]?.int }
    #expect(ids.sorted() == Array(1...40))
  }

  @Test func atMostSoManyCallsRunAtOnce() async throws {
    var limits = StdioServer.Limits()
    limits.calls = 3
    let wire = Wire(limits: limits)
    for id in 1...50 { wire.call(id, "wide") }
    wire.closeInput()
    #expect(try await wire.rest().count == 50)
    #expect(wire.hub.widest <= 3)
  }

  @Test func progressPrecedesTheAnswer() async throws {
    let wire = Wire()
    wire.call(1, "count", more: #","_meta":{"progressToken":"t"}"#)
    wire.closeInput()
    let said = try await wire.rest()
    #expect(said.first?["method"] == "notifications/progress")
    #expect(said.last?["id"] == 1)
  }

  @Test func textWithLineBreaksStaysOnOneLine() async throws {
    let wire = Wire()
    wire.call(1, "quick", more: #","arguments":{"text":"a\nb\r\n\u2028c"}"#)
    wire.closeInput()
    let said = try await wire.rest()
    #expect(said.count == 1)
    #expect(said[0]["result"]?["content"]?[0]?["text"] == "a\nb\r\n\u{2028}c")
  }

  @Test func rubbishIsSurvived() async throws {
    var limits = StdioServer.Limits()
    limits.line = 1_000
    let wire = Wire(limits: limits)
    for line in ["x", "\0\0", "{", String(repeating: "[", count: 900), "", "  "] {
      wire.send(line)
    }
    wire.send(String(repeating: "y", count: 100_000))
    wire.call(1, "quick")
    wire.closeInput()
    let said = try await wire.rest()
    #expect(said.count == 6)
    #expect(said.filter { $0["error"]?["code"] == -32700 }.count == 4)
    #expect(said.filter { $0["error"]?["code"] == -32600 }.count == 1)
    #expect(said.last?["id"] == 1)
  }

  @Test(.timeLimit(.minutes(1)))
  func itIsToldEachTimeThatItBecomesQuiet() async throws {
    let rests = Count()
    let wire = Wire(rested: { rests.add() })
    wire.call(1, "busy")
    while wire.hub.begun < 1 { try await Task.sleep(for: .milliseconds(5)) }
    // Where it began late, that nothing was asked has been told already.
    let before = rests.value
    // Long enough to be told twice, if what is under way did not count.
    try await Task.sleep(for: Workshop.quiet * 3)
    #expect(rests.value == before)
    wire.send(#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}"#)
    while rests.value < before + 1 { try await Task.sleep(for: .milliseconds(5)) }
    wire.call(2, "quick")
    while rests.value < before + 2 { try await Task.sleep(for: .milliseconds(5)) }
    wire.closeInput()
    let ids = try await wire.rest().compactMap { $0["id"]?.int }
    #expect(ids == [2])
  }

  @Test(.timeLimit(.minutes(1)))
  func itIsToldThatNothingWasAskedAfterTheStart() async throws {
    let rests = Count()
    let wire = Wire(rested: { rests.add() })
    while rests.value < 1 { try await Task.sleep(for: .milliseconds(5)) }
    wire.closeInput()
    #expect(try await wire.rest().isEmpty)
  }

  @Test(.timeLimit(.minutes(1)), arguments: [false, true])
  func theEndOfTheInputIsSeenBehindAnOutputThatNobodyReads(onEventThread: Bool) async throws {
    var limits = StdioServer.Limits()
    (limits.grace, limits.patience) = (.milliseconds(20), .milliseconds(20))
    let ends = Count()
    let wire = Wire(limits: limits, onEventThread: onEventThread, overdue: { ends.add() })
    try await wire.flood()
    wire.closeInput()
    while ends.value == 0 { try await Task.sleep(for: .milliseconds(5)) }
    #expect(try await wire.rest().count > Outbox.maxWaiting)
  }

  @Test func aClientThatStopsReadingEndsTheServer() async throws {
    signal(SIGPIPE, SIG_IGN)
    let wire = Wire()
    wire.call(1, "slow")
    wire.closeOutput()
    wire.send(ping)
    await wire.task.value
    wire.closeInput()
  }

  @Test func cancellingTheServerEndsItAtOnce() async throws {
    let wire = Wire()
    wire.call(1, "slow")
    wire.task.cancel()
    await wire.task.value
    wire.closeInput()
  }
}

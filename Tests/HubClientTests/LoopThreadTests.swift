import Dispatch
import Foundation
import NIOPosix
import Synchronization
import Testing

@testable import HubClient

/// What came, and whether more may be read.
private final class Reading: Sendable {
  private struct State {
    var bytes: [UInt8] = []
    var isOver = false
    var mayRead = true
    var asked = 0
  }

  private let state = Mutex(State())

  init(mayRead: Bool = true) { state.withLock { $0.mayRead = mayRead } }

  var bytes: [UInt8] { state.withLock { $0.bytes } }
  var isOver: Bool { state.withLock { $0.isOver } }
  /// How often it was asked whether more may be read.
  var asked: Int { state.withLock { $0.asked } }
  func allow() { state.withLock { $0.mayRead = true } }

  func mayRead() -> Bool {
    state.withLock { state in
      state.asked += 1
      return state.mayRead
    }
  }

  func take(_ bytes: [UInt8]?) {
    state.withLock { state in
      if let bytes { state.bytes += bytes } else { state.isOver = true }
    }
  }
}

@Suite(.timeLimit(.minutes(1)))
struct LoopThreadTests {
  private let thread = LoopThread(loop: MultiThreadedEventLoopGroup.singleton.next())

  private func read(_ pipe: Pipe, _ reading: Reading) async -> Bool {
    await thread.read(
      dup(pipe.fileHandleForReading.fileDescriptor), while: { reading.mayRead() }
    ) { [thread] bytes in
      #expect(thread.isCurrent)
      reading.take(bytes)
    }
  }

  @Test func whatIsInAPipeComesOnTheLoopAndThenItsEnd() async throws {
    let (pipe, reading) = (Pipe(), Reading())
    // All of it is there, and the end, before anybody reads.
    let sent = [UInt8](repeating: 7, count: 60_000)
    pipe.fileHandleForWriting.write(Data(sent))
    try pipe.fileHandleForWriting.close()
    #expect(await read(pipe, reading))
    while !reading.isOver { try await Task.sleep(for: .milliseconds(1)) }
    #expect(reading.bytes == sent)
  }

  @Test func nothingIsReadBeforeItMayBe() async throws {
    let (pipe, reading) = (Pipe(), Reading(mayRead: false))
    pipe.fileHandleForWriting.write(Data("a".utf8))
    #expect(await read(pipe, reading))
    while reading.asked < 3 { try await Task.sleep(for: .milliseconds(1)) }
    #expect(reading.bytes.isEmpty)
    reading.allow()
    while reading.bytes.isEmpty { try await Task.sleep(for: .milliseconds(1)) }
    try pipe.fileHandleForWriting.close()
    while !reading.isOver { try await Task.sleep(for: .milliseconds(1)) }
    #expect(reading.bytes == Array("a".utf8))
  }

  @Test func filesAreLeftAlone() async throws {
    let null = open("/dev/null", O_RDONLY)
    defer { close(null) }
    #expect(await !thread.read(null, while: { true }, take: { _ in }))
    #expect(fcntl(null, F_GETFL) & O_NONBLOCK == 0)
  }

  @Test func whatTakesItsTimeLeavesTheLoop() async throws {
    // Often, for what leaves by chance would mostly succeed.
    for _ in 0..<200 {
      let executor = LoopExecutor(thread: thread)
      let isOnLoop = await Task(executorPreference: executor) { [thread] in
        let before = thread.isCurrent
        await thread.leave()
        return (before, thread.isCurrent)
      }.value
      #expect(isOnLoop == (true, false))
    }
  }
}

/// Runs jobs where they were made ready, on the loop first of all.
private final class LoopExecutor: TaskExecutor {
  private let thread: LoopThread
  private let hasBegun = Atomic(false)

  init(thread: LoopThread) { self.thread = thread }

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    if !hasBegun.exchange(true, ordering: .relaxed) || thread.isCurrent {
      thread.run { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    } else {
      DispatchQueue.global().async { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
  }
}

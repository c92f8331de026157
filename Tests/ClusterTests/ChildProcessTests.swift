import Foundation
import Testing

@testable import Cluster

struct ChildProcessTests {
  private struct Result {
    var output: [UInt8] = []
    var error: [UInt8] = []
    var end = ChildProcess.End.stopped
  }

  /// Runs a script of the shell to its end.
  private func run(
    _ script: String, input: [UInt8] = [], limit: Duration = .seconds(300),
    path: String = "/bin/sh", then: (ChildProcess) -> Void = { _ in }
  ) async -> Result {
    let (events, bell) = AsyncStream<ChildProcess.Event>.makeStream()
    let child = ChildProcess(path: path, arguments: ["-c", script], input: input, limit: limit) {
      bell.yield($0)
      if case .end = $0 { bell.finish() }
    }
    then(child)
    var result = Result()
    for await event in events {
      switch event {
      case .output(let bytes): result.output += bytes
      case .error(let bytes): result.error += bytes
      case .end(let end): result.end = end
      }
    }
    return result
  }

  @Test func streamsAndExitCodeComeBack() async {
    let result = await run("cat; echo no >&2; exit 7", input: Array("hello".utf8))
    #expect(result.output == Array("hello".utf8))
    #expect(result.error == Array("no\n".utf8))
    #expect(result.end == .code(7))
  }

  @Test func aSignalIsToldFromACode() async {
    #expect(await run("kill -TERM $$").end == .signal(SIGTERM))
  }

  @Test func whatCannotBeStartedSaysWhy() async {
    let result = await run("", path: "/no/such/program")
    #expect(result.end == .failed("No such file or directory"))
    let input = [UInt8](repeating: 1, count: 70_000)
    guard case .failed = await run("cat", input: input).end else {
      Issue.record("too long an input was taken")
      return
    }
  }

  @Test func muchOutputComesWhole() async {
    let result = await run("head -c 3000000 /dev/zero")
    #expect(result.output.count == 3_000_000 && result.end == .code(0))
  }

  @Test func stoppingEndsWhatTheChildHasStarted() async {
    let result = await run("sleep 600 & echo $!; wait") { $0.stop() }
    #expect(result.end == .stopped)
    // It may have been stopped before it said anything.
    guard let grandchild = Int32(String(decoding: result.output.dropLast(), as: UTF8.self)) else {
      return
    }
    let state = (try? String(contentsOfFile: "/proc/\(grandchild)/stat", encoding: .utf8)) ?? ") Z"
    #expect(state.contains(") Z"), "gone, or waiting to be forgotten")
  }

  @Test func timeEnds() async {
    #expect(await run("sleep 600", limit: .milliseconds(50)).end == .timedOut)
  }

  @Test func ourDescriptorsAreNotInherited() async {
    var ends: [Int32] = [-1, -1]
    #expect(pipe(&ends) == 0)
    defer { for end in ends { close(end) } }
    let result = await run("ls /proc/self/fd | wc -l")
    // The three streams, and the folder that ls reads.
    #expect(result.output == Array("4\n".utf8))
  }
}

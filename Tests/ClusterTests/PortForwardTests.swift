import Testing

@testable import Cluster

struct ForwardOutputTests {
  private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

  @Test func thePortIsFoundHoweverTheLineComes() {
    let text = "Forwarding from 127.0.0.1:40123 -> 8080\nHandling connection for 40123\n"
    for cut in 0...text.utf8.count {
      var output = ForwardOutput()
      let first = output.take(.output(Array(bytes(text).prefix(cut))))
      let second = output.take(.output(Array(bytes(text).dropFirst(cut))))
      #expect([first, second].compactMap { $0 } == [.open(port: 40_123)])
    }
  }

  @Test func otherLinesHoldNoPort() {
    for line in [
      "", "Forwarding to [::1]:40123 -> 8080", "Forwarding from 127.0.0.1:x -> 8080",
      "Forwarding from 127.0.0.1:70000 -> 8080", "Forwarding from 127.0.0.1:1",
      "Handling connection for 40123",
    ] {
      #expect(ForwardOutput.port(in: line) == nil, "\(line)")
    }
  }

  @Test func theEndMeansFailureBeforeThePortAndLossAfterIt() {
    var early = ForwardOutput()
    #expect(early.take(.error(bytes("error: no\n"))) == nil)
    #expect(early.take(.end(.code(1))) == .failed(.code(1), "error: no\n"))
    var late = ForwardOutput()
    _ = late.take(.output(bytes("Forwarding from 127.0.0.1:1 -> 2\n")))
    #expect(late.take(.error(bytes("E portforward\nerror: lost connection to pod\n"))) == nil)
    #expect(late.take(.end(.code(1))) == .lost("error: lost connection to pod"))
  }

  @Test func endlessOutputIsNotKept() {
    var output = ForwardOutput()
    for _ in 0..<100 {
      _ = output.take(.output([UInt8](repeating: 0x78, count: 10_000)))
      _ = output.take(.error([UInt8](repeating: 0x79, count: 10_000)))
    }
    guard case .failed(_, let text) = output.take(.end(.stopped)) else {
      Issue.record("no failure")
      return
    }
    #expect(text.utf8.count == ClusterCommand.maxError)
  }
}

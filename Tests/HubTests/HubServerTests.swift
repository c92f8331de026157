import Foundation
import Logging
import Synchronization
import Testing

@testable import Hub

struct HubServerTests {
  @Test func aRealSocketAnswersCancelsAndCloses() async throws {
    var log = Logger(label: "test")
    log.logLevel = .critical
    var limits = HubLimits()
    limits.requestTime = .seconds(3)
    let counters = HubCounters()
    let (ports, port) = AsyncStream.makeStream(of: Int.self)
    let server = HubServer(
      HubFace(hub: { _ in StubHub() }, routes: StubHub.routes, limits: limits, counters: counters),
      host: "127.0.0.1", port: 0, log: log
    ) { port.yield($0) }
    let task = Task { try await server.run() }
    let chosen = try #require(await ports.first { _ in true })

    let found = await exchange(chosen, "GET /api/mcp HTTP/1.1\r\nHost: localhost\r\n\r\n")
    #expect(found.hasPrefix("HTTP/1.1 200"))
    #expect(found.lowercased().contains("\r\netag: "))
    #expect(found.contains("Kubeshark MCP Server"))
    let body = #"{"name":"x","arguments":{}}"#
    let called = await exchange(
      chosen,
      "POST /mcp/tools/call HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
    #expect(called.hasSuffix(#"{"tool":"x","arguments":{}}"#))
    // One connection takes one request after the other, whatever is asked.
    let call =
      "POST /mcp/tools/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n"
    let connections = counters.values.connectionsTotal
    let kept = await exchange(
      chosen, [call, "GET /mcp/calls/1 HTTP/1.1\r\nHost: localhost\r\n\r\n", call])
    #expect(kept.components(separatedBy: "HTTP/1.1 200").count == 4)
    #expect(!kept.lowercased().contains("connection: close"))
    #expect(counters.values.connectionsTotal == connections + 1)
    let missing = await exchange(
      chosen, ["GET /mcp/snapshots/s/pcap HTTP/1.1\r\nHost: localhost\r\n\r\n", call])
    #expect(missing.hasPrefix("HTTP/1.1 404") && missing.contains("HTTP/1.1 200"))
    // Whoever goes away ends the call.
    _ = await exchange(
      chosen,
      ["POST /mcp/tools/slow HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n"],
      patience: 1)
    while counters.values.calls[.init(tool: "other", status: 499)] == nil {
      try await Task.sleep(for: .milliseconds(20))
    }
    #expect(counters.values.callsRunning == 0)
    let head = await exchange(chosen, "HEAD /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
    #expect(head.hasPrefix("HTTP/1.1 200"))
    #expect(head.hasSuffix("\r\n\r\n"))
    let length = #"{"status":"ok"}"#.utf8.count
    #expect(head.lowercased().contains("\r\ncontent-length: \(length)\r\n"))
    let strange = await exchange(chosen, "GET /mcp HTTP/1.1\r\nHost: evil.example\r\n\r\n")
    #expect(strange.hasPrefix("HTTP/1.1 403"))
    let large = await exchange(
      chosen,
      "POST /mcp/tools/call HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        + "Content-Length: 2000000\r\n\r\n" + String(repeating: " ", count: 2_000_000))
    #expect(large.hasPrefix("HTTP/1.1 413"))
    // Beyond what is read at all the answer is the same, and so after an answer on one connection.
    let wide = { (count: Int) in
      "GET /api/mcp HTTP/1.1\r\nHost: localhost\r\nX-Long: "
        + String(repeating: "a", count: count) + "\r\n\r\n"
    }
    for requests in [[wide(40_000)], [wide(100_000)], [call, wide(100_000)]] {
      let told = await exchange(chosen, requests)
      let answer = told.components(separatedBy: "HTTP/1.1 431")
      #expect(answer.count == 2 && answer[1].contains(#""code":"headers_too_large""#), "\(told)")
      #expect(!told.contains("HTTP/1.1 400"))
    }
    #expect(counters.refused(.headers) == 3)
    let rubbish = await exchange(chosen, "\0\0rubbish\r\n\r\n")
    #expect(rubbish.isEmpty || rubbish.hasPrefix("HTTP/1.1 400"))
    let slow = await exchange(chosen, "GET /mcp HTTP/1.1\r\nHost: loc")
    #expect(slow.isEmpty && counters.refused(.requestTime) > 0, "closed without an answer")
    #expect(counters.refused(.body) == 1)
    task.cancel()
    _ = await task.result
  }

  /// What the server says to these bytes until it closes or falls silent.
  private func exchange(_ port: Int, _ request: String) async -> String {
    await exchange(port, [request])
  }

  /// The same for requests that are sent one after the other on one connection.
  ///
  /// - Parameter patience: seconds that an answer may take to begin.
  private func exchange(_ port: Int, _ requests: [String], patience: Int = 30) async -> String {
    await withCheckedContinuation { continuation in
      Thread.detachNewThread {
        let socket = connection(to: port)
        defer { close(socket) }
        var answer: [UInt8] = []
        for request in requests {
          let bytes = Array(request.utf8)
          _ = send(socket, bytes, bytes.count, Int32(MSG_NOSIGNAL))
          answer += said(socket, patience)
        }
        continuation.resume(returning: String(decoding: answer, as: UTF8.self))
      }
    }
  }

  private func connection(to port: Int) -> Int32 {
    let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    _ = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    return socket
  }

  private func said(_ socket: Int32, _ patience: Int) -> [UInt8] {
    func wait(_ seconds: Int, _ microseconds: Int = 0) {
      var patience = timeval(tv_sec: seconds, tv_usec: suseconds_t(microseconds))
      setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    }
    // A busy machine may take long to begin; an answer that has begun comes in one piece.
    wait(patience)
    var answer: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    while true {
      let count = recv(socket, &buffer, buffer.count, 0)
      guard count > 0 else { return answer }
      answer += buffer[..<count]
      wait(0, 500_000)
    }
  }
}

import Bytes
import Decompression
import Foundation
import JSON
import Testing
import ToolKit

@testable import Hub

/// What is turned away, counted and told.
@Suite struct HubLimitsTests {
  private func face(
    _ limits: HubLimits = HubLimits(), _ counters: HubCounters = HubCounters(),
    metrics: [Metric] = []
  ) -> HubFace {
    HubFace(
      hub: { _ in StubHub() }, routes: StubHub.routes, limits: limits, counters: counters,
      metrics: { metrics })
  }

  private func request(
    _ method: String, _ path: String, headers: [(name: String, value: String)] = []
  ) -> HubRequest {
    HubRequest(method: method, path: path, headers: headers + [(name: "host", value: "localhost")])
  }

  @Test func manyHeadersAreTooMany() async throws {
    let counters = HubCounters()
    let long = (name: "x-long", value: String(repeating: "a", count: 40_000))
    let response = await face(HubLimits(), counters).respond(
      to: request("GET", "/mcp", headers: [long]))
    #expect(response.status == 431 && counters.refused(.headers) == 1)
    let json = try JSONReader.value(of: response.body)
    #expect(json["code"] == "headers_too_large" && json["hint"] != nil)
  }

  @Test func aCallThatTakesTooLongIsEnded() async throws {
    var limits = HubLimits()
    limits.callTime = .milliseconds(20)
    let counters = HubCounters()
    let response = await face(limits, counters).respond(to: request("POST", "/mcp/tools/slow"))
    #expect(response.status == 504 && counters.refused(.callTime) == 1)
    #expect(counters.values.callsRunning == 0)
  }

  @Test func callsBeyondTheLimitAreAskedToComeAgain() async throws {
    var limits = HubLimits()
    (limits.calls, limits.waitingCalls) = (0, 0)
    let counters = HubCounters()
    let response = await face(limits, counters).respond(to: request("POST", "/mcp/tools/x"))
    #expect(response.status == 429 && counters.refused(.calls) == 1)
    #expect(response.fields.contains { $0.name == "retry-after" && $0.value == "1" })
  }

  @Test func callsWaitForTheirTurn() async throws {
    var limits = HubLimits()
    limits.calls = 1
    let counters = HubCounters()
    let face = face(limits, counters)
    let statuses = await withTaskGroup(of: Int.self) { group in
      for _ in 0..<50 {
        group.addTask { await face.respond(to: request("POST", "/mcp/tools/x")).status }
      }
      return await group.reduce(into: []) { $0.append($1) }
    }
    #expect(statuses.count == 50 && !statuses.contains(429))
    #expect(counters.refused(.calls) == 0 && counters.values.callsRunning == 0)
  }

  @Test func strangersAreCounted() async throws {
    let counters = HubCounters()
    let response = await face(HubLimits(), counters).respond(
      to: HubRequest(method: "GET", path: "/mcp", headers: [("host", "evil.example")]))
    #expect(response.status == 403 && counters.refused(.host) == 1)
  }

  /// The page is what Prometheus reads: every line a comment or a name with a number.
  @Test func metricsAreInPrometheusFormat() async throws {
    let counters = HubCounters()
    let face = face(
      HubLimits(), counters,
      metrics: [
        Metric("kubeshark_received_packets_total", .counter, "Packets.", 1_345),
        Metric(
          "kubeshark_odd_total", .counter, "Odd \\ \n help.", 2, labels: ["reason", "a \"b\"\n\\"]),
      ])
    _ = await face.respond(to: request("POST", "/mcp/tools/get_api_call"))
    _ = await face.respond(to: request("POST", "/mcp/tools/no_such_tool"))
    _ = await face.respond(to: request("POST", "/mcp/tools/fails"))
    let response = await face.respond(to: request("GET", "/metrics"))
    #expect(response.contentType == "text/plain; version=0.0.4; charset=utf-8")
    let page = String(decoding: response.body, as: UTF8.self)
    #expect(page.contains("\nkubeshark_received_packets_total 1345\n") || page.hasPrefix("# HELP"))
    #expect(page.contains(#"kubeshark_odd_total{reason="a \"b\"\n\\"} 2"#))
    #expect(page.contains(#"kubeshark_hub_calls_total{tool="get_api_call",status="200"} 1"#))
    // Names that callers make up do not become labels.
    #expect(page.contains(#"tool="other""#) && !page.contains("no_such_tool"))
    #expect(page.contains(#"kubeshark_hub_refused_total{limit="body"} 0"#))
    #expect(page.contains("kubeshark_hub_call_seconds_count 3"))
    let sample = try Regex(#"[a-z_]+(\{([a-z]+="([^"\\\n]|\\.)*",?)+\})? [0-9.e+-]+"#)
    var described: Set<Substring> = []
    for line in page.split(separator: "\n") {
      if line.hasPrefix("# TYPE ") {
        #expect(described.insert(line.split(separator: " ")[2]).inserted, "\(line)")
      } else if !line.hasPrefix("# HELP ") {
        #expect(try sample.wholeMatch(in: line) != nil, "\(line)")
      }
    }
  }

  @Test func longAnswersAreCompressedForThoseWhoTakeIt() async throws {
    let face = HubFace(hub: { _ in WordyHub() }, routes: StubHub.routes)
    let plain = await face.respond(to: request("GET", "/mcp"))
    #expect(plain.fields.isEmpty && plain.body.count > 1_024)
    let packed = await face.respond(
      to: request("GET", "/mcp", headers: [("accept-encoding", "br;q=1, gzip;q=0.5")]))
    #expect(packed.fields.contains { $0.name == "content-encoding" && $0.value == "gzip" })
    #expect(packed.body.count < plain.body.count && packed.tag == "W/" + (plain.tag ?? ""))
    #expect(decompress(packed.body.rawSpan, .gzip).bytes == plain.body)
    let refused = await face.respond(
      to: request("GET", "/mcp", headers: [("accept-encoding", "gzip;q=0")]))
    #expect(refused.body == plain.body)
    let known = await face.respond(
      to: request("GET", "/mcp", headers: [("if-none-match", packed.tag ?? "")]))
    #expect(known.status == 304 && known.body.isEmpty)
  }

  private func events(_ tool: String) async -> String {
    let (lines, end) = HubFace.lines()
    await face().answer(request("POST", "/mcp/tools/\(tool)"), to: end)
    var text = ""
    for await line in lines { text += String(decoding: line, as: UTF8.self) }
    return text
  }

  @Test func progressComesAsEventsAndThenTheResult() async throws {
    let events = await events("steps").split(separator: "\n\n").map { $0.split(separator: "\n") }
    #expect(events.last?.first == "event: result")
    #expect(events.contains { $0.first == "event: progress" && $0[1].contains(#""total":2"#) })
    let data = try #require(events.last?[1].dropFirst("data: ".count))
    #expect(try JSONReader.value(of: String(data))["tool"] == "steps")
    let failed = await self.events("fails")
    #expect(failed.hasPrefix("event: error\ndata: {") && failed.contains("rotated out"))
  }

  @Test func aReaderWhoGoesEndsTheCall() async throws {
    let counters = HubCounters()
    let face = face(HubLimits(), counters)
    let (lines, end) = HubFace.lines()
    let question = request("POST", "/mcp/tools/stepsForever")
    let work = Task { await face.answer(question, to: end) }
    for await line in lines where !line.isEmpty { break }
    work.cancel()
    await work.value
    #expect(counters.values.callsRunning == 0)
  }

  @Test func gzipGivesBackWhatWentIn() {
    for bytes in [
      [], [1], [UInt8](repeating: 7, count: 100_000), (0..<5_000).map { UInt8($0 & 255) },
    ] {
      let packed = gzipped(bytes.rawSpan)
      #expect(packed.map { decompress($0.rawSpan, .gzip).bytes } == bytes)
    }
  }
}

/// A Hub with a catalogue worth compressing.
private struct WordyHub: HubConnection {
  func catalogue() -> Catalogue {
    var catalogue = StubHub().catalogue()
    catalogue.description = String(repeating: "many words ", count: 500)
    return catalogue
  }

  func call(
    _ name: String, arguments: JSONObject, caller: Caller
  ) async throws(ToolError) -> ToolAnswer { throw .notFound(name) }

  func file(_ path: String, from start: FileStart) throws(ToolError) -> HubFile {
    throw .notFound(path)
  }
}

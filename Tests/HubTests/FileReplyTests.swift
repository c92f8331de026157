import JSON
import Testing
import ToolKit

@testable import Hub

@Suite struct FileReplyTests {
  /// A Hub with one file of 1,000 bytes, which it can begin anywhere.
  struct FileHub: HubConnection {
    static let bytes = (0..<1_000).map { UInt8(truncatingIfNeeded: $0 * 7) }
    static let tag = "\"v1\""
    var resumes = true

    func catalogue() -> Catalogue {
      Catalogue(name: "h", version: "1", description: "", tools: [], prompts: [])
    }

    func call(
      _ name: String, arguments: JSONObject, caller: Caller
    ) async throws(ToolError) -> ToolAnswer { throw .notFound(name) }

    func file(_ path: String, from start: FileStart) throws(ToolError) -> HubFile {
      guard path.contains("/s1/") else { throw .notFound("no such snapshot") }
      let isSame = start.tag == nil || start.tag == Self.tag
      let offset = resumes && isSame && start.offset <= 1_000 ? Int(start.offset) : 0
      return HubFile(
        name: "ä \"x\".pcap", contentType: "application/vnd.tcpdump.pcap", offset: Int64(offset),
        length: 1_000, tag: Self.tag, digest: [UInt8](repeating: 1, count: 32)
      ) { (sink) async throws(ToolError) in
        for start in stride(from: offset, to: 1_000, by: 300) {
          try await sink(Array(Self.bytes[start..<min(start + 300, 1_000)]))
        }
      }
    }
  }

  private actor Collected {
    var all: [UInt8] = []
    func add(_ bytes: [UInt8]) { all += bytes }
  }

  private func reply(
    _ headers: [(name: String, value: String)] = [], method: String = "GET",
    path: String = "/api/mcp/snapshots/s1/pcap", host: String = "localhost",
    hub: FileHub = FileHub()
  ) async throws -> FileReply? {
    let face = HubFace(hub: { _ in hub }, routes: [])
    return try await face.file(
      for: HubRequest(
        method: method, path: path, query: "bpf_filter=tcp",
        headers: headers + [(name: "host", value: host)]))
  }

  private func bytes(_ reply: FileReply) async throws -> [UInt8] {
    let collected = Collected()
    try await reply.copy { (bytes) async throws(ToolError) in await collected.add(bytes) }
    return await collected.all
  }

  private func field(_ name: String, _ reply: FileReply) -> String? {
    reply.fields.first { $0.name == name }?.value
  }

  @Test func aFileComesWithItsNameAndDigest() async throws {
    let reply = try #require(try await reply())
    #expect(reply.status == 200 && reply.range == 0..<1_000)
    #expect(try await bytes(reply) == FileHub.bytes)
    #expect(field("digest", reply) == "sha-256=AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=")
    #expect(field("repr-digest", reply)?.hasPrefix("sha-256=:AQEB") == true)
    #expect(
      field("content-disposition", reply)
        == "attachment; filename=\"_ _x_.pcap\"; filename*=UTF-8''%C3%A4%20%22x%22.pcap")
    #expect(field("etag", reply) == FileHub.tag && field("accept-ranges", reply) == "bytes")
  }

  @Test(
    arguments: [
      ("bytes=0-99", 0..<100), ("bytes=250-", 250..<1_000), ("bytes=-10", 990..<1_000),
      ("bytes=599-600", 599..<601), ("bytes=990-5000", 990..<1_000), ("bytes=-5000", 0..<1_000),
      ("bytes=990-99999999999999999999", 990..<1_000),
    ] as [(String, Range<Int>)], [true, false])
  func aRangeGivesItsBytes(wanted: (String, Range<Int>), resumes: Bool) async throws {
    let reply = try #require(
      try await reply([("range", wanted.0)], hub: FileHub(resumes: resumes)))
    #expect(reply.status == 206)
    #expect(try await bytes(reply) == Array(FileHub.bytes[wanted.1]))
    #expect(
      field("content-range", reply)
        == "bytes \(wanted.1.lowerBound)-\(wanted.1.upperBound - 1)/1000")
  }

  @Test(arguments: ["bytes=1000-", "bytes=5000-6000", "bytes=-0", "bytes=99999999999999999999-"])
  func aRangeBehindTheEndIsRefused(range: String) async throws {
    let reply = try #require(try await reply([("range", range)]))
    #expect(reply.status == 416 && field("content-range", reply) == "bytes */1000")
  }

  @Test(arguments: [
    "bytes=9-3", "bytes=0-1,4-5", "lines=1-2", "bytes=", "bytes=-", "bytes=a-b", "bytes=1",
  ])
  func whatIsNoRangeIsIgnored(range: String) async throws {
    let reply = try #require(try await reply([("range", range)]))
    #expect(reply.status == 200 && reply.range == 0..<1_000)
  }

  @Test func aRangeOfAnotherVersionGivesAll() async throws {
    let old = try #require(
      try await reply([("range", "bytes=500-"), ("if-range", "\"v0\"")]))
    #expect(old.status == 200)
    #expect(try await bytes(old) == FileHub.bytes)
    let same = try #require(
      try await reply([("range", "bytes=500-"), ("if-range", FileHub.tag)]))
    #expect(same.status == 206)
  }

  @Test func aFileThatIsKnownIsNotSentAgain() async throws {
    for list in [FileHub.tag, "W/" + FileHub.tag, "\"x\", " + FileHub.tag, "*"] {
      let known = try #require(
        try await reply([("if-none-match", list), ("range", "bytes=0-9")]))
      #expect(known.status == 304 && !known.hasBody && field("etag", known) == FileHub.tag)
    }
    #expect(try await reply([("if-none-match", "\"x\"")])?.status == 200)
    for list in [FileHub.tag, "*", "\"x\"," + FileHub.tag] {
      #expect(try await reply([("if-match", list)])?.status == 200)
    }
    let error = await #expect(throws: ToolError.self) { try await reply([("if-match", "\"x\"")]) }
    #expect(error?.status == 412)
  }

  @Test func headIsOfTheWholeFile() async throws {
    let reply = try #require(try await reply([("range", "bytes=0-9")], method: "HEAD"))
    #expect(reply.status == 200 && reply.range == 0..<1_000)
  }

  @Test func otherRequestsAreNotForAFile() async throws {
    #expect(try await reply(method: "POST") == nil)
    #expect(try await reply(path: "/mcp/snapshots") == nil)
    #expect(try await reply(path: "/mcp/pcap") == nil)
    // Whom nobody let in is told so as elsewhere.
    #expect(try await reply(host: "evil.example") == nil)
    #expect(try await reply(method: "HEAD") != nil)
    await #expect(throws: ToolError.self) { try await reply(path: "/mcp/snapshots/no/pcap") }
  }
}

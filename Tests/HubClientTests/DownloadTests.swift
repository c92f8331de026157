import Foundation
import JSON
import Synchronization
import Testing
import ToolKit

@testable import HubClient

/// `download_file` against a server in this process, into a folder of its own.
struct DownloadTests {
  private static let contents = String(repeating: "0123456789", count: 20_000)

  private struct Place {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("downloads-\(UUID().uuidString)")

    var path: String { folder.path }
    var names: [String] {
      ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
    }
    func text(_ name: String) -> String? {
      try? String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8)
    }
  }

  /// What a download gives, or its error, with what the server saw.
  private func download(
    _ arguments: JSONObject, into place: Place, roots: [String] = [],
    _ answer: @escaping @Sendable (_ request: String, _ number: Int) -> TestServer.Answer
  ) async throws -> (Result<ToolAnswer, ToolError>, seen: [String]) {
    let server = TestServer(answer)
    defer { server.stop() }
    let client = try HubClient(try HubAddress(server.url), version: "0") { _ in }
    let tool = LocalTool(
      DownloadFile(hub: client, folder: DownloadFolder(standard: place.path, roots: roots)))
    var given: JSONObject = ["path": "/mcp/snapshots/s/pcap?x=1"]
    for member in arguments.members { given[member.name] = member.value }
    let result: Result<ToolAnswer, ToolError>
    do throws(ToolError) { result = .success(try await tool.call(given, Caller())) } catch {
      result = .failure(error)
    }
    await client.shutdown()
    return (result, server.seen)
  }

  private func code(_ result: Result<ToolAnswer, ToolError>) -> String? {
    if case .failure(let error) = result { error.code } else { nil }
  }

  @Test func aFileIsSavedForItsOwnerAloneAndToldWithItsDigest() async throws {
    let place = Place()
    let named = ["Content-Disposition: attachment; filename=\"../../s.pcap\""]
    let (result, _) = try await download([:], into: place) { _, _ in
      response(200, Self.contents, type: "application/vnd.tcpdump.pcap", headers: named)
    }
    let answer = try result.get()
    #expect(place.names == ["s.pcap"])
    #expect(place.text("s.pcap") == Self.contents)
    #expect(answer.structured["size"] == 200_000)
    #expect(answer.structured["sha256"]?.string?.count == 64)
    #expect(answer.structured["url"]?.string?.hasSuffix("/api/mcp/snapshots/s/pcap?x=1") == true)
    let path = try #require(answer.structured["path"]?.string)
    let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    #expect(mode == 0o600)
    guard case .link(let uri, _, _, let type, let length) = try #require(answer.attachments.first)
    else { return }
    #expect(uri == "file://" + path)
    #expect(type == "application/vnd.tcpdump.pcap")
    #expect(length == 200_000)
  }

  @Test func nothingIsOverwrittenUnasked() async throws {
    let place = Place()
    let serve: @Sendable (String, Int) -> TestServer.Answer = { _, _ in response(200, "new") }
    _ = try await download(["dest": "a"], into: place) { _, _ in response(200, "old") }
    let (refused, _) = try await download(["dest": "a"], into: place, serve)
    #expect(code(refused) == "file_exists")
    #expect(place.text("a") == "old")
    let (done, _) = try await download(["dest": "a", "overwrite": true], into: place, serve)
    #expect(code(done) == nil)
    #expect(place.text("a") == "new")
    #expect(place.names == ["a"])
  }

  @Test(arguments: [
    "../a", "x/../../a", "/etc/a", "~/a", "a/", "", ".", "..", "link/a", "in/link/a", "a\nb",
    "/tmp/a",
  ])
  func filesGoNowhereElse(dest: String) async throws {
    let place = Place()
    try FileManager.default.createDirectory(
      at: place.folder.appendingPathComponent("in"), withIntermediateDirectories: true)
    for link in ["link", "in/link"] {
      try FileManager.default.createSymbolicLink(
        atPath: place.path + "/" + link, withDestinationPath: "/tmp")
    }
    // An empty destination is none, as models send it.
    let (result, _) = try await download(["dest": .string(dest)], into: place) { _, _ in
      response(200, "x")
    }
    #expect(code(result) == (dest.isEmpty ? nil : "invalid_argument"))
  }

  @Test func aLinkInThePlaceOfTheFileIsNotFollowed() async throws {
    let (place, victim) = (Place(), Place())
    for folder in [place.folder, victim.folder] {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }
    try "precious".write(toFile: victim.path + "/v", atomically: true, encoding: .utf8)
    try FileManager.default.createSymbolicLink(
      atPath: place.path + "/a", withDestinationPath: victim.path + "/v")
    let (result, _) = try await download(["dest": "a", "overwrite": true], into: place) { _, _ in
      response(200, "x")
    }
    #expect(code(result) == "file_exists")
    #expect(victim.text("v") == "precious")
  }

  @Test func otherFoldersAreAllowedByName() async throws {
    let (place, other) = (Place(), Place())
    try FileManager.default.createDirectory(
      atPath: other.path + "/deep", withIntermediateDirectories: true)
    let (result, _) = try await download(
      ["dest": .string(other.path + "/deep/a")], into: place, roots: [other.path]
    ) { _, _ in response(200, "x") }
    #expect(code(result) == nil)
    #expect(FileManager.default.fileExists(atPath: other.path + "/deep/a"))
  }

  @Test func whatBrokeOffIsTakenUpWhereItEnded() async throws {
    let place = Place()
    let bytes = Array(Self.contents.utf8)
    let (result, seen) = try await download(["dest": "a"], into: place) { request, _ in
      let head = "Accept-Ranges: bytes\r\nETag: \"v1\"\r\nConnection: close\r\n\r\n"
      guard let range = request.lowercased().firstRange(of: "range: bytes=") else {
        return .bytes(
          Array("HTTP/1.1 200 OK\r\nContent-Length: \(bytes.count)\r\n\(head)".utf8)
            + bytes[..<70_000])
      }
      let start = Int(request[range.upperBound...].prefix { $0.isNumber }) ?? 0
      let end = min(bytes.count, start + 80_000)
      let length = bytes.count - start
      return .bytes(
        Array("HTTP/1.1 206 OK\r\nContent-Length: \(length)\r\n\(head)".utf8) + bytes[start..<end])
    }
    #expect(code(result) == nil)
    #expect(place.text("a") == Self.contents)
    // 70,000 bytes, 80,000, and the rest: nothing that came is asked for again.
    let ranges = seen.map { request in
      request.lowercased().firstRange(of: "range: bytes=").map {
        String(request[$0.upperBound...].prefix { $0.isNumber })
      }
    }
    #expect(ranges == [nil, "70000", "150000"])
    #expect(seen.last?.lowercased().contains("if-range: \"v1\"") == true)
  }

  @Test func aFileThatChangedMeanwhileIsFetchedAnew() async throws {
    let place = Place()
    let (result, _) = try await download(["dest": "a"], into: place) { _, number in
      let head = "Accept-Ranges: bytes\r\nETag: \"v\(number)\"\r\nConnection: close\r\n\r\n"
      guard number > 1 else {
        return .bytes(Array("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\(head)old".utf8))
      }
      return .bytes(Array("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\(head)new".utf8))
    }
    #expect(code(result) == nil)
    #expect(place.text("a") == "new")
  }

  @Test(
    arguments: [
      (response(404, #"{"error":"no such snapshot"}"#), "hub_error"),
      (response(401, "<html>sign in</html>", type: "text/html"), "authentication_required"),
      (response(302, "", headers: ["Location: https://sso.example/"]), "authentication_required"),
      (response(200, "<html>sign in</html>", type: "text/html"), "not_a_hub"),
      (.bytes(Array("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc".utf8)), "hub_dropped"),
      (.close, "hub_dropped"),
    ] as [(TestServer.Answer, String)])
  func nothingIsLeftOfADownloadThatFailed(answer: TestServer.Answer, expected: String) async throws
  {
    let place = Place()
    let (result, _) = try await download(["dest": "a"], into: place) { _, _ in answer }
    #expect(code(result) == expected)
    #expect(place.names.isEmpty)
  }

  @Test func aFileThatCannotFitIsNotBegun() async throws {
    let place = Place()
    let (result, _) = try await download(["dest": "a"], into: place) { _, _ in
      .bytes(Array("HTTP/1.1 200 OK\r\nContent-Length: 9000000000000000\r\n\r\nabc".utf8))
    }
    #expect(code(result) == "file")
    #expect(place.names.isEmpty)
  }
}

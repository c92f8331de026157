import Foundation
import JSON
import TestSupport
import Testing

/// The built command, from outside: exit codes, and what goes to which stream.
struct CommandTests {
  private struct Outcome {
    var status: Int32
    var output: String
    var errors: String
  }

  private static let binary = URL(fileURLWithPath: CommandLine.arguments[0])
    .deletingLastPathComponent().appendingPathComponent("kubeshark")
  private static let shop = checkout.appendingPathComponent("Samples/shop.pcap").path

  private func run(_ arguments: [String], input: String = "") async throws -> Outcome {
    try await withCheckedThrowingContinuation { continuation in
      Thread.detachNewThread {
        continuation.resume(with: Result { try Self.wait(arguments, input: input) })
      }
    }
  }

  private static func wait(_ arguments: [String], input: String) throws -> Outcome {
    let process = Process()
    process.executableURL = binary
    process.arguments = arguments
    let (stdin, stdout, stderr) = (Pipe(), Pipe(), Pipe())
    (process.standardInput, process.standardOutput) = (stdin, stdout)
    process.standardError = stderr
    try process.run()
    stdin.fileHandleForWriting.write(Data(input.utf8))
    try stdin.fileHandleForWriting.close()
    let output = stdout.fileHandleForReading.readDataToEndOfFile()
    let errors = stderr.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return Outcome(
      status: process.terminationStatus, output: String(decoding: output, as: UTF8.self),
      errors: String(decoding: errors, as: UTF8.self))
  }

  @Test func theVersionIsPrinted() async throws {
    let outcome = try await run(["version"])
    #expect(outcome.status == 0)
    #expect(outcome.output.split(separator: ".").count == 3)
    #expect(outcome.errors.isEmpty)
  }

  @Test(arguments: [
    ["bogus"], ["hub"], ["mcp", "--bogus"], ["mcp", "stray"],
    ["mcp", "--pcap", "/no/such/file"], ["mcp", "--pcap", "/"], ["mcp", "--url", "localhost"],
  ])
  func badUsageAndBadInputAreTwo(arguments: [String]) async throws {
    let outcome = try await run(arguments)
    #expect(outcome.status == 2)
    #expect(outcome.output.isEmpty)
    #expect(!outcome.errors.isEmpty)
  }

  @Test func nothingButMessagesGoesToStandardOutput() async throws {
    let input = """
      {"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18"}}
      rubbish
      {"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"get_api_stats"}}

      """
    let outcome = try await run(["mcp", "--pcap", Self.shop, "--no-cache"], input: input)
    #expect(outcome.status == 0)
    let messages = try outcome.output.split(separator: "\n").map {
      try JSONReader.value(of: String($0))
    }
    #expect(messages.count == 3)
    #expect(messages[0]["result"]?["serverInfo"]?["name"] == "kubeshark-mcp")
    #expect(messages[1]["error"]?["code"] == -32700)
    #expect(messages[2]["result"]?["structuredContent"]?.object != nil)
  }
}

import Bytes
import Entries
import Foundation
import Packets
import Pipeline
import Store
import Synchronization
import TestSupport
import Testing

/// Raised once, seen by another thread.
private final class Flag: Sendable {
  let isRaised = Atomic(false)
}

/// Captures of real servers with their key logs (`Scripts/make-tls-samples`).
@Suite struct TLSSamplesTests {
  private static let folder = checkout.appendingPathComponent("Samples/tls").path

  /// What curl asked each server for.
  private static let shop = ["POST /orders/7 200", "POST /orders 201", "GET /missing 404"]

  private static let suites = [
    "tls13-aes128gcm", "tls13-aes256gcm-h2", "tls13-chacha20", "tls13-ccm", "tls13-ccm8",
    "tls12-aes128gcm", "tls12-aes256gcm-h2", "tls12-chacha20", "tls12-ccm", "tls12-ccm8",
    "tls12-cbc-sha1", "tls12-cbc-sha256", "tls12-cbc-sha384", "tls11-cbc", "tls10-cbc",
  ]

  private struct Reading {
    var calls: [String]
    /// Of each connection, whether it could be read.
    var secrecy: [String]
    /// Details of all calls, as JSON.
    var details: [String]
    var statistics: Statistics
  }

  private func read(_ capture: String, keyLogs: [String]) throws -> Reading {
    var settings = PipelineSettings(workers: 2)
    settings.keyLogs = KeyLogs(keyLogs)
    let store = try EntryStore(.memory)
    let pipeline = try FilePipeline(paths: [capture], settings: settings)
    try pipeline.run(into: store)
    return Reading(
      calls: try Self.calls(store), secrecy: try Self.texts(.connTLS, store),
      details: try Self.texts(.details, store), statistics: pipeline.statistics)
  }

  private func sample(_ name: String) throws -> Reading {
    let path = Self.folder + "/" + name
    return try read(path + ".pcap", keyLogs: [path + ".keylog"])
  }

  /// The decrypted calls, in the order of time: method and path or query, and status.
  private static func calls(_ store: EntryStore) throws -> [String] {
    var calls: [(Int64, String)] = []
    for block in store.snapshot().blocks {
      for row in 0..<block.rows {
        guard try block.column(.decrypted)?.value(at: row) == .bool(true) else { continue }
        var words: [String] = []
        for id in [
          FieldID.method, .redisType, .redisKey, .postgresqlQuery, .mysqlQuery, .path,
          .statusCode, .postgresqlErrorCode, .mysqlErrorCode,
        ] {
          switch try block.column(id)?.value(at: row) {
          case .text(let text): words.append(text)
          case .int(let number): words.append(String(number))
          default: break
          }
        }
        guard case .instant(let when) = try block.column(.instant)?.value(at: row) else { continue }
        calls.append((when.nanoseconds, words.joined(separator: " ")))
      }
    }
    return calls.sorted { $0.0 < $1.0 }.map(\.1)
  }

  private static func texts(_ id: FieldID, _ store: EntryStore) throws -> [String] {
    try store.snapshot().blocks.flatMap { block in
      guard let column = try block.column(id) else { return [String]() }
      return (0..<block.rows).compactMap {
        if case .text(let text) = column.value(at: $0) { text } else { nil }
      }
    }
  }

  @Test(arguments: suites) func everySuiteIsOpened(name: String) throws {
    let reading = try sample(name)
    #expect(reading.calls == Self.shop)
    #expect(reading.secrecy.allSatisfy { $0 == "decrypted" } && !reading.secrecy.isEmpty)
    #expect(reading.statistics.warnings.isEmpty)
  }

  @Test func certificatesOfTheNewestVersionAreShownWithTheirSecrets() throws {
    let shown = "\"certificates\":[{\"subject\":"
    for name in ["tls13-aes128gcm", "tls13-aes256gcm-h2", "tls13-retry"] {
      #expect(try sample(name).details.contains { $0.contains(shown) })
      let closed = try read(Self.folder + "/" + name + ".pcap", keyLogs: [])
      #expect(!closed.details.isEmpty && !closed.details.contains { $0.contains(shown) })
    }
  }

  @Test(arguments: suites) func withoutSecretsThereAreHandshakesOnly(name: String) throws {
    let reading = try read(Self.folder + "/" + name + ".pcap", keyLogs: [])
    #expect(reading.calls.isEmpty)
    #expect(reading.secrecy.allSatisfy { $0 == "no_key_log" } && !reading.secrecy.isEmpty)
  }

  @Test func secretsMayLieInTheCapture() throws {
    let reading = try read(Self.folder + "/secrets-inside.pcapng", keyLogs: [])
    #expect(reading.calls == Self.shop)
  }

  @Test func handshakesOfEveryKindAreFollowed() throws {
    #expect(
      try sample("tls13-key-update").calls
        == ["GET /orders/7 200", "GET /orders 200", "GET /missing 404"])
    #expect(
      try sample("tls13-early-data").calls
        == ["GET /orders 200", "GET /orders/7 200", "GET /missing 404"])
    #expect(try sample("tls13-retry").calls == ["GET /orders/7 200"])
    #expect(try sample("tls12-mac-then-encrypt").calls == ["GET /orders/7 200"])
    #expect(try sample("tls12-resumed").calls == ["GET /orders 200", "GET /orders/7 200"])
  }

  @Test func otherProtocolsThanHTTPAreInside() throws {
    #expect(
      try sample("redis-tls").calls
        == ["SET cart:7", "INCR orders", "LPUSH cart:7", "GET cart:7"])
    #expect(
      try sample("postgresql-tls").calls.filter { $0.hasPrefix("SELECT") }
        == ["SELECT 7 AS id", "SELECT * FROM nowhere 42P01"])
    #expect(
      try sample("mysql-tls").calls.filter { $0.hasPrefix("SELECT") }
        == ["SELECT 7 AS id", "SELECT * FROM mysql.nowhere 1146"])
  }

  @Test func whatIsWrongWithAKeyLogIsTold() throws {
    let path = NSTemporaryDirectory() + "keys-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: path) }
    try Data("# nothing\nCLIENT_RANDOM 00 11\n".utf8).write(to: URL(fileURLWithPath: path))
    let capture = Self.folder + "/tls13-aes128gcm.pcap"
    let reading = try read(capture, keyLogs: [path, path + "-gone"])
    let name = path.split(separator: "/").last ?? ""
    #expect(
      reading.statistics.warnings == [
        "The key log \(name): 1 line is damaged",
        "The key log \(name) has no secrets that open records",
        "The key log \(name)-gone is not there",
      ])
    #expect(reading.secrecy.allSatisfy { $0 == "no_keys" })
    #expect(
      reading.statistics.dissectionTroubles.contains {
        $0.name == "TLS connections no keys" && $0.count > 0
      })
  }

  /// The key log comes after the packets, piece by piece; what waited for it is read then.
  @Test(.timeLimit(.minutes(1))) func aKeyLogIsReadAsItGrows() async throws {
    let keys = NSTemporaryDirectory() + "keys-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: keys) }
    var settings = PipelineSettings(workers: 2)
    settings.keyLogs = KeyLogs([keys])
    let store = try EntryStore(.memory)
    let pipeline = try FilePipeline(
      paths: [Self.folder + "/tls13-aes128gcm.pcap"], settings: settings, follows: true)
    let (moments, caughtUp) = AsyncStream.makeStream(of: [String].self)
    let flag = Flag()
    let reading = Thread {
      try? pipeline.run(into: store, isCancelled: { flag.isRaised.load(ordering: .relaxed) }) {
        caughtUp.yield((try? Self.calls(store)) ?? [])
      }
      caughtUp.finish()
    }
    reading.start()
    var iterator = moments.makeAsyncIterator()
    #expect(await iterator.next() == [], "read, and waiting for its secrets")
    let text = try Data(contentsOf: URL(fileURLWithPath: Self.folder + "/tls13-aes128gcm.keylog"))
    try Data().write(to: URL(fileURLWithPath: keys))
    for piece in [text.prefix(100), text.dropFirst(100)] {
      let file = try #require(FileHandle(forWritingAtPath: keys))
      try file.seekToEnd()
      try file.write(contentsOf: piece)
      try file.close()
    }
    var seen: [String] = []
    while seen != Self.shop, let calls = await iterator.next() { seen = calls }
    #expect(seen == Self.shop)
    flag.isRaised.store(true, ordering: .relaxed)
    while await iterator.next() != nil {}
  }
}

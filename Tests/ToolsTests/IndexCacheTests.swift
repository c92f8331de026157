import Foundation
import Identity
import JSON
import Testing
import ToolKit

@testable import Tools

@Suite struct IndexCacheTests {
  private let folder = NSTemporaryDirectory() + "cache-\(UUID().uuidString)"

  private func cache(
    _ program: String = "a", maxBytes: Int64 = IndexCache.maxBytes
  ) throws -> IndexCache {
    try #require(
      IndexCache(environment: ["XDG_CACHE_HOME": folder], program: program, maxBytes: maxBytes))
  }

  private func files(_ ending: String) -> [String] {
    let names = try? FileManager.default.contentsOfDirectory(atPath: folder + "/kubeshark")
    return (names ?? []).filter { $0.hasSuffix(ending) }.sorted()
  }

  /// The Hub over a capture with this cache, and an answer of it.
  private func ask(
    _ cache: IndexCache, _ path: String = ShopHub.capture, names: Inventory = Inventory()
  ) async throws -> ToolAnswer {
    let capture = try CaptureTraffic([path], inventory: names, workers: 2, cache: cache)
    capture.start()
    let hub = EmbeddedHub(capture.traffic(redactor: Redactor(key: [1])), version: "test")
    return try await ShopHub.ask("list_api_calls", ["kfl": "http && status_code == 500"], of: hub)
  }

  @Test func theSecondStartFindsTheFirstOnesIndex() async throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let first = try await ask(cache())
    #expect(files(".sqlite").count == 1 && files(".json").count == 1)
    let written = files(".sqlite")
    let second = try await ask(cache())
    #expect(first == second && files(".sqlite") == written)
    let mode =
      try FileManager.default.attributesOfItem(
        atPath: folder + "/kubeshark/" + written[0])[.posixPermissions] as? NSNumber
    #expect(mode?.intValue == 0o600)
  }

  @Test func readingIsToldInBytesOfTheFile() async throws {
    let capture = try CaptureTraffic([ShopHub.capture], inventory: Inventory(), workers: 1)
    let size = try #require(
      FileManager.default.attributesOfItem(atPath: ShopHub.capture)[.size] as? NSNumber)
    let begun = try #require(capture.progress)
    #expect(begun.done == 0 && begun.total == size.doubleValue)
    capture.start()
    while let progress = capture.progress {
      #expect(progress.done <= size.doubleValue && progress.total == size.doubleValue)
      try await Task.sleep(for: .milliseconds(1))
    }
  }

  @Test func anotherProgramOrOtherNamesIndexAnew() async throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    _ = try await ask(cache())
    _ = try await ask(cache("b"))
    #expect(files(".json").count == 2)
    let names = try InventoryReader.inventory(
      of: Array(Data(contentsOf: ShopHub.names)), path: "names")
    let named = try await ask(cache(), names: names)
    #expect(files(".json").count == 3 && named.text.contains("payments/payment-service"))
  }

  @Test func aDamagedIndexIsMadeAgain() async throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let first = try await ask(cache())
    for name in files(".sqlite") {
      try Data("rubbish".utf8).write(to: URL(fileURLWithPath: folder + "/kubeshark/" + name))
    }
    #expect(try await ask(cache()) == first)
  }

  @Test func whatWasNotUsedForLongLeavesToMakeRoom() async throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try FileManager.default.createDirectory(
      atPath: folder + "/kubeshark", withIntermediateDirectories: true)
    // Two indexes much larger than that of the shop, of which one was used lately.
    for (name, age) in [("aaa", 50.0), ("bbb", 100.0)] {
      for (ending, bytes) in [(".json", 2), ("-1.sqlite", 20 << 20)] {
        let path = folder + "/kubeshark/" + name + ending
        try Data(count: bytes).write(to: URL(fileURLWithPath: path))
        try FileManager.default.setAttributes(
          [.modificationDate: Date(timeIntervalSinceNow: -age)], ofItemAtPath: path)
      }
    }
    let answer = try await ask(cache(maxBytes: 35 << 20))
    #expect(answer.text.contains("1 index of another capture left the cache to make room"))
    #expect(files("").contains("aaa-1.sqlite") && !files("").contains { $0.hasPrefix("bbb") })
    #expect(files(".json").count == 2)
  }

  @Test func aDraftIsOneProcessesOwn() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let cache = try cache()
    do {
      let first = try #require(cache.begin("k"))
      // The name has the number of the process, so the same process finds its own taken.
      #expect(cache.begin("k") == nil && FileManager.default.fileExists(atPath: first.path))
    }
    let again = try #require(cache.begin("k"))
    cache.abandon(again)
    #expect(files("").isEmpty)
  }

  @Test func aFolderThatCannotBeMadeOnlyCostsTime() async throws {
    let cache = try #require(
      IndexCache(environment: ["XDG_CACHE_HOME": "/dev/null"], program: "a"))
    #expect(try await ask(cache).structured["total"] == 12)
    #expect(IndexCache(environment: [:], program: "a") == nil)
  }
}

import Crypto
import Foundation
import Synchronization
import Testing

@testable import ObjectStorage

@Suite struct FolderStorageTests {
  private final class Folders {
    let path = FileManager.default.temporaryDirectory
      .appendingPathComponent("storage-\(UUID().uuidString)").path

    init() throws {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }
    deinit { try? FileManager.default.removeItem(atPath: path) }

    func file(_ name: String, _ bytes: [UInt8]) throws -> StoredFile {
      try Data(bytes).write(to: URL(fileURLWithPath: path + "/" + name))
      return StoredFile(
        path: path + "/" + name, bytes: UInt64(bytes.count),
        digest: Array(SHA256.hash(data: bytes)))
    }

    func bytes(_ name: String) -> [UInt8]? {
      FileManager.default.contents(atPath: path + "/" + name).map { Array($0) }
    }
  }

  private static let large = (0..<3_500_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }

  @Test func whatGoesThereComesBack() async throws {
    let folders = try Folders()
    let storage = FolderStorage(folders.path + "/bucket", prefix: "p/")
    try await storage.check()
    let file = try folders.file("a", Self.large)
    let reported = Mutex<[UInt64]>([])
    try await storage.upload(file, at: "p/files/1/a") { done in reported.withLock { $0 += [done] } }
    #expect(reported.withLock { $0.last } == file.bytes && reported.withLock { $0.count } == 4)
    try await storage.write([1, 2], at: "p/snapshots/1.json")
    let listed = try await storage.list("p/")
    #expect(listed.map(\.key) == ["p/files/1/a", "p/snapshots/1.json"])
    #expect(try await storage.list("p/snap").map(\.bytes) == [2])
    #expect(try await storage.read("p/snapshots/1.json", limit: 2) == [1, 2])
    try await storage.download("p/files/1/a", to: folders.path + "/b", bytes: file.bytes) { _ in }
    #expect(folders.bytes("b") == Self.large)
  }

  @Test func bothWaysGoOnWhereTheyWere() async throws {
    let folders = try Folders()
    let storage = FolderStorage(folders.path + "/bucket", prefix: "")
    let file = try folders.file("a", Self.large)
    try await storage.write([], at: "k/other")
    _ = try folders.file("bucket/k/a.part", Array(Self.large[..<2_000_000]))
    #expect(try await storage.list("k/").map(\.key) == ["k/other"], "a part is not listed")
    let reported = Mutex<[UInt64]>([])
    try await storage.upload(file, at: "k/a") { done in reported.withLock { $0 += [done] } }
    #expect(reported.withLock { $0.count } == 2)
    #expect(folders.bytes("bucket/k/a") == Self.large)
    _ = try folders.file("b", Array(Self.large[..<3_000_000]))
    reported.withLock { $0 = [] }
    try await storage.download("k/a", to: folders.path + "/b", bytes: file.bytes) { done in
      reported.withLock { $0 += [done] }
    }
    #expect(reported.withLock { $0 } == [file.bytes] && folders.bytes("b") == Self.large)
    // What is longer than it can be was something else.
    _ = try folders.file("c", Self.large + [1])
    try await storage.download("k/a", to: folders.path + "/c", bytes: file.bytes) { _ in }
    #expect(folders.bytes("c") == Self.large)
  }

  @Test func whatIsMissingIsToldAsThat() async throws {
    let folders = try Folders()
    let storage = FolderStorage(folders.path, prefix: "")
    for key in ["nothing", "a/b"] {
      let error = await #expect(throws: StorageError.self) {
        try await storage.read(key, limit: 10)
      }
      #expect(error?.code == .notFound)
    }
    let file = StoredFile(path: folders.path + "/gone", bytes: 1, digest: [])
    await #expect(throws: StorageError.unreadable(file.path)) {
      try await storage.upload(file, at: "x") { _ in }
    }
  }
}

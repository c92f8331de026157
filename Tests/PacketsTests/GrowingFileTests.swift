import Bytes
import Foundation
import Packets
import Testing

@Suite struct GrowingFileTests {
  /// What a reading found, and what it gave.
  private func read(_ file: inout GrowingFile) throws -> (GrowingFile.State, String) {
    var restarts = 0
    var bytes: [UInt8] = []
    let state = try file.read(restart: { restarts += 1 }) { bytes.append($0) }
    #expect((restarts == 1) == (state == .restarted))
    return (state, String(decoding: bytes, as: UTF8.self))
  }

  private func write(_ text: String, to path: String) throws {
    try Data(text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
  }

  private func append(_ text: String, to path: String) throws {
    let file = try #require(FileHandle(forWritingAtPath: path))
    try file.seekToEnd()
    try file.write(contentsOf: Data(text.utf8))
    try file.close()
  }

  @Test func whatIsAppendedIsReadOnce() throws {
    let path = NSTemporaryDirectory() + "growing-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: path) }
    var file = GrowingFile(path: path, maxBytes: 1 << 20)
    #expect(try read(&file) == (.absent, ""))
    try write("one\n", to: path)
    #expect(try read(&file) == (.read, "one\n"))
    #expect(try read(&file) == (.read, ""))
    let long = String(repeating: "x", count: 200_000)
    try append(long, to: path)
    #expect(try read(&file) == (.read, long))
    // Another file in its place, and one that was cut.
    try write("two\n", to: path)
    #expect(try read(&file) == (.restarted, "two\n"))
    let handle = try #require(FileHandle(forWritingAtPath: path))
    try handle.truncate(atOffset: 0)
    try handle.write(contentsOf: Data("3".utf8))
    try handle.close()
    #expect(try read(&file) == (.restarted, "3"))
    try FileManager.default.removeItem(atPath: path)
    #expect(try read(&file) == (.absent, ""))
  }

  @Test func whatIsTooLongIsLeft() throws {
    let path = NSTemporaryDirectory() + "growing-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: path) }
    try write(String(repeating: "x", count: 300_000), to: path)
    var file = GrowingFile(path: path, maxBytes: 100_000)
    let (_, text) = try read(&file)
    #expect(text.utf8.count < 200_000 && file.isCut)
    #expect(try read(&file).1.isEmpty)
  }

  @Test func aFolderIsNoFile() {
    var file = GrowingFile(path: "/", maxBytes: 10)
    #expect(throws: CaptureError.self) { try read(&file) }
  }
}

import Bytes
import Store

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The stages of the data path on a capture that somebody recorded, beside a CRC32C loop over the
/// same file as the system maps it.
enum CaptureStages {
  static func figures(
    _ path: String, workers: Int, _ stopwatch: inout Stopwatch
  ) throws -> [Figure] {
    let file = try MappedFile(path)
    let data = DataPath(path: path)
    let (packets, calls) = try data.counted()
    let floor = stopwatch.best { file.checksum($0) }
    func figure(_ name: String, _ nanoseconds: Double, _ items: Int, _ item: String) -> Figure {
      Figure(
        input: String(path.split(separator: "/").last ?? ""), name: name,
        nanoseconds: nanoseconds, items: items, item: item, bytes: file.count, reference: floor)
    }
    let frames = try stopwatch.best { try data.frames($0) }
    let flows = try stopwatch.best { try data.flows($0).sum }
    let dissected = try stopwatch.best { try data.entries($0) { _ in } }
    let whole = try stopwatch.best { try data.stored($0, in: .memory, workers: workers) }
    return [
      figure("CRC32C loop over the mapped file", floor, packets, "packet"),
      figure("frame walk", frames, packets, "packet"),
      figure("layers and flows by themselves", max(0, flows - frames), packets, "packet"),
      figure("+ dissectors", dissected, calls, "call"),
      figure("whole path, file to flushed store", whole, calls, "call"),
    ]
  }
}

/// A file as the system maps it.
private final class MappedFile {
  private let memory: UnsafeRawBufferPointer
  var count: Int { memory.count }

  init(_ path: String) throws {
    let descriptor = open(path, O_RDONLY)
    guard descriptor >= 0 else { throw BenchError.unreadable(path) }
    defer { close(descriptor) }
    let size = Int(lseek(descriptor, 0, SEEK_END))
    guard size > 0, let start = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0),
      start != MAP_FAILED
    else { throw BenchError.unreadable(path) }
    memory = UnsafeRawBufferPointer(start: start, count: size)
  }

  deinit { munmap(UnsafeMutableRawPointer(mutating: memory.baseAddress), memory.count) }

  func checksum(_ seed: UInt64) -> UInt64 { plainChecksum(memory.bytes, seed) }
}

import Bytes
import CZlib
import CZstd
import Foundation
import Packets
import Synchronization
import TestSupport
import Testing

/// Files, pipes, compression, limits and errors.
@Suite struct CaptureReaderTests {
  /// A pcap file of `count` packets of several lengths.
  private func capture(_ count: Int) -> [UInt8] {
    let writer = PcapWriter(linkType: .ethernet)
    var file: [UInt8] = []
    writer.start(&file)
    for index in 0..<count {
      let packet = (0..<(index * 37 % 200)).map { UInt8(truncatingIfNeeded: $0 + index) }
      writer.add(
        packet.rawSpan, at: Timestamp(microseconds: Int64(index) * 1_000), to: &file)
    }
    return file
  }

  @Test func anyChunkLengthGivesTheSamePackets() throws {
    let file = capture(60)
    let whole = try read(file).0
    #expect(whole.lines.count == 60)
    #expect(whole.chunks == 1)
    for chunk in stride(from: 24, to: 600, by: 7) {
      #expect(try read(file, chunk: chunk).0.lines == whole.lines)
    }
  }

  @Test func anyPrefixGivesAPrefixOfThePackets() throws {
    let file = capture(12)
    let whole = try read(file).0
    for count in stride(from: 24, to: file.count, by: 5) {
      let (reading, summary) = try read(Array(file.prefix(count)))
      #expect(Array(whole.lines.prefix(reading.lines.count)) == reading.lines)
      let isWhole = summary.warnings.isEmpty
      #expect(isWhole || summary.warnings.map(\.kind) == [.truncated])
    }
  }

  @Test func aPipeIsReadAsItsWriterWrites() throws {
    let file = capture(200)
    var ends: [Int32] = [0, 0]
    #expect(pipe(&ends) == 0)
    let writer = ends[1]
    let thread = Thread {
      for start in stride(from: 0, to: file.count, by: 1_000) {
        let part = file[start..<min(start + 1_000, file.count)]
        _ = part.withUnsafeBytes { write(writer, $0.baseAddress, $0.count) }
      }
      close(writer)
    }
    thread.start()
    var reader = try CaptureReader(descriptor: ends[0], name: "a pipe")
    var reading = Reading()
    while let chunk = try reader.next() { reading.add(chunk) }
    close(ends[0])
    #expect(reading.lines == (try read(file).0.lines))
  }

  @Test func aGrowingFileIsFollowedUntilItIsCancelled() throws {
    let bytes = capture(20)
    let file = try CaptureFile(Array(bytes.prefix(10)))
    let shared = Shared()
    var reader = try CaptureReader(
      path: file.path, follow: CaptureFollow { shared.value.withLock { $0 } })
    let path = file.path
    let writer = Thread {
      let handle = FileHandle(forWritingAtPath: path)
      _ = try? handle?.seekToEnd()
      for start in stride(from: 10, to: bytes.count, by: 333) {
        try? handle?.write(contentsOf: Data(bytes[start..<min(start + 333, bytes.count)]))
      }
      try? handle?.close()
    }
    writer.start()
    var reading = Reading()
    while let chunk = try reader.next() {
      reading.add(chunk)
      if reading.lines.count == 20 { shared.value.withLock { $0 = true } }
    }
    #expect(reading.lines == (try read(bytes).0.lines))
    #expect(reader.summary.warnings.isEmpty)
  }

  @Test func gzipMembersAndZstdFramesAreReadAsOne() throws {
    let file = capture(300)
    let expected = try read(file).0.lines
    let parts = [Array(file[..<5_000]), Array(file[5_000...])]
    for (packed, name) in [
      (parts.flatMap(gzipped), CaptureSummary.Compression.gzip),
      (parts.flatMap(zstandard), .zstd),
    ] {
      for chunk in [100, 4_096, 1 << 20] {
        let (reading, summary) = try read(packed, chunk: chunk)
        #expect(reading.lines == expected)
        #expect(summary.compression == name)
        #expect(summary.warnings.isEmpty)
      }
      // Cut: what was decompressed is delivered, and a warning tells of the rest.
      let (reading, summary) = try read(Array(packed.dropLast(200)))
      #expect(!reading.lines.isEmpty && reading.lines.count < expected.count)
      #expect(Array(expected.prefix(reading.lines.count)) == reading.lines)
      #expect(summary.warnings.map(\.kind) == [.compression])
    }
  }

  /// The library holds what had no room when it had taken all that there is.
  @Test func allThatACutGzipHoldsIsRead() throws {
    let packed = gzipped(capture(300))
    for end in stride(from: packed.count / 2, to: packed.count, by: max(1, packed.count / 50)) {
      let whole = try read(Array(packed[..<end])).0.lines
      #expect(whole.count > 50)
      for chunk in [64, 100, 133] {
        #expect(try read(Array(packed[..<end]), chunk: chunk).0.lines == whole, "\(end), \(chunk)")
      }
    }
  }

  /// What was decompressed before the damage is read, however much of it comes at once.
  @Test func packetsBeforeDamageOfTheCompressionAreRead() throws {
    let file = capture(20_000)
    let expected = try read(file).0.lines
    for packed in [gzipped(file), zstandard(file)] {
      let damaged = packed.prefix(packed.count * 3 / 4) + [UInt8](repeating: 0xff, count: 400)
      for chunk in [4_096, 8 << 20] {
        let (reading, summary) = try read(Array(damaged), chunk: chunk)
        let sure = expected.count / 4
        #expect(reading.lines.count > sure)
        #expect(reading.lines.prefix(sure) == expected.prefix(sure))
        #expect(summary.warnings.contains { $0.kind == .compression })
      }
    }
  }

  /// The library may know formats from before RFC 8878, and of damaged ones it gives memory that was
  /// never written.
  @Test func framesOfOlderZstandardAreDamage() throws {
    let file = capture(40)
    let expected = try read(file).0.lines
    // Version 0.7: a frame of one block that is as it is, and the block that ends it.
    let old: [UInt8] =
      [0x27, 0xb5, 0x2f, 0xfd, 0x20, 200, 0x40, 0, 200] + file.suffix(200) + [0xc0, 0, 0]
    for chunk in [1, 100, 1 << 20] {
      let (reading, summary) = try read(zstandard(Array(file.dropLast(200))) + old, chunk: chunk)
      #expect(!reading.lines.isEmpty && reading.lines.count < expected.count)
      #expect(summary.warnings.map(\.kind) == [.compression])
    }
  }

  @Test func whatIsNoCaptureSaysWhatItIs() throws {
    func problem(_ bytes: [UInt8]) -> CaptureError? {
      do {
        _ = try read(bytes)
        return nil
      } catch { return error as? CaptureError }
    }
    #expect(problem([])?.code == .empty)
    #expect(problem([1, 2])?.code == .foreign)
    #expect(problem(Array("time,src,dst\n".utf8))?.problem == "it looks like text")
    #expect(problem(Array("snoop\0\0\0\0\0\0\u{2}".utf8))?.code == .unsupported)
    #expect(problem(gzipped(Array("hello, world".utf8)))?.problem == "it looks like text")
    #expect(problem([0x50, 0x4b, 3, 4, 0, 0, 0])?.problem == "it looks like a ZIP archive")
    #expect(problem([UInt8](repeating: 0, count: 64))?.problem == "it begins with zero bytes")
    #expect(problem(Array(FileBytes.pcap(version: (1, 4)).bytes))?.code == .unsupported)
    #expect(problem(Array(capture(1).prefix(20)))?.code == .foreign)
    #expect(problem([0x1f, 0x8b, 8, 0, 0, 0])?.code == .unreadable)
    let directory = FileManager.default.temporaryDirectory.path
    for (path, code) in [
      ("/nowhere/at/all.pcap", CaptureError.Code.missing), (directory, .isDirectory),
    ] {
      #expect(throws: CaptureError.self) { try CaptureReader(path: path) }
      do { _ = try CaptureReader(path: path) } catch { #expect(error.code == code) }
    }
  }

  @Test func errorsAreTwoSentences() {
    let error = CaptureError(
      .foreign, "read", "notes.txt", problem: "it looks like text", advice: "Name a capture")
    #expect(error.description == "Cannot read notes.txt: it looks like text. Name a capture.")
  }

  @Test func damageNeverStopsOrGrowsTheReading() throws {
    var random = SeededGenerator(seed: 7)
    var section = FileBytes()
    section.section()
    section.interface()
    for index in 0..<40 {
      section.enhanced(UInt64(index), [UInt8](repeating: 3, count: index * 3))
    }
    for original in [capture(40), section.bytes, gzipped(capture(40)), zstandard(capture(40))] {
      for _ in 0..<150 {
        var bytes = original
        for _ in 0..<Int.random(in: 1...12, using: &random) {
          bytes[Int.random(in: 0..<bytes.count, using: &random)] =
            .random(in: 0...255, using: &random)
        }
        if Bool.random(using: &random) {
          bytes.removeLast(Int.random(in: 0..<bytes.count, using: &random))
        }
        guard let (reading, summary) = try? read(bytes, chunk: 512) else { continue }
        #expect(reading.lines.count == Int(summary.packets))
        #expect(reading.lines.map(\.bytes.count).reduce(0, +) <= original.count * 40)
      }
    }
  }
}

/// A value that a thread and a test share.
private final class Shared: Sendable {
  let value = Mutex(false)
}

func gzipped(_ bytes: [UInt8]) -> [UInt8] {
  var stream = z_stream()
  deflateInit2_(
    &stream, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
    Int32(MemoryLayout<z_stream>.size))
  defer { deflateEnd(&stream) }
  var input = bytes
  var output = [UInt8](repeating: 0, count: bytes.count + 1_000)
  let count = input.withUnsafeMutableBufferPointer { source in
    output.withUnsafeMutableBufferPointer { target in
      stream.next_in = source.baseAddress
      stream.avail_in = UInt32(source.count)
      stream.next_out = target.baseAddress
      stream.avail_out = UInt32(target.count)
      deflate(&stream, Z_FINISH)
      return target.count - Int(stream.avail_out)
    }
  }
  return Array(output.prefix(count))
}

func zstandard(_ bytes: [UInt8]) -> [UInt8] {
  var output = [UInt8](repeating: 0, count: ZSTD_compressBound(bytes.count))
  let count = ZSTD_compress(&output, output.count, bytes, bytes.count, 3)
  return Array(output.prefix(count))
}

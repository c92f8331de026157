import Bytes
import Foundation
import Packets

/// A capture file for one test, removed with it.
final class CaptureFile {
  let path: String

  init(_ bytes: [UInt8]) throws {
    path =
      FileManager.default.temporaryDirectory
      .appendingPathComponent("capture-\(UUID().uuidString)").path
    try Data(bytes).write(to: URL(fileURLWithPath: path))
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func append(_ bytes: [UInt8]) throws {
    let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
    defer { try? handle.close() }
    try handle.seekToEnd()
    try handle.write(contentsOf: Data(bytes))
  }
}

/// What a test looks at of a capture that was read to its end.
struct Reading: Equatable {
  struct Line: Equatable {
    var number: UInt64
    var nanoseconds: Int64
    var bytes: [UInt8]
    var originalLength: Int
    var linkType: UInt16
    var interface: Int
  }

  var lines: [Line] = []
  var chunks = 0

  mutating func add(_ chunk: PacketChunk) {
    chunks += 1
    for packet in chunk.packets {
      lines.append(
        Line(
          number: packet.number, nanoseconds: packet.timestamp.nanoseconds,
          bytes: chunk.store.bytes.slice(packet.range).array(),
          originalLength: packet.originalLength, linkType: packet.linkType.rawValue,
          interface: packet.interface))
    }
  }
}

/// Reads `bytes` as a capture file, to the end.
func read(_ bytes: [UInt8], chunk: Int? = nil) throws -> (Reading, CaptureSummary) {
  let file = try CaptureFile(bytes)
  var limits = CaptureLimits()
  if let chunk { limits.chunk = chunk }
  var reader = try CaptureReader(path: file.path, limits: limits)
  var reading = Reading()
  while let chunk = try reader.next() { reading.add(chunk) }
  return (reading, reader.summary)
}

/// Writes numbers of a capture file in either byte order.
struct FileBytes {
  var isBig = false
  var bytes: [UInt8] = []

  mutating func u16(_ value: UInt16) { number(UInt64(value), 2) }
  mutating func u32(_ value: UInt32) { number(UInt64(value), 4) }
  mutating func u64(_ value: UInt64) { number(value, 8) }

  private mutating func number(_ value: UInt64, _ count: Int) {
    for index in 0..<count {
      let shift = UInt64(isBig ? count - 1 - index : index) * 8
      bytes.append(UInt8(truncatingIfNeeded: value >> shift))
    }
  }

  /// A pcap file header.
  static func pcap(
    magic: UInt32 = 0xa1b2_c3d4, isBig: Bool = false, linkType: UInt32 = 1,
    version: (UInt16, UInt16) = (2, 4), snapLength: UInt32 = 65_535
  ) -> FileBytes {
    var file = FileBytes(isBig: isBig)
    file.u32(magic)
    file.u16(version.0)
    file.u16(version.1)
    file.u64(0)
    file.u32(snapLength)
    file.u32(linkType)
    return file
  }

  /// A pcap record; `extra` bytes stand between its header and the packet.
  mutating func record(
    _ seconds: UInt32, _ fraction: UInt32, _ packet: [UInt8], original: UInt32? = nil,
    extra: Int = 0
  ) {
    u32(seconds)
    u32(fraction)
    u32(UInt32(packet.count))
    u32(original ?? UInt32(packet.count))
    bytes += [UInt8](repeating: 0, count: extra)
    bytes += packet
  }

  /// A pcapng block.
  mutating func block(_ kind: UInt32, _ body: (inout FileBytes) -> Void) {
    var inner = FileBytes(isBig: isBig)
    body(&inner)
    while inner.bytes.count % 4 != 0 { inner.bytes.append(0) }
    u32(kind)
    u32(UInt32(inner.bytes.count + 12))
    bytes += inner.bytes
    u32(UInt32(inner.bytes.count + 12))
  }

  mutating func section(options: (inout FileBytes) -> Void = { _ in }) {
    block(0x0a0d_0d0a) { block in
      block.u32(0x1a2b_3c4d)
      block.u16(1)
      block.u16(0)
      block.u64(.max)
      options(&block)
    }
  }

  mutating func interface(
    linkType: UInt16 = 1, snapLength: UInt32 = 0, options: (inout FileBytes) -> Void = { _ in }
  ) {
    block(1) { block in
      block.u16(linkType)
      block.u16(0)
      block.u32(snapLength)
      options(&block)
    }
  }

  mutating func enhanced(
    _ ticks: UInt64, _ packet: [UInt8], interface: UInt32 = 0, original: UInt32? = nil,
    options: (inout FileBytes) -> Void = { _ in }
  ) {
    block(6) { block in
      block.u32(interface)
      block.u32(UInt32(ticks >> 32))
      block.u32(UInt32(truncatingIfNeeded: ticks))
      block.u32(UInt32(packet.count))
      block.u32(original ?? UInt32(packet.count))
      block.padded(packet)
      options(&block)
    }
  }

  mutating func option(_ code: UInt16, _ value: [UInt8]) {
    u16(code)
    u16(UInt16(value.count))
    padded(value)
  }

  mutating func padded(_ value: [UInt8]) {
    bytes += value
    for _ in 0..<(4 - value.count % 4) % 4 { bytes.append(0) }
  }
}

import CZlib

/// Files in one (APPNOTE.TXT of PKWARE): deflated, without the extensions for more than 4 GiB.
package struct ZipArchive: Sendable {
  /// The largest archive, in bytes; offsets have 32 bits.
  package static let maxBytes = 1 << 31

  private var bytes: [UInt8] = []
  private var directory: [UInt8] = []
  private var count = 0

  package init() {}

  /// Adds a file; one for which there is no room is left out and false returned.
  package mutating func add(_ path: String, _ contents: [UInt8]) -> Bool {
    let packed = Self.deflated(contents)
    let name = Array(path.utf8)
    guard bytes.count + packed.count + name.count + 64 < Self.maxBytes, count < 65_535 else {
      return false
    }
    let crc = UInt32(truncatingIfNeeded: crc32(0, contents, UInt32(contents.count)))
    let offset = bytes.count
    // Of both headers: version 2.0, names in UTF-8, deflated, 1 January 1980.
    var common: [UInt8] = []
    for value in [20, 0x0800, 8, 0, 0x21] { Self.append(UInt16(value), to: &common) }
    for value in [crc, UInt32(packed.count), UInt32(contents.count)] {
      Self.append(value, to: &common)
    }
    Self.append(UInt16(name.count), to: &common)
    Self.append(UInt16(0), to: &common)
    Self.append(UInt32(0x0403_4b50), to: &bytes)
    bytes += common + name + packed
    Self.append(UInt32(0x0201_4b50), to: &directory)
    // Made on Unix, so that the mode below counts.
    Self.append(UInt16(3 << 8 | 20), to: &directory)
    directory += common
    for value in [0, 0, 0] { Self.append(UInt16(value), to: &directory) }
    Self.append(UInt32(0o100_600) << 16, to: &directory)
    Self.append(UInt32(offset), to: &directory)
    directory += name
    count += 1
    return true
  }

  /// The whole archive.
  package var contents: [UInt8] {
    var end: [UInt8] = []
    Self.append(UInt32(0x0605_4b50), to: &end)
    for value in [0, 0, count, count] { Self.append(UInt16(value), to: &end) }
    for value in [directory.count, bytes.count] { Self.append(UInt32(value), to: &end) }
    Self.append(UInt16(0), to: &end)
    return bytes + directory + end
  }

  /// A raw deflate stream (RFC 1951): what zlib makes without its two bytes of header and the
  /// checksum of four.
  private static func deflated(_ contents: [UInt8]) -> [UInt8] {
    var length = compressBound(UInt(contents.count))
    let stream = [UInt8](unsafeUninitializedCapacity: Int(length)) { buffer, count in
      let code = compress2(
        buffer.baseAddress, &length, contents, UInt(contents.count), Z_DEFAULT_COMPRESSION)
      precondition(code == Z_OK, "compress2 has the room it asked for")
      count = Int(length)
    }
    return Array(stream.dropFirst(2).dropLast(4))
  }

  private static func append<Value: FixedWidthInteger>(_ value: Value, to bytes: inout [UInt8]) {
    for shift in stride(from: 0, to: Value.bitWidth, by: 8) {
      bytes.append(UInt8(truncatingIfNeeded: value >> Value(shift)))
    }
  }
}

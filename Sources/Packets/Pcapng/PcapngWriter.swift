package import Bytes

/// Writes a pcapng file (draft-ietf-opsawg-pcapng), piece by piece, into a buffer of the caller's.
///
/// Little-endian, one section; times are nanoseconds.
package struct PcapngWriter: Sendable {
  /// Interfaces described so far.
  package private(set) var interfaceCount = 0

  package init() {}

  /// Appends the section header, which comes first.
  package func start(
    hardware: String? = nil, operatingSystem: String? = nil, application: String? = nil,
    comments: [String] = [], to buffer: inout [UInt8]
  ) {
    block(BlockKind.section, &buffer) { buffer in
      buffer.appendLittle(0x1a2b_3c4d as UInt32)
      buffer.appendLittle(1 as UInt16)
      buffer.appendLittle(0 as UInt16)
      buffer.appendLittle(UInt64.max)
      var options = OptionWriter()
      options.add(comments: comments, &buffer)
      options.add(2, hardware, &buffer)
      options.add(3, operatingSystem, &buffer)
      options.add(4, application, &buffer)
      options.finish(&buffer)
    }
  }

  /// Appends the description of an interface and gives its number, for `add`.
  package mutating func add(
    interface: CaptureInterface, comments: [String] = [], to buffer: inout [UInt8]
  ) -> Int {
    block(BlockKind.interface, &buffer) { buffer in
      buffer.appendLittle(interface.linkType.rawValue)
      buffer.appendLittle(0 as UInt16)
      buffer.appendLittle(UInt32(clamping: interface.snapLength))
      var options = OptionWriter()
      options.add(comments: comments, &buffer)
      options.add(2, interface.name, &buffer)
      options.add(3, interface.description, &buffer)
      options.add(9, [9], &buffer)
      if let filter = interface.filter { options.add(11, [0] + filter.utf8, &buffer) }
      options.add(12, interface.operatingSystem, &buffer)
      options.finish(&buffer)
    }
    defer { interfaceCount += 1 }
    return interfaceCount
  }

  /// Appends a packet.
  ///
  /// Times before 1970 become 1970: the format has none.
  /// - Parameter originalLength: bytes on the wire, when more than those captured.
  package func add(
    _ bytes: RawSpan, at time: Timestamp, originalLength: Int? = nil, interface: Int = 0,
    comments: [String] = [], to buffer: inout [UInt8]
  ) {
    let start = begin(BlockKind.enhancedPacket, &buffer)
    let ticks = UInt64(max(time.nanoseconds, 0))
    buffer.appendLittle(UInt32(clamping: interface))
    buffer.appendLittle(UInt32(truncatingIfNeeded: ticks >> 32))
    buffer.appendLittle(UInt32(truncatingIfNeeded: ticks))
    buffer.appendLittle(UInt32(clamping: bytes.byteCount))
    buffer.appendLittle(UInt32(clamping: max(originalLength ?? 0, bytes.byteCount)))
    buffer.append(bytes)
    pad(&buffer, from: start)
    var options = OptionWriter()
    options.add(comments: comments, &buffer)
    options.finish(&buffer)
    end(start, &buffer)
  }

  /// Appends names of addresses.
  package func add(names: [CaptureName], to buffer: inout [UInt8]) {
    guard !names.isEmpty else { return }
    block(BlockKind.nameResolution, &buffer) { buffer in
      let start = buffer.count
      for name in names {
        let text = name.name.utf8.prefix(1_024)
        buffer.appendLittle(UInt16(name.address.isV4 ? 1 : 2))
        buffer.appendLittle(UInt16((name.address.isV4 ? 4 : 16) + text.count + 1))
        if name.address.isV4 {
          buffer.appendLittle(name.address.v4.byteSwapped)
        } else {
          buffer.appendLittle(name.address.high.byteSwapped)
          buffer.appendLittle(name.address.low.byteSwapped)
        }
        buffer += text
        buffer.append(0)
        pad(&buffer, from: start)
      }
      buffer.appendLittle(0 as UInt32)
    }
  }

  /// Appends keys that decrypt the traffic that follows.
  package func add(secrets: CaptureSecrets, to buffer: inout [UInt8]) {
    block(BlockKind.decryptionSecrets, &buffer) { buffer in
      buffer.appendLittle(secrets.kind)
      buffer.appendLittle(UInt32(clamping: secrets.bytes.count))
      buffer += secrets.bytes
    }
  }

  /// Appends what an interface received and dropped up to `time`.
  package func add(
    statisticsOf interface: Int, received: UInt64?, dropped: UInt64?, at time: Timestamp,
    to buffer: inout [UInt8]
  ) {
    block(BlockKind.interfaceStatistics, &buffer) { buffer in
      let ticks = UInt64(max(time.nanoseconds, 0))
      buffer.appendLittle(UInt32(clamping: interface))
      buffer.appendLittle(UInt32(truncatingIfNeeded: ticks >> 32))
      buffer.appendLittle(UInt32(truncatingIfNeeded: ticks))
      var options = OptionWriter()
      options.add(4, received, &buffer)
      options.add(5, dropped, &buffer)
      options.finish(&buffer)
    }
  }

  // MARK: Framing

  private func block(_ kind: UInt32, _ buffer: inout [UInt8], body: (inout [UInt8]) -> Void) {
    let start = begin(kind, &buffer)
    body(&buffer)
    end(start, &buffer)
  }

  private func begin(_ kind: UInt32, _ buffer: inout [UInt8]) -> Int {
    let start = buffer.count
    buffer.appendLittle(kind)
    buffer.appendLittle(0 as UInt32)
    return start
  }

  private func pad(_ buffer: inout [UInt8], from start: Int) {
    while (buffer.count - start) % 4 != 0 { buffer.append(0) }
  }

  /// Pads the block and writes its length, twice.
  private func end(_ start: Int, _ buffer: inout [UInt8]) {
    pad(&buffer, from: start)
    let length = UInt32(clamping: buffer.count - start + 4)
    buffer.appendLittle(length)
    for index in 0..<4 {
      buffer[start + 4 + index] = UInt8(truncatingIfNeeded: length >> UInt32(index * 8))
    }
  }
}

/// Writes the options of a block, and the end of them when there were any.
private struct OptionWriter {
  private var isEmpty = true

  mutating func add(_ code: UInt16, _ value: [UInt8], _ buffer: inout [UInt8]) {
    let value = value.prefix(Int(UInt16.max))
    buffer.appendLittle(code)
    buffer.appendLittle(UInt16(value.count))
    buffer += value
    for _ in 0..<(4 - value.count % 4) % 4 { buffer.append(0) }
    isEmpty = false
  }

  mutating func add(_ code: UInt16, _ text: String?, _ buffer: inout [UInt8]) {
    if let text { add(code, Array(text.utf8), &buffer) }
  }

  mutating func add(_ code: UInt16, _ count: UInt64?, _ buffer: inout [UInt8]) {
    guard let count else { return }
    var value: [UInt8] = []
    value.appendLittle(count)
    add(code, value, &buffer)
  }

  mutating func add(comments: [String], _ buffer: inout [UInt8]) {
    for comment in comments { add(Options.comment, comment, &buffer) }
  }

  func finish(_ buffer: inout [UInt8]) {
    if !isEmpty { buffer.appendLittle(0 as UInt32) }
  }
}

package import Bytes

// How a sum is kept between two runs of the program: every figure in turn, as a varint.

extension HealthSum {
  private static let means: [any WritableKeyPath<HealthSum, Mean> & Sendable] = [
    \.receiveWindow, \.synToSynAck, \.synAckToAck, \.synToAck, \.connectionTime, \.timeToFirstByte,
    \.roundTrip,
  ]
  static let counts: [any WritableKeyPath<TCPHealth, UInt32> & Sendable] = [
    \.connections, \.retransmissions, \.fastRetransmissions, \.spuriousRetransmissions,
    \.zeroWindowEvents, \.windowFullEvents, \.outOfOrder, \.duplicateACKs, \.missingSegments,
    \.resets, \.fins, \.keepAlives, \.rttSamples,
  ]
  static let extremes: [any WritableKeyPath<TCPHealth, UInt32?> & Sendable] = [\.rttMinimum, \.rttMaximum]
  static let sideCounts: [any WritableKeyPath<TCPHealth.Counts, UInt32> & Sendable] = [
    \.retransmissions, \.fastRetransmissions, \.spuriousRetransmissions, \.outOfOrder,
    \.duplicateACKs, \.zeroWindows, \.windowFull, \.keepAlives, \.missingSegments,
  ]
  /// A window scale that was not announced.
  private static let noScale: UInt8 = 0xff

  package func store(in bytes: inout [UInt8]) {
    for path in Self.means {
      bytes.append(number: self[keyPath: path].sum)
      bytes.append(number: self[keyPath: path].count)
    }
    bytes.append(little: UInt64(truncatingIfNeeded: squares))
    bytes.append(little: UInt64(truncatingIfNeeded: squares >> 64))
    for path in Self.counts { bytes.append(number: UInt64(figures[keyPath: path])) }
    for path in Self.extremes {
      bytes.append(number: figures[keyPath: path].map { UInt64($0) + 1 } ?? 0)
    }
    bytes.append(number: figures.goodput)
    bytes += [figures.completeness, figures.isOffloaded ? 1 : 0]
    for side in [Side.client, .server] {
      bytes.append(figures.windowScale[side] ?? Self.noScale)
      bytes.append(little: scaleStreams[side])
      for path in Self.sideCounts {
        bytes.append(number: UInt64(figures.bySide[side][keyPath: path]))
      }
    }
  }

  package init(stored input: inout Cursor) throws(WireError) {
    self.init(TCPHealth(), stream: 0)
    for path in Self.means {
      self[keyPath: path].sum = try input.number()
      self[keyPath: path].count = try input.number()
    }
    squares = UInt128(try input.little64())
    squares |= UInt128(try input.little64()) << 64
    for path in Self.counts { figures[keyPath: path] = try input.number32() }
    for path in Self.extremes {
      let next = try input.number()
      figures[keyPath: path] = next > 0 ? UInt32(clamping: next - 1) : nil
    }
    figures.goodput = try input.number()
    figures.completeness = try input.uint8()
    figures.isOffloaded = try input.uint8() > 0
    for side in [Side.client, .server] {
      let scale = try input.uint8()
      figures.windowScale[side] = scale == Self.noScale ? nil : scale
      scaleStreams[side] = try input.little64()
      for path in Self.sideCounts {
        figures.bySide[side][keyPath: path] = try input.number32()
      }
    }
  }
}

extension [UInt8] {
  /// A count; none reaches 2^63.
  package mutating func append(number value: UInt64) { append(varint: Int(clamping: value)) }
}

extension Cursor {
  package mutating func number() throws(WireError) -> UInt64 { UInt64(try varint(limit: .max)) }

  fileprivate mutating func number32() throws(WireError) -> UInt32 {
    UInt32(try varint(limit: Int(UInt32.max)))
  }
}

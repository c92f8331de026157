package import Bytes

// How a sum is kept between two runs of the program: every figure in turn, as a varint.

extension HealthSum {
  /// A window scale that was not announced.
  private static let noScale: UInt8 = 0xff

  package func store(in bytes: inout [UInt8]) {
    // Nothing is changed here; the fields are named in one place for both ways.
    var sum = self
    sum.forEachMean { mean in
      bytes.append(number: mean.sum)
      bytes.append(number: mean.count)
    }
    bytes.append(little: UInt64(truncatingIfNeeded: squares))
    bytes.append(little: UInt64(truncatingIfNeeded: squares >> 64))
    sum.figures.forEachCount { bytes.append(number: UInt64($0)) }
    sum.figures.forEachExtreme { bytes.append(number: $0.map { UInt64($0) + 1 } ?? 0) }
    bytes.append(number: figures.goodput)
    bytes += [figures.completeness, figures.isOffloaded ? 1 : 0]
    for side in [Side.client, .server] {
      bytes.append(figures.windowScale[side] ?? Self.noScale)
      bytes.append(little: scaleStreams[side])
      sum.figures.bySide[side].forEachCount { bytes.append(number: UInt64($0)) }
    }
  }

  package init(stored input: inout Cursor) throws(WireError) {
    self.init(TCPHealth(), stream: 0)
    try forEachMean { (mean) throws(WireError) in
      mean.sum = try input.number()
      mean.count = try input.number()
    }
    squares = UInt128(try input.little64())
    squares |= UInt128(try input.little64()) << 64
    try figures.forEachCount { (count) throws(WireError) in count = try input.number32() }
    try figures.forEachExtreme { (extreme) throws(WireError) in
      let next = try input.number()
      extreme = next > 0 ? UInt32(clamping: next - 1) : nil
    }
    figures.goodput = try input.number()
    figures.completeness = try input.uint8()
    figures.isOffloaded = try input.uint8() > 0
    for side in [Side.client, .server] {
      let scale = try input.uint8()
      figures.windowScale[side] = scale == Self.noScale ? nil : scale
      scaleStreams[side] = try input.little64()
      try figures.bySide[side].forEachCount { (count) throws(WireError) in
        count = try input.number32()
      }
    }
  }

  private mutating func forEachMean<E>(_ body: (inout Mean) throws(E) -> Void) throws(E) {
    try body(&receiveWindow)
    try body(&synToSynAck)
    try body(&synAckToAck)
    try body(&synToAck)
    try body(&connectionTime)
    try body(&timeToFirstByte)
    try body(&roundTrip)
  }
}

extension TCPHealth {
  mutating func forEachCount<E>(_ body: (inout UInt32) throws(E) -> Void) throws(E) {
    try body(&connections)
    try body(&retransmissions)
    try body(&fastRetransmissions)
    try body(&spuriousRetransmissions)
    try body(&zeroWindowEvents)
    try body(&windowFullEvents)
    try body(&outOfOrder)
    try body(&duplicateACKs)
    try body(&missingSegments)
    try body(&resets)
    try body(&fins)
    try body(&keepAlives)
    try body(&rttSamples)
  }

  mutating func forEachExtreme<E>(_ body: (inout UInt32?) throws(E) -> Void) throws(E) {
    try body(&rttMinimum)
    try body(&rttMaximum)
  }
}

extension TCPHealth.Counts {
  mutating func forEachCount<E>(_ body: (inout UInt32) throws(E) -> Void) throws(E) {
    try body(&retransmissions)
    try body(&fastRetransmissions)
    try body(&spuriousRetransmissions)
    try body(&outOfOrder)
    try body(&duplicateACKs)
    try body(&zeroWindows)
    try body(&windowFull)
    try body(&keepAlives)
    try body(&missingSegments)
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

import Bytes

extension PcapngBlocks {
  /// Enhanced packet block (§4.3).
  ///
  ///     interface │ time, upper half │ time, lower half │ captured length │ original length
  ///     packet, padded │ options
  mutating func enhancedPacket(
    _ block: Block, _ bytes: RawSpan, into packets: inout [Packet],
    _ summary: inout CaptureSummary
  ) {
    guard block.body.count >= 20 else { return invalid(block, &summary) }
    let number = order.load32(bytes, block.body.lowerBound)
    timedPacket(block, bytes, of: number, into: &packets, &summary)
  }

  /// Packet block, obsolete (§A.1): two bytes of interface, two bytes of drops, then as the
  /// enhanced one.
  mutating func obsoletePacket(
    _ block: Block, _ bytes: RawSpan, into packets: inout [Packet],
    _ summary: inout CaptureSummary
  ) {
    guard block.body.count >= 20 else { return invalid(block, &summary) }
    let number = UInt32(order.load16(bytes, block.body.lowerBound))
    let drops = order.load16(bytes, block.body.lowerBound + 2)
    // All ones stand for an unknown number.
    if drops != .max, let interface = sectionInterface(number) {
      summary.note(drops: UInt64(drops), on: interface.index)
    }
    timedPacket(block, bytes, of: number, into: &packets, &summary)
  }

  @inline(__always)
  private mutating func timedPacket(
    _ block: Block, _ bytes: RawSpan, of number: UInt32, into packets: inout [Packet],
    _ summary: inout CaptureSummary
  ) {
    guard let interface = sectionInterface(number) else {
      return unknownInterface(block, &summary)
    }
    let start = block.body.lowerBound
    let ticks =
      UInt64(order.load32(bytes, start + 4)) << 32 | UInt64(order.load32(bytes, start + 8))
    let captured = Int(order.load32(bytes, start + 12))
    let original = Int(order.load32(bytes, start + 16))
    guard captured <= block.body.count - 20 else { return invalid(block, &summary) }
    let range = start + 20..<start + 20 + captured
    add(
      range, original, interface, interface.clock.timestamp(ticks), into: &packets, &summary)
    let options = range.lowerBound + (captured + 3) & ~3
    if options < block.body.upperBound {
      read(options..<block.body.upperBound, bytes, of: interface, &summary)
    }
  }

  /// Simple packet block (§4.4): the original length, then the packet, on interface 0; no time.
  mutating func simplePacket(
    _ block: Block, _ bytes: RawSpan, into packets: inout [Packet],
    _ summary: inout CaptureSummary
  ) {
    let start = block.body.lowerBound
    guard block.body.count >= 4 else { return invalid(block, &summary) }
    guard let interface = sectionInterface(0) else { return unknownInterface(block, &summary) }
    let original = Int(order.load32(bytes, start))
    var captured = min(original, block.body.count - 4)
    if interface.snapLength > 0 { captured = min(captured, interface.snapLength) }
    add(start + 4..<start + 4 + captured, original, interface, nil, into: &packets, &summary)
  }

  @inline(__always)
  private mutating func add(
    _ range: Range<Int>, _ original: Int, _ interface: SectionInterface, _ time: Timestamp?,
    into packets: inout [Packet], _ summary: inout CaptureSummary
  ) {
    if let time {
      lastTime = time
      summary.note(time: time)
    } else {
      summary.packetsWithoutTime += 1
    }
    let original = max(original, range.count)
    summary.packets &+= 1
    summary.capturedBytes &+= UInt64(range.count)
    summary.originalBytes &+= UInt64(original)
    packets.append(
      Packet(
        number: summary.packets, timestamp: lastTime, range: range, originalLength: original,
        linkType: interface.linkType, interface: interface.index))
  }

  /// Options of a packet: comments, and how many packets of the interface were dropped before it.
  private func read(
    _ range: Range<Int>, _ bytes: RawSpan, of interface: SectionInterface,
    _ summary: inout CaptureSummary
  ) {
    var options = Options(order, range)
    while let (code, value) = options.next(in: bytes) {
      switch (code, value.count) {
      case (Options.comment, _):
        let text = bytes.optionText(value, limit: limits.commentBytes)
        summary.note(comment: text, on: .packet(summary.packets), limits: limits)
      case (Options.dropCount, 8...):
        summary.note(drops: order.load64(bytes, value.lowerBound), on: interface.index)
      default: break
      }
    }
  }

  private func invalid(_ block: Block, _ summary: inout CaptureSummary) {
    summary.warn(
      .invalid, at: block.place, "A packet block is shorter than the packet it claims",
      limits: limits)
  }

  private func unknownInterface(_ block: Block, _ summary: inout CaptureSummary) {
    summary.warn(
      .invalid, at: block.place, "A packet of an interface that is not described is skipped",
      limits: limits)
  }
}

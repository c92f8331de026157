import Bytes

extension PcapngBlocks {
  /// Interface description block (§4.2): link type, snap length, options.
  mutating func interface(_ block: Block, _ bytes: RawSpan, _ summary: inout CaptureSummary) {
    let body = block.body
    guard body.count >= 8 else {
      summary.warn(
        .invalid, at: block.place, "An interface description is too short", limits: limits)
      return
    }
    var found = CaptureInterface(
      linkType: LinkType(rawValue: order.load16(bytes, body.lowerBound)),
      snapLength: Int(order.load32(bytes, body.lowerBound + 4)))
    let index = min(summary.interfaces.count, limits.interfaces - 1)
    var resolution: UInt8 = 6
    var offset: Int64 = 0
    var options = Options(order, body.lowerBound + 8..<body.upperBound)
    while let (code, value) = options.next(in: bytes) {
      switch (code, value.count) {
      case (Options.comment, _):
        let text = bytes.optionText(value, limit: limits.commentBytes)
        summary.note(comment: text, on: .interface(index), limits: limits)
      case (2, _): found.name = bytes.optionText(value, limit: limits.textBytes)
      case (3, _): found.description = bytes.optionText(value, limit: limits.textBytes)
      case (9, 1...): resolution = bytes.byte(value.lowerBound)
      case (11, 1...):
        // The first byte tells whether text or BPF code follows.
        guard bytes.byte(value.lowerBound) == 0 else { break }
        let text = value.lowerBound + 1..<value.upperBound
        found.filter = bytes.optionText(text, limit: limits.commentBytes)
      case (12, _): found.operatingSystem = bytes.optionText(value, limit: limits.textBytes)
      case (14, 8...): offset = Int64(bitPattern: order.load64(bytes, value.lowerBound))
      default: break
      }
    }
    if summary.interfaces.count < limits.interfaces {
      summary.interfaces.append(found)
    } else {
      summary.furtherInterfaces += 1
    }
    guard interfaces.count < limits.interfaces else { return }
    interfaces.append(
      SectionInterface(
        index: index, linkType: found.linkType, snapLength: found.snapLength,
        clock: InterfaceClock(resolution: resolution, offset: offset)))
  }

  /// Interface statistics block (§4.6): what the interface received and dropped.
  mutating func statistics(_ block: Block, _ bytes: RawSpan, _ summary: inout CaptureSummary) {
    let body = block.body
    guard body.count >= 12, let known = sectionInterface(order.load32(bytes, body.lowerBound))
    else {
      summary.warn(
        .invalid, at: block.place, "Interface statistics of an unknown interface", limits: limits)
      return
    }
    var options = Options(order, body.lowerBound + 12..<body.upperBound)
    var drops: UInt64?
    while let (code, value) = options.next(in: bytes) {
      guard value.count >= 8 else { continue }
      let count = order.load64(bytes, value.lowerBound)
      switch code {
      case 4: summary.interfaces[known.index].received = count
      // Dropped by the interface, and by the operating system: both are lost.
      case 5, 7: drops = (drops ?? 0) &+ count
      default: break
      }
    }
    if let drops { summary.interfaces[known.index].dropped = drops }
  }

  /// The interface that a block's number means, or nil.
  @inline(__always)
  func sectionInterface(_ number: UInt32) -> SectionInterface? {
    let index = Int(number)
    return index < interfaces.count ? interfaces[index] : nil
  }
}

import Bytes

extension PcapngBlocks {
  /// Section header block (§4.1): byte-order mark, version, section length, options.
  ///
  /// The section length is not needed: blocks carry their own.
  mutating func section(_ block: Block, _ bytes: RawSpan, _ summary: inout CaptureSummary) {
    summary.sections += 1
    interfaces.removeAll(keepingCapacity: true)
    let body = block.body
    guard body.count >= 16 else {
      summary.warn(.invalid, at: block.place, "A section header is too short", limits: limits)
      return
    }
    let major = order.load16(bytes, body.lowerBound + 4)
    let minor = order.load16(bytes, body.lowerBound + 6)
    isForeignSection = major != 1
    if isForeignSection {
      summary.warn(
        .invalid, at: block.place,
        "The section's version \(major).\(minor) is not known (1.0 is); its blocks are skipped",
        limits: limits)
    }
    var options = Options(order, body.lowerBound + 16..<body.upperBound)
    while let (code, value) = options.next(in: bytes) {
      let text = bytes.optionText(value, limit: limits.textBytes)
      switch code {
      case Options.comment:
        let text = bytes.optionText(value, limit: limits.commentBytes)
        summary.note(comment: text, on: .section(summary.sections), limits: limits)
      case 2: summary.hardware = summary.hardware ?? text
      case 3: summary.operatingSystem = summary.operatingSystem ?? text
      case 4: summary.application = summary.application ?? text
      default: break
      }
    }
    if options.isBroken {
      summary.warn(
        .invalid, at: block.place, "An option of the section header is longer than the block",
        limits: limits)
    }
  }
}

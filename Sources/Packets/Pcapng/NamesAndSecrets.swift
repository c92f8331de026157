import Bytes

extension PcapngBlocks {
  /// Name resolution block (§4.5): records of an address and its names, each ended by a zero byte.
  mutating func names(_ block: Block, _ bytes: RawSpan, _ summary: inout CaptureSummary) {
    var at = block.body.lowerBound
    while block.body.upperBound - at >= 4 {
      let kind = order.load16(bytes, at)
      let length = Int(order.load16(bytes, at + 2))
      guard kind != 0 else { return }
      guard length <= block.body.upperBound - at - 4 else {
        summary.warn(
          .invalid, at: block.place, "A name record is longer than its block", limits: limits)
        return
      }
      let value = at + 4..<at + 4 + length
      switch (kind, length) {
      case (1, 5...):
        let address = IPAddress(v4: bytes.big32(value.lowerBound))
        add(value.lowerBound + 4..<value.upperBound, of: address, bytes, &summary)
      case (2, 17...):
        let address = IPAddress(v6: bytes, at: value.lowerBound)
        add(value.lowerBound + 16..<value.upperBound, of: address, bytes, &summary)
      default: break
      }
      at += 4 + (length + 3) & ~3
    }
  }

  private func add(
    _ range: Range<Int>, of address: IPAddress, _ bytes: RawSpan,
    _ summary: inout CaptureSummary
  ) {
    var start = range.lowerBound
    while start < range.upperBound {
      var end = start
      while end < range.upperBound, bytes.byte(end) != 0 { end += 1 }
      if end > start {
        if summary.names.count < limits.names {
          let name = bytes.text(start..<min(end, start + limits.textBytes))
          summary.names.append(CaptureName(address: address, name: name))
        } else {
          summary.furtherNames += 1
        }
      }
      start = end + 1
    }
  }

  /// Decryption secrets block (§4.7): kind, length, secrets.
  mutating func secrets(_ block: Block, _ bytes: RawSpan, _ summary: inout CaptureSummary) {
    let start = block.body.lowerBound
    guard block.body.count >= 8 else { return }
    let length = Int(order.load32(bytes, start + 4))
    guard length <= block.body.count - 8 else {
      summary.warn(
        .invalid, at: block.place, "Decryption secrets are longer than their block",
        limits: limits)
      return
    }
    // Each costs something even when it is empty.
    guard summary.secretBytes + length + 64 <= limits.secretBytes else {
      summary.furtherSecrets += 1
      return
    }
    summary.secretBytes += length + 64
    summary.secrets.append(
      CaptureSecrets(
        kind: order.load32(bytes, start),
        bytes: bytes.slice(start + 8..<start + 8 + length).array(),
        afterPacket: summary.packets))
  }
}

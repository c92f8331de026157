import Bytes

extension Walk {
  /// A data frame of IEEE 802.11 (§9.3.2.1), whose body is logical link control.
  ///
  ///     frame control (2) │ duration (2) │ three addresses (18) │ sequence (2)
  ///     │ fourth address (6, between access points) │ QoS (2) │ HT (4)
  ///
  /// Encrypted frames tell nothing, and fragments are not put together. Of several packets in one
  /// frame the first is read.
  mutating func wireless(_ bytes: RawSpan, isPadded: Bool) throws(WireError) -> Step {
    try require(2)
    let (kind, flags) = (bytes.byte(at), bytes.byte(at + 1))
    // Version 0, data, of a kind that has a body; not protected.
    guard kind & 0x0f == 0x08, kind & 0x40 == 0, flags & 0x40 == 0 else { return .notIP }
    try require(24)
    guard flags & 0x04 == 0, bytes.byte(at + 22) & 0x0f == 0 else { return .notIP }
    var length = flags & 0x03 == 0x03 ? 30 : 24
    var isAggregate = false
    if kind & 0x80 != 0 {
      try require(length + 2)
      isAggregate = bytes.byte(at + length) & 0x80 != 0
      length += flags & 0x80 != 0 ? 6 : 2
    }
    if isPadded { length = (length + 3) & ~3 }
    try require(length)
    at += length
    if isAggregate {
      // Destination, source, length (§9.3.2.2.2).
      try require(14)
      let size = Int(bytes.big16(at + 12))
      at += 14
      limit(size)
    }
    return .llc
  }

  /// Radiotap (https://www.radiotap.org): version, padding, length, then words that tell which fields
  /// follow. Of these the flags say whether the head of the frame is padded.
  mutating func radiotap(_ bytes: RawSpan) throws(WireError) -> Step {
    try require(8)
    guard bytes.byte(at) == 0 else { throw WireError(.unsupported, at: at) }
    let length = Int(bytes.little16(at + 2))
    guard length >= 8 else { throw WireError(.invalid, at: at) }
    try require(length)
    let present = bytes.little32(at + 4)
    // Places are counted from the beginning of the head, for so fields are aligned.
    var place = 8
    var word = present
    while word & 1 << 31 != 0, place + 4 <= length {
      word = bytes.little32(at + place)
      place += 4
    }
    // The clock comes before the flags.
    if present & 1 != 0 { place = (place + 7) & ~7 + 8 }
    let isPadded = present & 2 != 0 && place < length && bytes.byte(at + place) & 0x20 != 0
    at += length
    return .wireless(isPadded: isPadded)
  }

  /// The heads of Prism cards and of their successor AVS: a number, then the length.
  mutating func prism(_ bytes: RawSpan) throws(WireError) -> Step {
    try require(8)
    let isAVS = bytes.big24(at) == 0x802110
    let little = bytes.little32(at + 4)
    let length = Int(isAVS || little > 0xffff ? bytes.big32(at + 4) : little)
    guard length >= 8 else { throw WireError(.invalid, at: at) }
    try require(length)
    at += length
    return .wireless(isPadded: false)
  }

  /// Token Ring (IEEE 802.5): control (2), destination, source, the route where the source says that
  /// there is one.
  mutating func tokenRing(_ bytes: RawSpan) throws(WireError) -> Step {
    try require(14)
    let hasRoute = bytes.byte(at + 8) & 0x80 != 0
    at += 14
    guard hasRoute else { return .llc }
    try require(2)
    let length = Int(bytes.byte(at) & 0x1f)
    guard length >= 2 else { throw WireError(.invalid, at: at) }
    try require(length)
    at += length
    return .llc
  }

  /// IP over IEEE 1394 as macOS records it: two addresses of eight bytes, EtherType.
  mutating func firewire(_ bytes: RawSpan) throws(WireError) -> Step {
    try require(18)
    at += 18
    return .etherType(bytes.big16(at - 2))
  }
}

import Bytes

// The plain types of the protocol ("Protocol primitive types"), in both encodings.
extension Cursor {
  /// A number of up to 32 bits in groups of seven bits, the lowest first (UNSIGNED_VARINT).
  mutating func kafkaVarint() throws(WireError) -> UInt32 {
    let value = try kafkaVarlong(maxBytes: 5)
    guard let value = UInt32(exactly: value) else { throw WireError(.invalid, at: offset) }
    return value
  }

  /// The same with 64 bits and a sign (VARINT, VARLONG in records).
  mutating func kafkaSignedVarint() throws(WireError) -> Int64 {
    let value = try kafkaVarlong(maxBytes: 10)
    return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
  }

  private mutating func kafkaVarlong(maxBytes: Int) throws(WireError) -> UInt64 {
    var value: UInt64 = 0
    for place in 0..<maxBytes {
      let byte = try uint8()
      value |= UInt64(byte & 0x7f) << UInt64(7 * place)
      if byte < 0x80 { return value }
    }
    throw WireError(.invalid, at: offset)
  }

  /// Length of a string, -1 for null.
  mutating func kafkaStringLength(isFlexible: Bool) throws(WireError) -> Int {
    isFlexible
      ? Int(try kafkaVarint()) - 1 : Int(Int16(bitPattern: try big16()))
  }

  /// Length of bytes, or count of an array, -1 for null.
  mutating func kafkaLength(isFlexible: Bool) throws(WireError) -> Int {
    let length =
      isFlexible
      ? Int(try kafkaVarint()) - 1 : Int(Int32(bitPattern: try big32()))
    guard length >= -1 else { throw WireError(.invalid, at: offset) }
    return length
  }

  /// Moves over tagged fields (KIP-482).
  mutating func skipKafkaTags() throws(WireError) {
    var left = try kafkaVarint()
    while left > 0 {
      _ = try kafkaVarint()
      try skip(Int(try kafkaVarint()))
      left -= 1
    }
  }
}

// The same where a message is passed over: every read that would pass the end throws `truncated`.
extension RawSpan {
  @inline(__always)
  func skip(_ count: Int, _ at: inout Int) throws(WireError) {
    guard count <= byteCount - at else { throw WireError(.truncated, at: at) }
    at += count
  }

  @inline(__always)
  func kafkaByte(_ at: inout Int) throws(WireError) -> UInt8 {
    guard at < byteCount else { throw WireError(.truncated, at: at) }
    defer { at += 1 }
    return byte(at)
  }

  @inline(__always)
  func kafka16(_ at: inout Int) throws(WireError) -> UInt16 {
    guard byteCount - at >= 2 else { throw WireError(.truncated, at: at) }
    defer { at += 2 }
    return big16(at)
  }

  /// UNSIGNED_VARINT.
  @inline(__always)
  func kafkaVarint(_ at: inout Int) throws(WireError) -> Int {
    let first = try kafkaByte(&at)
    if first < 0x80 { return Int(first) }
    let value = try longKafkaVarint(first, &at, maxBytes: 5)
    guard value <= UInt64(UInt32.max) else { throw WireError(.invalid, at: at) }
    return Int(value)
  }

  /// VARINT, VARLONG.
  @inline(__always)
  func kafkaSignedVarint(_ at: inout Int) throws(WireError) -> Int64 {
    let first = try kafkaByte(&at)
    let value = first < 0x80 ? UInt64(first) : try longKafkaVarint(first, &at, maxBytes: 10)
    return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
  }

  private func longKafkaVarint(
    _ first: UInt8, _ at: inout Int, maxBytes: Int
  ) throws(WireError) -> UInt64 {
    var value = UInt64(first & 0x7f)
    for place in 1..<maxBytes {
      let byte = try kafkaByte(&at)
      value |= UInt64(byte & 0x7f) << UInt64(7 * place)
      if byte < 0x80 { return value }
    }
    throw WireError(.invalid, at: at)
  }

  /// Where a string stands; nil for null.
  @inline(__always)
  func kafkaString(_ at: inout Int, _ isFlexible: Bool) throws(WireError) -> Range<Int>? {
    let count =
      isFlexible ? try kafkaVarint(&at) - 1 : Int(Int16(bitPattern: try kafka16(&at)))
    if count < 0 {
      if count == -1 { return nil }
      throw WireError(.invalid, at: at)
    }
    let start = at
    try skip(count, &at)
    return start..<at
  }

  /// Length of bytes, or count of an array, -1 for null.
  @inline(__always)
  func kafkaLength(_ at: inout Int, _ isFlexible: Bool) throws(WireError) -> Int {
    if isFlexible { return try kafkaVarint(&at) - 1 }
    guard byteCount - at >= 4 else { throw WireError(.truncated, at: at) }
    let length = Int(Int32(bitPattern: big32(at)))
    at += 4
    guard length >= -1 else { throw WireError(.invalid, at: at) }
    return length
  }

  @inline(__always)
  func kafkaTopicID(_ at: inout Int) throws(WireError) -> KafkaTopicID {
    guard byteCount - at >= KafkaTopicID.length else { throw WireError(.truncated, at: at) }
    defer { at += KafkaTopicID.length }
    return KafkaTopicID(high: big64(at), low: big64(at + 8))
  }

  /// Moves over tagged fields (KIP-482).
  @inline(__always)
  func skipKafkaTags(_ at: inout Int) throws(WireError) {
    var left = try kafkaVarint(&at)
    while left > 0 {
      _ = try kafkaVarint(&at)
      try skip(try kafkaVarint(&at), &at)
      left -= 1
    }
  }
}

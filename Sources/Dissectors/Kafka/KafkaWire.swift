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

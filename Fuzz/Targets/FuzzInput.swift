/// An input read from its front, where a target wants more than one thing of it. Behind its end
/// there are zeros.
struct FuzzInput {
  private let bytes: [UInt8]
  private(set) var offset = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  var isAtEnd: Bool { offset >= bytes.count }

  mutating func uint8() -> UInt8 {
    defer { offset += 1 }
    return isAtEnd ? 0 : bytes[offset]
  }

  /// Little-endian.
  mutating func uint16() -> UInt16 {
    let low = uint8()
    return UInt16(low) | UInt16(uint8()) << 8
  }

  /// The next `count` bytes, fewer at the end.
  mutating func take(_ count: Int) -> [UInt8] {
    let start = min(offset, bytes.count)
    offset = min(start + count, bytes.count)
    return Array(bytes[start..<offset])
  }

  mutating func rest() -> [UInt8] { take(bytes.count) }

  mutating func flag() -> Bool { uint8() & 1 == 1 }

  /// A number below `limit`, which is at most 256.
  mutating func below(_ limit: Int) -> Int { Int(uint8()) % limit }

  mutating func pick<Element>(_ choices: [Element]) -> Element { choices[below(choices.count)] }
}

/// Numbers that follow from an input, for cuts and choices that must be the same on every run.
struct Derived {
  private var state: UInt64

  /// FNV-1a.
  init(_ bytes: [UInt8]) {
    state = bytes.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
  }

  /// A number below `limit`, which is above 0.
  mutating func below(_ limit: Int) -> Int {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Int((state >> 33) % UInt64(limit))
  }
}

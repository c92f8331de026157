import Testing

@testable import Bytes

struct ChecksumTests {
  @Test func theInstructionAndTheTablesAgree() {
    var bytes: [UInt8] = []
    var random = SystemRandomNumberGenerator()
    for count in 0..<70 {
      let whole = crc32c(bytes.rawSpan)
      let tables = crc32cByTables(bytes.rawSpan)
      #expect(whole == tables, "\(count) bytes")
      let split = count / 3
      let first = crc32c(bytes.rawSpan.prefix(split))
      let second = crc32c(bytes.rawSpan.suffix(from: split), continuing: first)
      #expect(second == whole)
      bytes.append(UInt8.random(in: 0...255, using: &random))
    }
    // Long ones are read in three lanes at once.
    let long = (0..<4000).map { _ in UInt8.random(in: 0...255, using: &random) }
    for count in [767, 768, 769, 1000, 1535, 1536, 2303, 2304, 3999] {
      let whole = crc32c(long.rawSpan.suffix(from: 4000 - count), continuing: 7)
      let tables = crc32cByTables(long.rawSpan.suffix(from: 4000 - count), continuing: 7)
      #expect(whole == tables, "\(count) bytes")
    }
  }

  /// Sums of two bytes at a time, as RFC 1071 defines them, and those of wider steps.
  @Test func internetChecksumsAreThoseOfTheDefinition() {
    func defined(_ bytes: [UInt8], _ initial: UInt32) -> UInt16 {
      var sum = UInt64(initial)
      for (place, byte) in bytes.enumerated() { sum += UInt64(byte) << (place % 2 == 0 ? 8 : 0) }
      while sum > 0xffff { sum = sum & 0xffff + sum >> 16 }
      return ~UInt16(sum)
    }
    var random = SystemRandomNumberGenerator()
    for count in 0..<140 {
      let some = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
      let full = [UInt8](repeating: 255, count: count)
      let none = [UInt8](repeating: 0, count: count)
      for bytes in [some, full, none] {
        for initial in [
          0, 1, 0xffff, 0x1_0000, .max, UInt32.random(in: 0 ... .max, using: &random),
        ] {
          let sum = internetChecksum(bytes.rawSpan, adding: initial)
          #expect(sum == defined(bytes, initial), "\(bytes) and \(initial)")
        }
      }
    }
  }

  @Test func oneByteAboveTheRestIsNotASCII() {
    for count in 1..<20 {
      var bytes = [UInt8](repeating: 0x7f, count: count)
      let holds = bytes.rawSpan.isASCII
      #expect(holds)
      for place in 0..<count {
        bytes[place] = 0x80
        let holds = bytes.rawSpan.isASCII
        #expect(!holds)
        bytes[place] = 0x7f
      }
    }
  }
}

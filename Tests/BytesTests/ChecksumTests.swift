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

import Bytes
import Testing

@testable import Dissectors

@Suite struct DNSNameTests {
  private func text(_ bytes: [UInt8], at offset: Int = 0) throws -> (String, Int) {
    var at = offset
    var text: [UInt8] = []
    let isWhole = try DNSName.read(bytes.rawSpan, &at, into: &text)
    #expect(isWhole)
    return (String(decoding: text, as: UTF8.self), at)
  }

  private func hash(_ bytes: [UInt8], at offset: Int = 0) throws -> UInt64 {
    var at = offset
    var hash: UInt64 = 1
    let isWhole = try DNSName.mix(bytes.rawSpan, &at, into: &hash)
    #expect(isWhole)
    return hash
  }

  /// Labels of any length, with any byte at any place, alone and before others.
  @Test func everyByteIsWrittenAsItShouldBe() throws {
    for byte in UInt8.min...0x7f {
      let shown =
        switch byte {
        case 0x2e, 0x5c: "\\" + String(UnicodeScalar(byte))
        case 0x20..<0x7f: String(UnicodeScalar(byte))
        default: "\\" + String("00\(byte)".suffix(3))
        }
      for count in 1...18 {
        for place in [0, count / 2, count - 1] {
          var label = [UInt8](repeating: 0x61, count: count)
          label[place] = byte
          var expected = [String](repeating: "a", count: count)
          expected[place] = shown
          let name = [UInt8(count)] + label + [2, 0x78, 0x79, 0]
          #expect(try text(name) == (expected.joined() + ".xy", name.count))
        }
      }
    }
    #expect(try text([0]) == (".", 1))
  }

  @Test func aPointerReadsAndHashesLikeWhatItStandsFor() throws {
    let bytes = Array("\u{7}example\u{3}com\u{0}\u{3}www".utf8) + [0xc0, 0]
    let whole = Array("\u{3}wWw\u{7}eXample\u{3}COM\u{0}".utf8)
    #expect(try text(bytes, at: 13) == ("www.example.com", 19))
    #expect(try hash(bytes, at: 13) == hash(whole))
    #expect(try hash(bytes, at: 13) == hash([9] + whole + [9], at: 1))
  }

  @Test func namesThatDifferHashDifferently() throws {
    var seen: [UInt64: [UInt8]] = [:]
    for count in 1...20 {
      for place in 0..<count {
        for byte in [0x62, 0x40, 0x5b, 0x60, 0x7b, 0xc1, 0xe1] as [UInt8] {
          var label = [UInt8](repeating: 0x61, count: count)
          label[place] = byte
          let names = [[UInt8(count)] + label + [0], [UInt8(count)] + label + [1, 0x61, 0]]
          for name in names { #expect(seen.updateValue(name, forKey: try hash(name)) == nil) }
        }
      }
    }
    let upper = try hash([3, 0x41, 0x5a, 0x31, 0])
    #expect(try hash([3, 0x61, 0x7a, 0x31, 0]) == upper)
  }

  @Test func longNamesAreWholeUpToTheirLimit() throws {
    func name(_ last: Int) -> [UInt8] {
      let label = [UInt8(63)] + [UInt8](repeating: 0x61, count: 63)
      return label + label + label + [UInt8(last)] + [UInt8](repeating: 0x62, count: last) + [0]
    }
    #expect(try text(name(61)).0.utf8.count == 253)
    var at = 0
    var rest: [UInt8] = []
    let isWhole = try DNSName.read(name(62).rawSpan, &at, into: &rest)
    #expect(!isWhole && at == name(62).count && rest.count == 191)
  }
}

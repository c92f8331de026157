import Bytes
import Packets
import Testing

/// The pcap format in all its variants.
@Suite struct PcapRecordsTests {
  private let first: [UInt8] = [1, 2, 3, 4, 5]
  private let second: [UInt8] = [9, 8, 7]

  @Test(arguments: [false, true])
  func bothByteOrdersAndResolutions(isBig: Bool) throws {
    for (magic, unit) in [(UInt32(0xa1b2_c3d4), Int64(1_000)), (0xa1b2_3c4d, 1)] {
      var file = FileBytes.pcap(magic: magic, isBig: isBig, linkType: 113)
      file.record(1_700_000_000, 123, first, original: 60)
      file.record(1_700_000_001, 456, second)
      let (reading, summary) = try read(file.bytes)
      #expect(
        reading.lines == [
          .init(
            number: 1, nanoseconds: 1_700_000_000_000_000_000 + 123 * unit, bytes: first,
            originalLength: 60, linkType: 113, interface: 0),
          .init(
            number: 2, nanoseconds: 1_700_000_001_000_000_000 + 456 * unit, bytes: second,
            originalLength: 3, linkType: 113, interface: 0),
        ])
      #expect(summary.format == .pcap)
      #expect(summary.packets == 2)
      #expect(summary.capturedBytes == 8)
      #expect(summary.originalBytes == 63)
      #expect(summary.warnings.isEmpty)
      #expect(summary.interfaces.map(\.linkType.rawValue) == [113])
    }
  }

  @Test func kuznetzovsRecordsHaveEightMoreBytes() throws {
    var file = FileBytes.pcap(magic: 0xa1b2_cd34)
    file.record(10, 0, first, extra: 8)
    file.record(11, 0, second, extra: 8)
    #expect(try read(file.bytes).0.lines.map(\.bytes) == [first, second])
  }

  @Test func nokiasRecordsHaveFourMoreBytesUnderTheUsualMagic() throws {
    var file = FileBytes.pcap()
    for index in 0..<6 {
      file.record(UInt32(1_700_000_000 + index), 5, [UInt8](repeating: 7, count: 40), extra: 4)
    }
    let lines = try read(file.bytes).0.lines
    #expect(lines.count == 6)
    #expect(lines.allSatisfy { $0.bytes == [UInt8](repeating: 7, count: 40) })
  }

  @Test func nokiasRecordsAreKnownInACaptureThatIsCutAmongItsFirst() throws {
    let packet = [UInt8](repeating: 7, count: 40)
    var file = FileBytes.pcap()
    for index in 0..<3 { file.record(UInt32(1_700_000_000 + index), 5, packet, extra: 4) }
    let first = 24 + 20 + packet.count
    // Its packet and the time of the next, in which other lengths of a header would not end.
    for end in first + 8..<file.bytes.count {
      let lines = try read(Array(file.bytes[..<end])).0.lines
      #expect(!lines.isEmpty && lines.allSatisfy { $0.bytes == packet }, "cut at \(end)")
    }
  }

  /// How much of a file lies in its first chunk says nothing about its records.
  @Test(arguments: [0, 4, 8])
  func recordHeadersAreTheSameInChunksOfAnySize(extra: Int) throws {
    var file = FileBytes.pcap()
    for index in 0..<6 {
      // What follows a header that is read too long looks like the beginning of another one.
      let packet = [UInt8](repeating: 0, count: 40 + 9 * index)
      file.record(UInt32(1_700_000_000 + index), 5, packet, extra: extra)
    }
    let whole = try read(file.bytes).0.lines
    #expect(whole.map(\.bytes.count) == [40, 49, 58, 67, 76, 85])
    for chunk in 1..<file.bytes.count {
      #expect(try read(file.bytes, chunk: chunk).0.lines == whole, "chunks of \(chunk) bytes")
    }
  }

  @Test func aixCountsNanosecondsAndNamesLinksItsOwnWay() throws {
    var file = FileBytes.pcap(isBig: true, linkType: 6, version: (2, 2))
    file.record(10, 5, first, original: 9)
    let line = try #require(try read(file.bytes).0.lines.first)
    #expect(line.nanoseconds == 10_000_000_005)
    #expect(line.linkType == 1)
    #expect(line.originalLength == 9)
  }

  @Test func oldVersionsSwapTheLengths() throws {
    var file = FileBytes.pcap(version: (2, 1))
    file.u32(1)
    file.u32(0)
    file.u32(60)
    file.u32(5)
    file.bytes += first
    let line = try #require(try read(file.bytes).0.lines.first)
    #expect(line.bytes == first)
    #expect(line.originalLength == 60)
  }

  @Test func aCutRecordIsAWarningWithItsPlace() throws {
    var file = FileBytes.pcap()
    file.record(1, 0, first)
    file.record(2, 0, second)
    for cut in 1...18 {
      let (reading, summary) = try read(Array(file.bytes.dropLast(cut)))
      #expect(reading.lines.map(\.bytes) == [first])
      #expect(summary.warnings.map(\.kind) == [.truncated])
      #expect(summary.warnings.map(\.offset) == [24 + 16 + 5])
    }
  }

  @Test func readingGoesOnBehindDamage() throws {
    var file = FileBytes.pcap()
    for index in UInt32(0)..<5 {
      file.record(1_700_000_000 + index, 0, [UInt8](repeating: 1, count: 30))
    }
    let damage = file.bytes.count
    file.record(0xffff_ffff, 0xffff_ffff, [1, 2, 3], original: 1)
    file.bytes[damage + 8] = 0xff
    file.bytes[damage + 11] = 0xff
    for index in UInt32(5)..<12 {
      file.record(1_700_000_000 + index, 0, [UInt8](repeating: 2, count: 30))
    }
    let (reading, summary) = try read(file.bytes)
    #expect(reading.lines.count == 12)
    #expect(summary.warnings.map(\.kind) == [.corrupt, .corrupt])
    #expect(summary.warnings.map(\.offset) == [UInt64(damage), UInt64(damage + 19)])
    // The same when the damage lies across the border of chunks.
    for chunk in 40..<140 {
      #expect(try read(file.bytes, chunk: chunk).0.lines == reading.lines)
    }
  }

  /// Where a chunk ends with a record that stands alone, the next one tells that it is none.
  @Test func aRecordAtTheEndOfAChunkIsNotEnoughToGoOn() throws {
    var file = FileBytes.pcap()
    for index in UInt32(0)..<3 {
      file.record(1_700_000_000 + index, 0, [UInt8](repeating: 1, count: 30))
    }
    let damage = file.bytes.count
    file.record(0, 0, [1, 2, 3])
    file.bytes[damage + 11] = 0xff
    file.record(1_700_000_003, 0, [UInt8](repeating: 9, count: 40))
    file.bytes += [UInt8](repeating: 0xee, count: 50)
    for index in UInt32(5)..<12 {
      file.record(1_700_000_000 + index, 0, [UInt8](repeating: 2, count: 30))
    }
    let (reading, _) = try read(file.bytes)
    #expect(reading.lines.count == 10)
    for chunk in 40..<400 {
      #expect(try read(file.bytes, chunk: chunk).0.lines == reading.lines, "\(chunk)")
    }
  }

  @Test func noiseBehindDamageIsNotTakenForPackets() throws {
    var file = FileBytes.pcap()
    file.record(1_700_000_000, 0, first)
    file.bytes += (0..<4_000).map { UInt8(truncatingIfNeeded: $0 &* 167 &+ $0 / 3) | 0x80 }
    let (reading, summary) = try read(file.bytes)
    #expect(reading.lines.count == 1)
    #expect(summary.warnings.first?.kind == .corrupt)
  }
}

import Bytes
import Packets
import Testing

/// The pcapng format, block by block.
@Suite struct PcapngBlocksTests {
  private let packet: [UInt8] = [1, 2, 3, 4, 5]

  @Test(arguments: [false, true])
  func sectionsInterfacesAndPackets(isBig: Bool) throws {
    var file = FileBytes(isBig: isBig)
    file.section { block in
      block.option(4, Array("dumper".utf8))
      block.option(1, Array("a section".utf8))
      block.option(0, [])
    }
    file.interface(linkType: 101) { $0.option(2, Array("eth0".utf8)) }
    file.interface(linkType: 1, snapLength: 96) { $0.option(9, [9]) }
    file.enhanced(1_700_000_000_000_000, packet, interface: 0, original: 77) { block in
      block.option(1, Array("look here".utf8))
    }
    file.enhanced(1_700_000_000_000_000_123, packet, interface: 1)
    // A section in the other order counts its interfaces anew.
    file.isBig.toggle()
    file.section()
    file.interface(linkType: 113)
    file.enhanced(5, [6])
    let (reading, summary) = try read(file.bytes)
    #expect(
      reading.lines == [
        .init(
          number: 1, nanoseconds: 1_700_000_000_000_000_000, bytes: packet, originalLength: 77,
          linkType: 101, interface: 0),
        .init(
          number: 2, nanoseconds: 1_700_000_000_000_000_123, bytes: packet, originalLength: 5,
          linkType: 1, interface: 1),
        .init(
          number: 3, nanoseconds: 5_000, bytes: [6], originalLength: 1, linkType: 113,
          interface: 2),
      ])
    #expect(summary.format == .pcapng)
    #expect(summary.sections == 2)
    #expect(summary.application == "dumper")
    #expect(summary.interfaces.map(\.name) == ["eth0", nil, nil])
    #expect(summary.interfaces.map(\.snapLength) == [0, 96, 0])
    #expect(
      summary.comments == [
        CaptureComment(place: .section(1), text: "a section"),
        CaptureComment(place: .packet(1), text: "look here"),
      ])
    #expect(summary.earliest?.nanoseconds == 5_000)
    #expect(summary.first?.nanoseconds == 1_700_000_000_000_000_000)
    #expect(summary.warnings.isEmpty)
  }

  private static let clocks: [Clock] = [
    Clock(6, 0, 1, 1_000),
    Clock(0, 0, 3, 3_000_000_000),
    Clock(9, 0, 7, 7),
    Clock(12, 0, 9_999, 9),
    Clock(127, 0, .max, 0),
    Clock(0x80 | 10, 0, 1_536, 1_500_000_000),
    Clock(0x80, 0, 4, 4_000_000_000),
    Clock(0x80 | 64, 0, 1 << 63, 500_000_000),
    Clock(0x80 | 127, 0, .max, 0),
    Clock(6, -2, 2_500_000, 500_000_000),
    Clock(6, 10, 1, 10_000_001_000),
    Clock(0, 0, .max, .max),
    Clock(0, .min, 0, .min),
    Clock(6, .max, .max, .max),
  ]

  @Test(arguments: clocks)
  func ticksBecomeNanoseconds(clock: Clock) throws {
    var file = FileBytes()
    file.section()
    file.interface { block in
      block.option(9, [clock.resolution])
      block.u16(14)
      block.u16(8)
      block.u64(UInt64(bitPattern: clock.offset))
    }
    file.enhanced(clock.ticks, packet)
    #expect(try read(file.bytes).0.lines.map(\.nanoseconds) == [clock.nanoseconds])
  }

  @Test func simpleAndObsoletePackets() throws {
    var file = FileBytes()
    file.section()
    file.interface(snapLength: 4)
    file.block(2) { block in
      block.u16(0)
      block.u16(3)
      block.u64(0x0000_0007_0000_0000)
      block.u32(5)
      block.u32(64)
      block.padded(packet)
    }
    file.block(3) { block in
      block.u32(9)
      block.padded([1, 2, 3, 4])
    }
    let (reading, summary) = try read(file.bytes)
    #expect(reading.lines.map(\.bytes) == [packet, [1, 2, 3, 4]])
    #expect(reading.lines.map(\.originalLength) == [64, 9])
    // The simple packet has no time and gets that of the packet before.
    #expect(reading.lines.map(\.nanoseconds) == [7_000, 7_000])
    #expect(summary.packetsWithoutTime == 1)
    #expect(summary.dropped == 3, "told by the obsolete packet")
  }

  @Test func namesSecretsStatisticsAndUnknownBlocks() throws {
    var file = FileBytes()
    file.section()
    file.interface()
    file.block(4) { block in
      block.option(1, [10, 0, 0, 1] + Array("web\0web.shop\0".utf8))
      block.option(2, [UInt8](repeating: 0, count: 15) + [1] + Array("me\0".utf8))
      block.option(0, [])
    }
    file.block(10) { block in
      block.u32(0x544c_534b)
      block.u32(3)
      block.padded([0x61, 0x62, 0x63])
    }
    file.enhanced(1, packet)
    file.block(5) { block in
      block.u32(0)
      block.u64(0)
      block.u16(4)
      block.u16(8)
      block.u64(100)
      block.u16(5)
      block.u16(8)
      block.u64(7)
    }
    file.block(0xbad) { $0.u32(1) }
    file.block(0xbad) { $0.u32(1) }
    let (reading, summary) = try read(file.bytes)
    #expect(reading.lines.count == 1)
    #expect(summary.names.map(\.name) == ["web", "web.shop", "me"])
    #expect(summary.names.map(\.address.description) == ["10.0.0.1", "10.0.0.1", "::1"])
    #expect(
      summary.secrets == [
        CaptureSecrets(kind: CaptureSecrets.tlsKeyLog, bytes: Array("abc".utf8), afterPacket: 0)
      ])
    #expect(summary.interfaces.first?.received == 100)
    #expect(summary.dropped == 7)
    #expect(summary.skippedBlocks == [0xbad: 2])
  }

  /// What packets say of drops counts for interfaces without statistics, which have the whole sum.
  @Test func dropsBetweenPacketsAreAddedUp() throws {
    func drops(_ count: UInt64) -> (inout FileBytes) -> Void {
      return { block in
        block.u16(4)
        block.u16(8)
        block.u64(count)
      }
    }
    var file = FileBytes(isBig: true)
    file.section()
    file.interface()
    file.interface()
    file.enhanced(1, packet, options: drops(5))
    file.enhanced(2, packet, options: drops(0))
    file.enhanced(3, packet, options: drops(7))
    file.enhanced(4, packet, interface: 1, options: drops(100))
    file.block(5) { block in
      block.u32(1)
      block.u64(0)
      block.u16(5)
      block.u16(8)
      block.u64(103)
    }
    let (reading, summary) = try read(file.bytes)
    #expect(reading.lines.count == 4)
    #expect(summary.dropped == 12 + 103)
    #expect(summary.warnings.isEmpty)
  }

  @Test func aPacketOfAnUnknownInterfaceIsSkippedAlone() throws {
    var file = FileBytes()
    file.section()
    file.interface()
    file.enhanced(1, packet, interface: 3)
    file.enhanced(2, [8])
    let (reading, summary) = try read(file.bytes)
    #expect(reading.lines.map(\.bytes) == [[8]])
    #expect(summary.warnings.map(\.kind) == [.invalid])
  }

  @Test func readingGoesOnBehindADamagedBlock() throws {
    var file = FileBytes()
    file.section()
    file.interface()
    file.enhanced(1, packet)
    let damaged = file.bytes.count
    file.enhanced(2, packet)
    file.bytes[damaged + 4] = 0xf1
    file.enhanced(3, [1])
    file.enhanced(4, [2])
    let (reading, summary) = try read(file.bytes)
    #expect(reading.lines.map(\.nanoseconds) == [1_000, 3_000, 4_000])
    #expect(summary.warnings.map(\.kind) == [.corrupt])
    #expect(summary.warnings.map(\.offset) == [UInt64(damaged)])
    for chunk in stride(from: 28, to: 200, by: 3) {
      #expect(try read(file.bytes, chunk: chunk).0.lines == reading.lines)
    }
  }

  @Test func aBlockWithoutPaddingInItsLengthIsRead() throws {
    var file = FileBytes()
    file.section()
    file.interface()
    // 12 + 20 + 5 bytes, and three of padding that the length leaves out.
    file.u32(6)
    file.u32(37)
    file.u32(0)
    file.u64(0)
    file.u32(5)
    file.u32(5)
    file.padded(packet)
    file.u32(37)
    file.enhanced(2, [8])
    #expect(try read(file.bytes).0.lines.map(\.bytes) == [packet, [8]])
  }
}

/// Resolution byte, offset in seconds and ticks, and the nanoseconds they stand for.
struct Clock: Sendable {
  var resolution: UInt8
  var offset: Int64
  var ticks: UInt64
  var nanoseconds: Int64

  init(_ resolution: UInt8, _ offset: Int64, _ ticks: UInt64, _ nanoseconds: Int64) {
    (self.resolution, self.offset) = (resolution, offset)
    (self.ticks, self.nanoseconds) = (ticks, nanoseconds)
  }
}

import Bytes
import Foundation
import Packets
import Testing

@testable import Tools

@Suite struct PacketCutTests {
  /// A packet of SCTP between hosts of 10.0.0.0/24, in IPv4.
  private func packet(
    _ source: UInt8, _ destination: UInt8, tag: UInt32, ports: (UInt16, UInt16), _ chunk: [UInt8]
  ) -> [UInt8] {
    let length = UInt16(32 + chunk.count)
    var packet: [UInt8] = [0x45, 0] + big16(length)
    packet += [0, 0, 0x40, 0, 64, 132, 0, 0, 10, 0, 0, source, 10, 0, 0, destination]
    packet += big16(ports.0) + big16(ports.1)
    packet += big16(UInt16(tag >> 16)) + big16(UInt16(tag & 0xffff))
    return packet + [0, 0, 0, 0] + chunk
  }

  private func big16(_ number: UInt16) -> [UInt8] { [UInt8(number >> 8), UInt8(number & 255)] }

  /// INIT or INIT ACK.
  private func beginning(_ type: UInt8, tag: UInt32, _ hosts: [UInt8]) -> [UInt8] {
    var value = big16(UInt16(tag >> 16)) + big16(UInt16(tag & 0xffff))
    value += [0, 0, 0xff, 0xff, 0, 9, 0, 9, 0, 0, 0, 1]
    for host in hosts { value += [0, 5, 0, 8, 10, 0, 0, host] }
    return [type, 0] + big16(UInt16(value.count + 4)) + value
  }

  /// Packets of an association are cut out on whatever path they went, also when only those behind
  /// its beginning are wanted.
  @Test func allPathsOfAnAssociationAreCutOut() async throws {
    let writer = PcapWriter(linkType: .raw)
    var bytes: [UInt8] = []
    writer.start(&bytes)
    let (own, other) = (UInt32(0xaaaa_0001), UInt32(0xbbbb_0001))
    let (there, back) = ((UInt16(40_000), UInt16(3868)), (UInt16(3868), UInt16(40_000)))
    let heartbeat: [UInt8] = [4, 0, 0, 4]
    let packets = [
      packet(1, 11, tag: 0, ports: there, beginning(1, tag: own, [1, 2])),
      packet(11, 1, tag: own, ports: back, beginning(2, tag: other, [11, 12])),
      packet(1, 11, tag: other, ports: there, heartbeat),
      packet(12, 2, tag: own, ports: back, heartbeat),
      // Another one.
      packet(2, 12, tag: 0xcccc_0001, ports: (41_000, 3868), heartbeat),
      packet(2, 12, tag: other, ports: there, heartbeat),
    ]
    for (index, packet) in packets.enumerated() {
      writer.add(
        packet.rawSpan, at: Timestamp(milliseconds: 1_770_000_000_000 + Int64(index)),
        originalLength: packet.count, to: &bytes)
    }
    let path = NSTemporaryDirectory() + "paths-\(UUID().uuidString).pcap"
    defer { try? FileManager.default.removeItem(atPath: path) }
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    for (numbers, count) in [(1...6, 5), (3...6, 3), (1...3, 3)] as [(ClosedRange<UInt64>, Int)] {
      let cut = try await PacketSource.files([path]).cut(
        PacketQuestion(
          client: IPAddress(v4: 0x0a00_0001), server: IPAddress(v4: 0x0a00_000b),
          clientPort: 40_000, serverPort: 3868, transport: "sctp", numbers: numbers,
          window: Timestamp(milliseconds: 0)..<Timestamp(milliseconds: 1_780_000_000_000),
          limit: 1 << 20))
      #expect(cut.packets == count, "\(numbers)")
    }
  }
}

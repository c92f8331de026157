import Bytes
import Packets
import Testing

/// What is written is read again.
@Suite struct WriterTests {
  @Test func pcapKeepsNanosecondsAndLengths() throws {
    let writer = PcapWriter(linkType: .raw, snapLength: 128)
    var bytes: [UInt8] = []
    writer.start(&bytes)
    writer.add(
      [1, 2, 3].rawSpan, at: Timestamp(nanoseconds: 1_700_000_000_123_456_789),
      originalLength: 90, to: &bytes)
    writer.add([4].rawSpan, at: Timestamp(nanoseconds: -5), to: &bytes)
    let (reading, summary) = try read(bytes)
    #expect(reading.lines.map(\.nanoseconds) == [1_700_000_000_123_456_789, 0])
    #expect(reading.lines.map(\.bytes) == [[1, 2, 3], [4]])
    #expect(reading.lines.map(\.originalLength) == [90, 1])
    #expect(summary.interfaces == [CaptureInterface(linkType: .raw, snapLength: 128)])
  }

  @Test func pcapInMicrosecondsRoundsDown() throws {
    let writer = PcapWriter(linkType: .ethernet, resolution: .microseconds)
    var bytes: [UInt8] = []
    writer.start(&bytes)
    writer.add([4].rawSpan, at: Timestamp(nanoseconds: 1_999), to: &bytes)
    #expect(try read(bytes).0.lines.map(\.nanoseconds) == [1_000])
  }

  @Test func pcapngKeepsEverything() throws {
    var writer = PcapngWriter()
    // Blocks are padded from their own start, wherever the buffer is.
    var bytes: [UInt8] = []
    writer.start(
      hardware: "vm", operatingSystem: "Linux", application: "kubeshark", comments: ["one"],
      to: &bytes)
    var interface = CaptureInterface(linkType: .linuxSLL2, snapLength: 262_144, name: "any")
    interface.description = "all of them"
    interface.filter = "tcp port 80"
    interface.operatingSystem = "Linux 6"
    let index = writer.add(interface: interface, comments: ["two"], to: &bytes)
    let names = [
      CaptureName(address: IPAddress(v4: 0x0a00_0001), name: "web"),
      CaptureName(address: IPAddress(high: 1, low: 2), name: "db.shop"),
    ]
    writer.add(names: names, to: &bytes)
    let secrets = CaptureSecrets(kind: CaptureSecrets.tlsKeyLog, bytes: [1, 2, 3, 4, 5])
    writer.add(secrets: secrets, to: &bytes)
    let time = Timestamp(nanoseconds: 1_700_000_000_123_456_789)
    writer.add(
      [1, 2, 3].rawSpan, at: time, originalLength: 90, interface: index, comments: ["three"],
      to: &bytes)
    writer.add(statisticsOf: index, received: 10, dropped: 4, at: time, to: &bytes)
    let (reading, summary) = try read(bytes)
    #expect(
      reading.lines == [
        .init(
          number: 1, nanoseconds: time.nanoseconds, bytes: [1, 2, 3], originalLength: 90,
          linkType: 276, interface: 0)
      ])
    interface.received = 10
    interface.dropped = 4
    #expect(summary.interfaces == [interface])
    #expect(summary.names == names)
    #expect(summary.secrets == [secrets])
    #expect(summary.comments.map(\.text) == ["one", "two", "three"])
    #expect(
      [summary.hardware, summary.operatingSystem, summary.application]
        == ["vm", "Linux", "kubeshark"])
    #expect(summary.warnings.isEmpty)
    #expect(summary.skippedBlocks.isEmpty)
  }
}

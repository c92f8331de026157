import Bytes
import Packets
import Testing

/// Several captures, read as one.
@Suite struct CaptureMergerTests {
  /// A capture with one packet a time, in milliseconds; each holds its file's letter.
  private func file(_ letter: UInt8, _ times: [Int64]) throws -> CaptureFile {
    var writer = PcapngWriter()
    var bytes: [UInt8] = []
    writer.start(to: &bytes)
    let interface = writer.add(
      interface: CaptureInterface(linkType: .ethernet, name: "if\(letter)"), to: &bytes)
    for time in times {
      writer.add(
        [letter].rawSpan, at: Timestamp(milliseconds: time), interface: interface, to: &bytes)
    }
    return try CaptureFile(bytes)
  }

  private func merged(_ files: [CaptureFile]) throws -> (Reading, CaptureMerger) {
    var merger = try CaptureMerger(paths: files.map(\.path))
    var reading = Reading()
    while let chunk = try merger.next() { reading.add(chunk) }
    return (reading, merger)
  }

  ///     a  1   3 3   9
  ///     b    2 3   4
  ///     c            9
  @Test func packetsComeByTimeThenByFile() throws {
    let files = [try file(97, [1, 3, 3, 9]), try file(98, [2, 3, 4]), try file(99, [9])]
    let (reading, merger) = try merged(files)
    #expect(String(decoding: reading.lines.flatMap(\.bytes), as: UTF8.self) == "abaabbac")
    #expect(reading.lines.map(\.number) == Array(1...8))
    #expect(reading.lines.map(\.interface) == [0, 1, 0, 0, 1, 1, 0, 2])
    #expect(merger.interfaces.map(\.name) == ["if97", "if98", "if99"])
    #expect(merger.summaries.map(\.packets) == [4, 3, 1])
  }

  @Test func longRunsAndMixedOnesGiveTheSameOrder() throws {
    // Every second file's packets lie in a block of their own, the others alternate.
    let even = (0..<3_000).map { Int64($0) * 2 }
    let odd = (0..<3_000).map { Int64($0) * 2 + 1 }
    let files = [
      try file(97, even), try file(98, odd), try file(99, Array(2_000..<2_500)),
      try file(100, Array(20_000..<21_000)),
    ]
    let (reading, _) = try merged(files)
    #expect(reading.lines.count == 7_500)
    #expect(reading.lines.map(\.number) == Array(1...7_500))
    #expect(
      zip(reading.lines, reading.lines.dropFirst()).allSatisfy {
        $0.nanoseconds <= $1.nanoseconds
      })
    #expect(reading.chunks < 50)
  }

  @Test func oneCaptureIsGivenAsItIs() throws {
    let (reading, _) = try merged([try file(97, [5, 3, 4])])
    #expect(reading.lines.map(\.nanoseconds) == [5_000_000, 3_000_000, 4_000_000])
    #expect(reading.chunks == 1)
  }
}

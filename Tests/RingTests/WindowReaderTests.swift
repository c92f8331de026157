import Bytes
import Packets
import Testing

@testable import Ring

@Suite struct WindowReaderTests {
  /// A capture file of a node, whose packets come at these milliseconds, and its index in stretches
  /// of ten.
  private func file(
    _ folder: Folder, _ name: String, node: String = "a", _ times: [Int64], interface: String = "e"
  ) throws -> RawFile {
    var writer = PcapngWriter()
    var bytes: [UInt8] = []
    writer.start(to: &bytes)
    _ = writer.add(
      interface: CaptureInterface(linkType: .ethernet, name: interface), to: &bytes)
    var index = CaptureIndex()
    for start in stride(from: 0, to: times.count, by: 10) {
      let part = chunk(start..<min(start + 10, times.count), at: { times[$0] })
      index.add(part)
      for packet in part.packets {
        writer.add(
          part.store.bytes.slice(packet.range), at: packet.timestamp, to: &bytes)
      }
    }
    index.bytes = UInt64(bytes.count)
    let path = folder.path + "/" + name
    try FileSystem.write(bytes, to: path)
    return RawFile(node: node, path: path, index: index)
  }

  private func times(_ merger: CaptureMerger) throws -> [Int64] {
    var merger = merger
    var times: [Int64] = []
    while let chunk = try merger.next() {
      for packet in chunk.packets {
        times.append(packet.timestamp.milliseconds)
        #expect(chunk.store.bytes.slice(packet.range).byteCount == 100)
      }
    }
    return times
  }

  private func window(_ times: Range<Int64>) -> Range<Timestamp> {
    Timestamp(milliseconds: times.lowerBound)..<Timestamp(milliseconds: times.upperBound)
  }

  @Test func packetsOutOfOrderInAFileComeInOrder() throws {
    let folder = try Folder()
    // Two queues that take turns, and one packet that is very late.
    var mixed: [Int64] = (0..<3_000).map { $0 % 20 < 10 ? $0 : $0 - 15 }.map { max(0, $0) }
    mixed.append(7)
    let file = try file(folder, "f", mixed)
    let all = try times(WindowReader.merged([file], window: allTimes))
    #expect(all == mixed.sorted())
  }

  @Test func onlyTheWindowIsGiven() throws {
    let folder = try Folder()
    let file = try file(folder, "f", Array(0..<5_000))
    let some = try times(WindowReader.merged([file], window: window(1_000..<1_250)))
    #expect(some == Array(1_000..<1_250))
    #expect(try times(WindowReader.merged([file], window: window(5_000..<9_000))).isEmpty)
  }

  @Test func filesOfSeveralNodesAreMergedAndOpenedWhenTheirTimeComes() throws {
    let folder = try Folder()
    let first = try file(folder, "1", node: "a", Array(0..<1_000))
    let second = try file(folder, "2", node: "a", Array(990..<2_000))
    let other = try file(folder, "3", node: "b", Array(500..<1_500))
    var merger = WindowReader.merged([first, second, other], window: allTimes)
    var found: [Int64] = []
    while let chunk = try merger.next() {
      found += chunk.packets.map(\.timestamp.milliseconds)
    }
    #expect(found == (Array(0..<1_000) + Array(990..<2_000) + Array(500..<1_500)).sorted())
    // The same interface of one node in two files is one; another node has its own.
    #expect(merger.interfaces.count == 2)
    // A file after the window is never opened.
    FileSystem.remove(second.path)
    let early = try times(WindowReader.merged([first, second, other], window: window(0..<600)))
    #expect(early.count == 700)
  }

  @Test func orderIsGivenUpWhenTooMuchIsHeld() throws {
    let folder = try Folder()
    let file = try file(folder, "f", (0..<1_000).map { 10_000 - $0 } + [1])
    var reader = WindowReader(file, window: allTimes, maxHeld: 1)
    var count = 0
    while let chunk = try reader.next() { count += chunk.packets.count }
    #expect(count == 1_001)
  }

  /// Ethernet, IPv4 and UDP to a port.
  private func frame(_ port: UInt8) -> [UInt8] {
    [UInt8](repeating: 2, count: 12) + [8, 0]
      + [0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]
      + [0, 99, 0, port, 0, 8, 0, 0]
  }
}

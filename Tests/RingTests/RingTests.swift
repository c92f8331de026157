import Bytes
import Foundation
import Packets
import Testing

@testable import Ring

@Suite struct RingTests {
  private let ethernet = CaptureInterface(linkType: .ethernet, snapLength: 262_144, name: "eth0")

  private func ring(
    _ folder: Folder, _ limits: RingLimits = RingLimits(), watch: Watch = Watch()
  ) throws -> Ring {
    try Ring(folder.path, limits: limits, clock: { watch.now })
  }

  private func small(bytes: UInt64 = 1 << 30, segment: UInt64 = 20_000) -> RingLimits {
    var limits = RingLimits(bytes: bytes)
    (limits.segmentBytes, limits.writeBytes) = (segment, 4_096)
    return limits
  }

  @Test func whatIsWrittenIsReadInOrderAndFromSegmentsOfTheirSize() throws {
    let folder = try Folder()
    let ring = try ring(folder, small())
    let writer = try ring.writer(node: "a", interfaces: [ethernet])
    for start in stride(from: 0, to: 2_000, by: 50) { writer.append(chunk(start..<start + 50)) }
    let segments = ring.segments(in: allTimes)
    #expect(segments.count > 5)
    #expect(segments.allSatisfy { $0.bytes < 30_000 })
    #expect(try numbers(in: segments.map(\.path)) == Array(0..<2_000))
    #expect(segments.map(\.packets).reduce(0, +) == 2_000)
    for segment in segments {
      #expect(FileSystem.byteCount(of: segment.path) == segment.bytes)
      var reader = try CaptureReader(path: segment.path)
      while try reader.next() != nil {}
      #expect(reader.summary.interfaces.map(\.name) == ["eth0"])
      #expect(reader.summary.earliest == segment.times.lowerBound)
      #expect(reader.summary.latest == segment.times.upperBound)
    }
  }

  @Test func aWindowGivesOnlySegmentsThatReachIntoIt() throws {
    let folder = try Folder()
    let ring = try ring(folder, small())
    let writer = try ring.writer(node: "a", interfaces: [ethernet])
    for start in stride(from: 0, to: 2_000, by: 50) { writer.append(chunk(start..<start + 50)) }
    let window = Timestamp(milliseconds: 500)..<Timestamp(milliseconds: 600)
    let found = try numbers(in: ring.segments(in: window).map(\.path))
    #expect(found.contains(500) && found.contains(599))
    #expect(!found.contains(0) && !found.contains(1_999))
    let nothing = Timestamp(milliseconds: 2_000)..<Timestamp(milliseconds: 9_000)
    #expect(ring.segments(in: nothing).isEmpty)
  }

  @Test func packetsAreWrittenOutWhenTheyWaitedLongEnough() throws {
    let (folder, watch) = (try Folder(), Watch())
    let ring = try ring(folder, watch: watch)
    let writer = try ring.writer(node: "a", interfaces: [ethernet])
    writer.append(chunk(0..<1))
    #expect(writer.status.packets == 0)
    watch.set(seconds: 0.6)
    writer.append(chunk(1..<2))
    #expect(writer.status.packets == 2)
    writer.append(chunk(2..<3))
    writer.flush()
    #expect(writer.status.packets == 3)
    #expect(writer.status.isWriting)
  }

  @Test func theOldestSegmentsLeaveBeyondTheLimitOfSize() throws {
    let folder = try Folder()
    let ring = try ring(folder, small(bytes: 100_000))
    let writer = try ring.writer(node: "a", interfaces: [ethernet])
    for start in stride(from: 0, to: 5_000, by: 50) { writer.append(chunk(start..<start + 50)) }
    let status = try #require(ring.status.first)
    #expect(status.bytes <= 100_000)
    #expect(status.bytes > 60_000)
    let left = try numbers(in: ring.segments(in: allTimes).map(\.path))
    #expect(left.last == 4_999)
    #expect(left == Array(left[0]...4_999))
    let after = try #require(ring.status.first)
    #expect(after.packetsDropped + after.packets == 5_000)
    #expect(after.segmentsDropped > 5)
    let files = FileSystem.names(in: folder.path + "/a")
    #expect(files.count == 2 * after.segments)
  }

  @Test func packetsLeaveWhenTheyAreTooOld() throws {
    let (folder, watch) = (try Folder(), Watch())
    var limits = small()
    limits.age = 10 * 1_000_000_000
    let ring = try ring(folder, limits, watch: watch)
    let writer = try ring.writer(node: "a", interfaces: [ethernet])
    for start in stride(from: 0, to: 2_000, by: 50) { writer.append(chunk(start..<start + 50)) }
    writer.roll()
    watch.set(seconds: 11.5)
    writer.flush()
    let left = try numbers(in: ring.segments(in: allTimes).map(\.path))
    #expect(left.last == 1_999)
    #expect(try #require(left.first) > 1_200)
    watch.set(seconds: 13)
    writer.flush()
    #expect(ring.segments(in: allTimes).isEmpty)
    #expect(ring.status[0].times == nil)
  }

  @Test func aSegmentEndsWithItsAgeAlsoWithoutTraffic() throws {
    let (folder, watch) = (try Folder(), Watch())
    let ring = try ring(folder, watch: watch)
    let writer = try ring.writer(node: "a", interfaces: [ethernet])
    writer.append(chunk(0..<3))
    watch.set(seconds: 301)
    writer.flush()
    #expect(FileSystem.names(in: folder.path + "/a").count == 2)
  }

  @Test func aNewStartFindsWhatWasThere() throws {
    let folder = try Folder()
    do {
      let ring = try ring(folder, small())
      for node in ["a", "b"] {
        try ring.writer(node: node, interfaces: [ethernet]).append(chunk(0..<300))
      }
      ring.close()
    }
    let ring = try ring(folder, small())
    #expect(ring.status.map(\.node) == ["a", "b"])
    #expect(ring.status.map(\.packets) == [300, 300])
    let writer = try ring.writer(node: "a", interfaces: [ethernet])
    writer.append(chunk(300..<310))
    let all = ring.segments(in: allTimes, nodes: ["a"])
    #expect(try numbers(in: all.map(\.path)) == Array(0..<310))
  }

  /// RFC 1123 §2.1, by way of Kubernetes: a name is a folder as it is, and no longer one is any.
  @Test func theLongestNameOfANodeIsAFolder() throws {
    let folder = try Folder()
    let ring = try ring(folder)
    let name = String(repeating: "n", count: 240) + ".eu-west.test"
    #expect(name.utf8.count == Ring.maxNodeName)
    try ring.writer(node: name, interfaces: [ethernet]).append(chunk(0..<3))
    let paths = ring.segments(in: allTimes).map(\.path)
    #expect(try numbers(in: paths) == [0, 1, 2])
    #expect(throws: RingError.self) { try ring.writer(node: name + "x") }
    // Names of snapshots stay as short as they were.
    #expect(Ring.isName(String(repeating: "n", count: 128)) && !Ring.isName(name))
  }

  @Test func aLostOrDamagedIndexIsMadeAnew() throws {
    let folder = try Folder()
    do {
      let ring = try ring(folder, small())
      try ring.writer(node: "a", interfaces: [ethernet]).append(chunk(0..<900))
      ring.close()
    }
    let node = folder.path + "/a/"
    let indexes = FileSystem.names(in: node).filter { $0.hasSuffix(".index") }
    #expect(indexes.count > 2)
    let good = indexes.map { FileSystem.read(node + $0) }
    FileSystem.remove(node + indexes[0])
    var damaged = try #require(good[1])
    damaged[damaged.count / 2] ^= 1
    try FileSystem.write(damaged, to: node + indexes[1])
    try FileSystem.write([], to: node + indexes[2])
    let ring = try ring(folder, small())
    #expect(ring.status.map(\.packets) == [900])
    let again = try indexes.map {
      try #require(FileSystem.read(node + $0).flatMap(CaptureIndex.init(encoded:)))
    }
    #expect(again.map(\.times) == good.map { $0.flatMap(CaptureIndex.init(encoded:))?.times })
  }

  @Test func anUnfinishedBlockAtTheEndIsCutOff() throws {
    let folder = try Folder()
    do {
      let ring = try ring(folder)
      try ring.writer(node: "a", interfaces: [ethernet]).append(chunk(0..<100))
      ring.close()
    }
    let path = folder.path + "/a/" + Segment.fileName(1)
    let whole = try #require(FileSystem.read(path))
    for cut in [1, 4, 50, 130, 200] {
      try FileSystem.write(Array(whole.dropLast(cut)), to: path)
      let ring = try ring(folder)
      let left = try numbers(in: ring.segments(in: allTimes).map(\.path))
      #expect(left == Array(0..<(100 - (cut + 131) / 132)), "cut \(cut)")
    }
  }

  @Test func aLockedFileIsFreeAlthoughAChildStillHasItOpen() throws {
    let folder = try Folder()
    let path = folder.path + "/lock"
    var file = OpenFile(path, O_RDWR | O_CREAT)
    #expect(file?.lock() == true && OpenFile(path, O_RDWR)?.lock() == false)
    let copy = try dup(#require(file).descriptor)
    defer { close(copy) }
    file = nil
    #expect(OpenFile(path, O_RDWR)?.lock() == true)
  }

  @Test func interfacesCanComeLater() throws {
    let folder = try Folder()
    let ring = try ring(folder, small())
    let writer = try ring.writer(node: "a", interfaces: [ethernet])
    writer.append(chunk(0..<10))
    var second = ethernet
    second.name = "eth1"
    #expect(writer.add(second) == 1)
    writer.append(chunk(10..<300, interface: 1))
    // Nobody described this one.
    writer.append(chunk(300..<310, interface: 3))
    writer.note(interface: 1, received: 290, dropped: 2)
    writer.append(chunk(310..<320))
    writer.roll()
    let paths = ring.segments(in: allTimes).map(\.path)
    #expect(paths.count > 1)
    #expect(try numbers(in: paths) == Array(0..<320))
    var reader = try CaptureReader(path: paths[paths.count - 1])
    while try reader.next() != nil {}
    #expect(reader.summary.interfaces.map(\.name) == ["eth0", "eth1", nil, nil])
    #expect(reader.summary.interfaces.map(\.dropped) == [nil, 2, nil, nil])
  }

  @Test func aFolderHasOneOwner() throws {
    let folder = try Folder()
    let first = try ring(folder)
    #expect { try ring(folder) } throws: { ($0 as? RingError)?.code == .locked }
    first.close()
  }

  @Test(arguments: ["", ".", "../x", "a/b", "a b", String(repeating: "n", count: 254)])
  func namesThatAreNoFolderAreRefused(name: String) throws {
    let folder = try Folder()
    let ring = try ring(folder)
    #expect { try ring.writer(node: name) } throws: { ($0 as? RingError)?.code == .badName }
  }

  @Test func whatCannotBeWrittenIsCountedAndTheRestGoesOn() async throws {
    let folder = try Folder()
    await #expect(processExitsWith: .success) { [path = folder.path as String] in
      // Files beyond this size fail to be written, as on a full disk.
      signal(SIGXFSZ, SIG_IGN)
      var limit = rlimit(rlim_cur: 30_000, rlim_max: 30_000)
      setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
      var limits = RingLimits()
      limits.writeBytes = 4_096
      let ring = try Ring(path, limits: limits)
      let writer = try ring.writer(
        node: "a", interfaces: [CaptureInterface(linkType: .ethernet)])
      for start in stride(from: 0, to: 2_000, by: 10) { writer.append(chunk(start..<start + 10)) }
      writer.roll()
      let status = writer.status
      precondition(status.packetsLost > 0 && status.packetsLost < 500, "\(status)")
      precondition(status.packets + status.packetsLost == 2_000, "\(status)")
      precondition(status.lastFailure?.code == .inputOutput, "\(status)")
      let found = try numbers(in: ring.segments(in: allTimes).map(\.path))
      precondition(UInt64(found.count) == status.packets)
    }
  }

  @Test func aKilledWriterLosesOnlyWhatItHadNotWrittenOut() async throws {
    let folder = try Folder()
    for round in 0..<6 {
      await #expect(processExitsWith: .signal(SIGKILL)) {
        [path = folder.path as String, round = round as Int] in
        var limits = RingLimits()
        (limits.segmentBytes, limits.writeBytes) = (200_000, 10_000)
        let ring = try Ring(path, limits: limits)
        let writer = try ring.writer(
          node: "n\(round)", interfaces: [CaptureInterface(linkType: .ethernet)])
        for number in 0..<10_000 {
          writer.append(chunk(number..<number + 1))
          if writer.status.packets > UInt64(1_500 + round * 700) { kill(getpid(), SIGKILL) }
        }
      }
      let ring = try Ring(folder.path)
      let status = try #require(ring.status.first { $0.node == "n\(round)" })
      #expect(status.packets > UInt64(1_500 + round * 700))
      let found = try numbers(
        in: ring.segments(in: allTimes, nodes: ["n\(round)"]).map(\.path))
      #expect(found == Array(0..<Int(status.packets)))
    }
  }
}

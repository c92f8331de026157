import Bytes
import Crypto
import Foundation
import Packets
import Ring
import Testing

@testable import Snapshots

@Suite struct SnapshotStoreTests {
  /// A folder for one test, removed with it.
  final class Folder: Sendable {
    let path: String

    init() throws {
      path =
        FileManager.default.temporaryDirectory
        .appendingPathComponent("snapshots-\(UUID().uuidString)").path
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
  }

  /// Ethernet, IPv4 and UDP to a port, 60 bytes long.
  private static func frame(_ port: Int) -> [UInt8] {
    [UInt8](repeating: 2, count: 12) + [8, 0]
      + [0x45, 0, 0, 46, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]
      + [0, 99, UInt8(port >> 8), UInt8(port & 255), 0, 26, 0, 0]
      + [UInt8](repeating: 7, count: 18)
  }

  /// Packets a millisecond apart, whose port is their number modulo 100.
  private static func chunk(_ numbers: Range<Int>) -> PacketChunk {
    var bytes: [UInt8] = []
    var packets: [Packet] = []
    for number in numbers {
      let start = bytes.count
      bytes += frame(number % 100)
      packets.append(
        Packet(
          number: UInt64(number), timestamp: Timestamp(milliseconds: Int64(number)),
          range: start..<bytes.count, originalLength: 60, linkType: .ethernet, interface: 0))
    }
    return PacketChunk(store: ByteStore(bytes), packets: packets)
  }

  private func ring(_ folder: Folder, _ count: Int = 3_000, nodes: [String] = ["a"]) throws -> Ring
  {
    var limits = RingLimits()
    (limits.segmentBytes, limits.writeBytes) = (40_000, 4_000)
    let ring = try Ring(folder.path + "/ring", limits: limits)
    for node in nodes {
      let writer = try ring.writer(
        node: node, interfaces: [CaptureInterface(linkType: .ethernet, name: "eth0")])
      for start in stride(from: 0, to: count, by: 100) {
        writer.append(Self.chunk(start..<start + 100))
      }
    }
    return ring
  }

  private func store(
    _ folder: Folder, _ capture: (any RawCapture)?,
    limit: UInt64 = SnapshotStore.standardLimit, names: [CaptureName] = []
  ) throws -> SnapshotStore {
    try SnapshotStore(
      folder.path + "/snapshots", capture: capture, limit: limit, names: { names },
      clock: { Timestamp(milliseconds: 1_000_000) })
  }

  private func window(_ times: Range<Int64>) -> Range<Timestamp> {
    Timestamp(milliseconds: times.lowerBound)..<Timestamp(milliseconds: times.upperBound)
  }

  /// The snapshot when it is made and its packets are counted, or has failed.
  private func settled(_ snapshot: Snapshot, _ store: SnapshotStore) async throws -> Snapshot {
    while true {
      let now = try store.find(snapshot.id)
      if now.status == .failed || now.status == .completed && now.isCounted { return now }
      try await Task.sleep(for: .milliseconds(2))
    }
  }

  private func bytes(_ store: SnapshotStore, _ request: ExportRequest) throws -> [UInt8] {
    var stream = try store.stream(request)
    var bytes: [UInt8] = []
    while let piece = try stream.nextPiece() { bytes += piece }
    return bytes
  }

  private func read(_ bytes: [UInt8], _ folder: Folder) throws -> ([Packet], CaptureSummary) {
    let path = folder.path + "/export"
    try FileSystem.write(bytes, to: path)
    var reader = try CaptureReader(path: path)
    var packets: [Packet] = []
    while let chunk = try reader.next() { packets += chunk.packets }
    return (packets, reader.summary)
  }

  @Test func aSnapshotOutlivesTheRingWithoutACopy() async throws {
    let folder = try Folder()
    let ring = try ring(folder)
    let store = try store(folder, RingCapture(ring))
    let made = try await settled(
      store.create(name: "first", window: window(500..<1_500), nodes: []), store)
    #expect(made.status == .completed)
    #expect(made.packets == 1_000)
    #expect(made.nodesSeen == ["a"])
    // The same file twice, not two files.
    let original = ring.segments(in: window(500..<501))[0].path
    var (a, b) = (stat(), stat())
    stat(original, &a)
    let linked = try store.files(of: made).first { file in
      stat(file.path, &b) == 0 && a.st_ino == b.st_ino
    }
    #expect(linked != nil)
    for segment in ring.segments(in: .distantPast ..< .distantFuture) {
      FileSystem.remove(segment.path)
    }
    let request = ExportRequest(made, format: .pcapng)
    let (packets, _) = try read(bytes(store, request), folder)
    #expect(packets.map(\.timestamp.milliseconds) == Array(500..<1_500))
  }

  @Test func aLiveCaptureHasASessionAndALimit() throws {
    let folder = try Folder()
    let ring = try ring(folder, 100)
    let capture = RingCapture(ring)
    #expect(capture.session.utf8.count == 16 && capture.session == capture.session)
    #expect(capture.session != RingCapture(ring).session)
    #expect(capture.storageBytes == ring.limits.bytes)
    #expect(FileCapture([], node: "local").storageBytes == nil)
  }

  /// Who held which address goes where the snapshot goes.
  @Test func whoHeldAnAddressIsPartOfASnapshot() async throws {
    let folder = try Folder()
    let known = Array("somebody".utf8)
    let store = try SnapshotStore(
      folder.path + "/snapshots", capture: RingCapture(try ring(folder)), workloads: { known })
    let made = try await settled(store.create(name: "w", window: window(0..<100)), store)
    #expect(store.workloads(of: made) == known)
    let manifest = try #require(try store.manifest(of: made) { _ in true })
    #expect(manifest.manifest.parts.map(\.name).contains("workloads.json"))
    let nobody = try self.store(folder, nil)
    #expect(nobody.workloads(of: made) == known)
  }

  @Test func aNewStartFindsItsSnapshots() async throws {
    let folder = try Folder()
    let ring = try ring(folder)
    do {
      let store = try store(folder, RingCapture(ring))
      _ = try await settled(store.create(name: "kept", window: window(0..<900)), store)
    }
    try FileSystem.makeFolder(folder.path + "/snapshots/torn/files")
    let again = try store(folder, nil)
    let found = try again.find("kept")
    #expect(found.status == .completed && found.packets == 900)
    #expect(again.all.count == 1)
    #expect(try again.files(of: found).count == found.files.count)
    #expect(!FileSystem.isFolder(folder.path + "/snapshots/torn"))
    #expect { try again.create(name: nil, window: window(0..<1)) } throws: {
      ($0 as? SnapshotError)?.code == .noRawCapture
    }
  }

  @Test func exportsAreFilteredByTimeNodeAndFilter() async throws {
    let folder = try Folder()
    let ring = try ring(folder, 1_000, nodes: ["a", "b"])
    let store = try store(folder, RingCapture(ring))
    let made = try await settled(
      store.create(name: nil, window: window(0..<1_000), filter: "udp dst port 53 or port 54"),
      store)
    #expect(made.name == "snapshot-1")
    #expect(made.packets == 40)
    let some = ExportRequest(
      made, start: Timestamp(milliseconds: 100), end: Timestamp(milliseconds: 300), nodes: ["b"],
      filter: "port 53", format: .pcap)
    let (packets, summary) = try read(bytes(store, some), folder)
    #expect(packets.map(\.timestamp.milliseconds) == [153, 253])
    #expect(summary.format == .pcap && summary.warnings.isEmpty)
    // Both nodes, in order of time, each with its interface.
    let all = try read(bytes(store, ExportRequest(made, format: .pcapng)), folder)
    #expect(all.0.map(\.timestamp) == all.0.map(\.timestamp).sorted())
    #expect(all.1.interfaces.count == 2)
    #expect { try store.stream(ExportRequest(made, nodes: ["c"], format: .pcap)) } throws: {
      ($0 as? SnapshotError)?.argument == "nodes"
    }
    for filter in ["tcp prt 1", "port 53) or (port 54"] {
      #expect { try store.stream(ExportRequest(made, filter: filter, format: .pcap)) } throws: {
        ($0 as? SnapshotError)?.code == .badFilter
      }
    }
  }

  @Test func whatIsMeasuredIsWhatIsSent() async throws {
    let folder = try Folder()
    let ring = try ring(folder)
    let names = [CaptureName(address: try #require(IPAddress("10.0.0.1")), name: "web.shop")]
    let store = try store(folder, RingCapture(ring), names: names)
    let made = try await settled(store.create(name: "m", window: window(10..<2_000)), store)
    for format in ExportRequest.Format.allCases {
      let request = ExportRequest(made, format: format)
      let measured = try #require(try store.measure(request))
      let sent = try bytes(store, request)
      #expect(measured.bytes == UInt64(sent.count))
      #expect(measured.digest == Array(SHA256.hash(data: sent)))
      #expect(measured.packets == 1_990)
      let (_, summary) = try read(sent, folder)
      #expect(summary.names == (format == .pcapng ? names : []))
    }
    #expect(
      try store.measure(ExportRequest(made, nodes: ["a"], format: .pcap)) { _ in false } == nil)
  }

  @Test func aTakenNameAWrongNameAndAFullStoreAreRefused() async throws {
    let folder = try Folder()
    let ring = try ring(folder)
    let store = try store(folder, RingCapture(ring), limit: 150_000)
    _ = try await settled(store.create(name: "x", window: window(0..<1_000)), store)
    #expect { try store.create(name: "x", window: window(0..<10)) } throws: {
      ($0 as? SnapshotError)?.code == .nameTaken
    }
    for name in ["", ".x", "a/b", "ä"] {
      #expect { try store.create(name: name, window: window(0..<10)) } throws: {
        ($0 as? SnapshotError)?.argument == "name"
      }
    }
    let failed = try await settled(store.create(name: "y", window: window(0..<3_000)), store)
    #expect(failed.status == .failed)
    let failure = try #require(store.failure(of: failed.id))
    #expect(failure.code == .full && failure.hint.contains("x ("))
    #expect(failed.bytes == 0)
    try store.delete("x")
    try store.delete("y")
    #expect(store.usedBytes == 0 && store.all.isEmpty)
    #expect(FileSystem.names(in: folder.path + "/snapshots").isEmpty)
    #expect { try store.find("x") } throws: { ($0 as? SnapshotError)?.code == .notFound }
  }

  @Test func aWindowWithoutPacketsFailsAndSaysWhatThereIs() async throws {
    let folder = try Folder()
    let store = try store(folder, RingCapture(try ring(folder, 100)))
    let failed = try await settled(store.create(name: nil, window: window(5_000..<6_000)), store)
    #expect(failed.status == .failed)
    let failure = try #require(store.failure(of: failed.id))
    #expect(failure.code == .outside)
    #expect(failure.available == Timestamp(milliseconds: 0)...Timestamp(milliseconds: 99))
  }

  // MARK: Capture files

  private func capture(_ folder: Folder, _ count: Int = 500) throws -> String {
    var writer = PcapngWriter()
    var bytes: [UInt8] = []
    writer.start(to: &bytes)
    _ = writer.add(interface: CaptureInterface(linkType: .ethernet), to: &bytes)
    writer.add(
      secrets: CaptureSecrets(kind: CaptureSecrets.tlsKeyLog, bytes: Array("# keys\n".utf8)),
      to: &bytes)
    let chunk = Self.chunk(0..<count)
    for packet in chunk.packets {
      writer.add(chunk.store.bytes.slice(packet.range), at: packet.timestamp, to: &bytes)
    }
    let path = folder.path + "/capture.pcapng"
    try FileSystem.write(bytes, to: path)
    return path
  }

  @Test func captureFilesAreRawPacketsToo() async throws {
    let folder = try Folder()
    let path = try capture(folder)
    let files = FileCapture([path], node: "local")
    #expect(try files.nodes().map(\.packets) == [500])
    let store = try store(folder, files)
    let made = try await settled(store.create(name: "c", window: window(0..<500)), store)
    #expect(made.packets == 500 && made.nodesSeen == ["local"])
    let (packets, summary) = try read(
      bytes(store, ExportRequest(made, filter: "port 7", format: .pcapng)), folder)
    #expect(packets.count == 5)
    #expect(summary.secrets.map(\.bytes) == [Array("# keys\n".utf8)])
    // The file may go; its packets stay.
    FileSystem.remove(path)
    #expect(try read(bytes(store, ExportRequest(made, format: .pcap)), folder).0.count == 500)
  }

  @Test func aCaptureFileThatWasChangedIsNotedAndNotUsed() async throws {
    let folder = try Folder()
    let path = try capture(folder)
    let store = try store(folder, FileCapture([path], node: "local"))
    let made = try await settled(store.create(name: "c", window: window(0..<500)), store)
    let handle = try #require(FileHandle(forWritingAtPath: path))
    try handle.seekToEnd()
    try handle.write(contentsOf: Data([0]))
    try handle.close()
    #expect { try store.stream(ExportRequest(made, format: .pcap)) } throws: {
      ($0 as? SnapshotError)?.code == .changed
    }
  }
}

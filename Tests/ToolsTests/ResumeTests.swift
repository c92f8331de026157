import Foundation
import Identity
import JSON
import Packets
import Pipeline
import TestSupport
import Testing
import ToolKit

@testable import Tools

/// Reading that is killed, or stopped, and goes on when the capture is named again.
@Suite(.serialized)
struct ResumeTests {
  private static let dns = checkout.appendingPathComponent("Samples/dns.pcapng").path
  private let folder = NSTemporaryDirectory() + "resume-\(UUID().uuidString)"

  /// Everything there is to know about the captures, once they are read.
  private func everything(_ capture: CaptureTraffic) async throws -> [ToolAnswer] {
    let hub = EmbeddedHub(capture.traffic(redactor: Redactor(key: [1])), version: "test")
    var answers: [ToolAnswer] = []
    for (tool, arguments): (String, JSONObject) in [
      ("list_api_calls", ["limit": 1_000, "format": "full"]),
      ("get_api_stats", [:]), ("list_l4_flows", ["limit": 1_000]),
    ] { answers.append(try await ShopHub.ask(tool, arguments, of: hub)) }
    return answers
  }

  private func plain(_ paths: [String]) async throws -> [ToolAnswer] {
    let capture = try CaptureTraffic(paths, inventory: Inventory(), workers: 2)
    capture.start()
    return try await everything(capture)
  }

  private func files(_ ending: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder + "/kubeshark")
      .filter { $0.hasSuffix(ending) }
  }

  @Test func aKilledIndexIsGoneOnWith() async throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let expected = try await plain([ShopHub.capture])
    // Killed again and again, each time further on, and once before anything was read.
    for packets in [0, 300, 600, 900, 1_200] as [UInt64] {
      await #expect(processExitsWith: .signal(SIGKILL)) {
        [folder = folder as String, packets = packets as UInt64] in
        let capture = try indexed(in: folder)
        capture.start()
        while capture.statistics.packets < packets, !capture.isReady { usleep(50) }
        kill(getpid(), SIGKILL)
      }
    }
    let capture = try indexed(in: folder)
    capture.start()
    #expect(try await everything(capture) == expected)
    #expect(try files(".sqlite").count == 1 && files(".json").count == 1 && files(".lock").isEmpty)
  }

  @Test(arguments: [100, 700, 1_300] as [UInt64])
  func aStoppedReadingIntoAFolderIsGoneOnWith(packets: UInt64) async throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let expected = try await plain([ShopHub.capture])
    try stop(at: packets)
    let capture = try CaptureTraffic(
      [ShopHub.capture], inventory: Inventory(), workers: 2, data: DataFolder(folder))
    capture.start()
    #expect(try await everything(capture) == expected)
  }

  /// A capture that grows while processes that follow it are killed is in the folder once, whether
  /// its end is read by one that follows it or not.
  @Test func aKilledFollowingIsGoneOnWith() async throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let expected = try await plain([ShopHub.capture])
    let whole = try Data(contentsOf: URL(fileURLWithPath: ShopHub.capture))
    try FileManager.default.createDirectory(
      atPath: folder, withIntermediateDirectories: true)
    for part in [1, 5, 20, 60, 61, 100] as [Int] {
      await #expect(processExitsWith: .signal(SIGKILL)) {
        [folder = folder as String, part = part as Int] in
        try follow(part, in: folder)
        kill(getpid(), SIGKILL)
      }
    }
    #expect(try Data(contentsOf: URL(fileURLWithPath: folder + "/shop.pcap")) == whole)
    let capture = try CaptureTraffic(
      [folder + "/shop.pcap"], inventory: Inventory(), workers: 2,
      data: DataFolder(folder + "/data"))
    capture.start()
    #expect(try await everything(capture) == expected)
  }

  @Test func aGrowingCaptureIsKnownByItsPathAndItsBeginning() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try FileManager.default.createDirectory(
      atPath: folder, withIntermediateDirectories: true)
    let path = folder + "/a b.pcap"
    func write(_ bytes: [UInt8]) throws { try Data(bytes).write(to: URL(fileURLWithPath: path)) }
    try write([])
    let capture = try #require(GrowingCapture(path))
    let empty = capture.key
    try write([UInt8](repeating: 1, count: 100))
    let short = capture.key
    try write([UInt8](repeating: 1, count: 9_000))
    let long = capture.key
    #expect(capture.has(empty) && capture.has(short) && capture.has(long) && short != long)
    try write([UInt8](repeating: 1, count: 4_095) + [2])
    #expect(capture.has(short) && !capture.has(long) && !capture.has("0123"))
    #expect(GrowingCapture("-") == nil && GrowingCapture(folder) == nil)
    #expect(GrowingCapture(ShopHub.capture)?.has(short) == false)
  }

  @Test func aPartIsShownAndNamed() async throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try stop(at: 700)
    let alone = try CaptureTraffic(
      [], inventory: Inventory(), workers: 2, data: DataFolder(folder))
    alone.start()
    let answers = try await everything(alone)
    #expect(answers[0].text.contains("The reading of shop.pcap was interrupted behind packet"))
    #expect(answers[0].structured["calls"]?.array?.isEmpty == false)
  }

  @Test func aPartStaysWhenOthersAreReadAfterIt() async throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try stop(at: 700)
    func read(_ path: String) async throws -> [ToolAnswer] {
      let capture = try CaptureTraffic(
        [path], inventory: Inventory(), workers: 2, data: DataFolder(folder))
      capture.start()
      return try await everything(capture)
    }
    let both = try await read(Self.dns)
    #expect(both[0].text.contains("shop.pcap, dns.pcapng"))
    // Not twice, and not without a word.
    let again = try await read(ShopHub.capture)
    #expect(again[0].text.contains("A part of the capture is in"))
    #expect(again[0].structured["calls"] == both[0].structured["calls"])
  }

  /// Reads the shop into a data folder, but not to its end.
  private func stop(at packets: UInt64) throws {
    let capture = try CaptureTraffic(
      [ShopHub.capture], inventory: Inventory(), workers: 2, data: DataFolder(folder),
      adjust: inSmallSteps)
    capture.start()
    while capture.statistics.packets < packets, !capture.isReady { usleep(50) }
    capture.stop()
    while !capture.isReady { usleep(1_000) }
  }
}

/// Lets the shop's capture in `folder` grow to that many hundredths and reads what there is.
private func follow(_ part: Int, in folder: String) throws {
  let path = folder + "/shop.pcap"
  let whole = try Data(contentsOf: URL(fileURLWithPath: ShopHub.capture))
  if !FileManager.default.fileExists(atPath: path) {
    #expect(FileManager.default.createFile(atPath: path, contents: nil))
  }
  let file = try #require(FileHandle(forWritingAtPath: path))
  let before = Int(try file.seekToEnd())
  try file.write(
    contentsOf: whole[min(before, whole.count * part / 100)..<whole.count * part / 100])
  let capture = try CaptureTraffic(
    [path], inventory: Inventory(), workers: 2, data: DataFolder(folder + "/data"), follows: true,
    adjust: inSmallSteps)
  capture.start()
  // Until nothing new comes up: how far it gets makes no difference.
  var seen: UInt64?
  while !capture.isReady || capture.statistics.packets != seen {
    seen = capture.statistics.packets
    usleep(100_000)
  }
}

/// Some thirty chunks, and a checkpoint behind each.
private func inSmallSteps(_ settings: inout PipelineSettings) {
  settings.reading.chunk = 8 << 10
  settings.checkpointBytes = 1
  settings.checkpointWorth = 0
}

private func indexed(in folder: String) throws -> CaptureTraffic {
  let cache = try #require(
    IndexCache(environment: ["XDG_CACHE_HOME": folder], program: "a"))
  return try CaptureTraffic(
    [ShopHub.capture], inventory: Inventory(), workers: 2, cache: cache, adjust: inSmallSteps)
}

import Bytes
import Entries
import JSON
import Pipeline
import Store
import Testing

@testable import Shipping

/// A call of a client to a server.
func entry(_ number: UInt64, at second: Int64 = 0) -> Entry {
  var entry = Entry(
    kind: .http, transport: .tcp,
    timestamp: Timestamp(nanoseconds: 1_700_000_000_000_000_000 + second * 1_000_000_000),
    source: Endpoint(address: IPAddress(v4: 0x0a00_0001), port: 40_000),
    destination: Endpoint(address: IPAddress(v4: 0x0a00_0002), port: 80), stream: number, index: 0,
    hasRequest: true, hasResponse: true)
  entry.fields.add(.path, .text("/orders/\(number)"))
  return entry
}

/// A store whose blocks have two calls each.
func store(_ place: EntryStore.Place = .memory, calls: UInt64, bytes: Int64? = nil) throws
  -> EntryStore
{
  var limits = StoreLimits()
  (limits.blockRows, limits.bytes) = (2, bytes)
  let store = try EntryStore(place, limits: limits)
  try store.append((0..<calls).map { entry($0 + 1, at: Int64($0)) })
  try store.flush()
  return store
}

func report(_ instance: String = "first") -> AgentReport {
  let start = Timestamp(nanoseconds: 1_700_000_000_000_000_000)
  var report = AgentReport(instance: instance, version: "1", started: start, now: start)
  report.statistics.packets = 10
  report.statistics.live = Statistics.Live()
  return report
}

struct ShipmentTests {
  @Test func whatIsReadIsWhatWasWritten() throws {
    let blocks = try store(calls: 5).arrived()
    let from = try store(calls: 5)
    let bytes = try from.arrived().map { try from.encoded($0).bytes }
    let shipment = try Shipment(
      parsing: Shipment.encoded(report: report().json, blocks: bytes))
    #expect(shipment.blocks.map(\.bytes) == bytes && bytes.count == blocks.count)
    #expect(shipment.refused.isEmpty)
    let read = try #require(AgentReport(json: shipment.report))
    #expect(read.json == report().json)
  }

  @Test func everyPrefixIsRefusedOrASmallerShipment() throws {
    let from = try store(calls: 5)
    let whole = Shipment.encoded(
      report: ["a": 1], blocks: try from.arrived().map { try from.encoded($0).bytes })
    var sound = 0
    for end in 0..<whole.count {
      guard let part = try? Shipment(parsing: Array(whole[..<end])) else { continue }
      #expect(part.blocks.count < 3 && part.refused.isEmpty)
      sound += 1
    }
    // After the report, and after each block but the last.
    #expect(sound == 3)
  }

  @Test func aDamagedBlockIsRefusedByItself() throws {
    let from = try store(calls: 6)
    var blocks = try from.arrived().map { try from.encoded($0).bytes }
    blocks[1][blocks[1].count - 1] ^= 1
    let shipment = try Shipment(parsing: Shipment.encoded(report: [:], blocks: blocks))
    #expect(shipment.blocks.count == 2 && shipment.refused.map(\.index) == [1])
  }

  @Test func lengthsBeyondTheLimitsAreTold() {
    #expect(throws: Shipment.Malformed(problem: "the report is cut off")) {
      try Shipment(parsing: [9, 0, 0, 0, 0x7b])
    }
    #expect(throws: Shipment.Malformed.self) { try Shipment(parsing: [0xff, 0xff, 0xff, 0x7f]) }
    #expect(throws: Shipment.Malformed.self) { try Shipment(parsing: [2, 0, 0, 0, 0x5b, 0x5d]) }
  }

  @Test func sectionsOfAllBlocksTogetherAreLimited() throws {
    let from = try store(calls: 4)
    let encoded = try from.arrived().map { try from.encoded($0) }
    let bytes = Shipment.encoded(report: [:], blocks: encoded.map(\.bytes))
    let sections = encoded.reduce(0) { $0 + $1.sectionCount }
    #expect(try Shipment(parsing: bytes, maxSections: sections).blocks.count == encoded.count)
    let problem = "its blocks have more than \(sections - 1) sections"
    #expect(throws: Shipment.Malformed(problem: problem)) {
      try Shipment(parsing: bytes, maxSections: sections - 1)
    }
  }
}

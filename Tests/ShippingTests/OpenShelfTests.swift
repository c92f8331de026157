import Bytes
import Entries
import JSON
import Store
import Testing

@testable import Shipping

/// A record of a connection as far as it went.
func connection(_ number: UInt64, bytes: Int64) -> Entry {
  Entry(
    kind: .tcpConn, transport: .tcp,
    timestamp: Timestamp(nanoseconds: 1_700_000_000_000_000_000),
    source: Endpoint(address: IPAddress(v4: 0x0a00_0001), port: UInt16(40_000 + number)),
    destination: Endpoint(address: IPAddress(v4: 0x0a00_0002), port: 80), stream: number,
    index: 0, hasRequest: true, hasResponse: true, requestSize: bytes)
}

/// An agent whose outbox shows what is open, and what it sends.
private struct Sender {
  let outbox: Outbox
  var held: Set<BlockID> = []
  var number: UInt64 = 0
  var instance = "first"

  init(rows: Int = 2) throws {
    var limits = StoreLimits()
    (limits.blockRows, limits.shownRows) = (rows, rows)
    outbox = Outbox(try EntryStore(.memory, limits: limits))
  }

  /// A shipment of all there is, with the blocks that are not held.
  mutating func shipment(room: Int = 1 << 20) -> (bytes: [UInt8], batch: Outbox.Batch) {
    let batch = outbox.batch(bytes: room, blocks: 99)
    number += 1
    var report = report(instance)
    var open = AgentReport.Open()
    open.number = number
    open.blocks = batch.open.map(\.id)
    report.open = open
    let sent = batch.open.filter { !held.contains($0.id) }
    return (
      Shipment.encoded(
        report: report.json, blocks: batch.blocks.map(\.bytes), open: sent.map(\.bytes)), batch
    )
  }
}

struct OpenShelfTests {
  private func rows(_ hub: EntryStore) -> Int { hub.snapshot().rows(.connections) }

  @Test func aNewerReportTakesTheOlderOnesPlace() async throws {
    let hub = try EntryStore(.memory)
    let intake = Intake(hub, AgentRegistry())
    var sender = try Sender()
    sender.outbox.store.show(open: (1...5).map { connection($0, bytes: 10) })
    var outcome = await intake.take(sender.shipment().bytes, from: "n1")
    #expect(outcome.status == 200 && outcome.body["open"]?.string == "shown")
    #expect(rows(hub) == 5 && intake.counters.blocks == 0)
    // One is over: its record stays, and in the same moment it is no longer shown as open.
    try sender.outbox.store.append([connection(1, bytes: 99)])
    try sender.outbox.store.flush()
    sender.outbox.store.show(open: (2...5).map { connection($0, bytes: 20) })
    outcome = await intake.take(sender.shipment().bytes, from: "n1")
    #expect(outcome.body["open"]?.string == "shown")
    #expect(rows(hub) == 5 && intake.counters.entries == 1)
    // Others show their own.
    var other = try Sender()
    other.outbox.store.show(open: [connection(9, bytes: 1)])
    _ = await intake.take(other.shipment().bytes, from: "n2")
    #expect(rows(hub) == 6)
    sender.outbox.store.show(open: [])
    _ = await intake.take(sender.shipment().bytes, from: "n1")
    #expect(rows(hub) == 2)
  }

  @Test func onlyWhatIsOverBeforeTheSettlementIsSentWithIt() throws {
    let sender = try Sender(rows: 2)
    sender.outbox.store.show(open: [connection(1, bytes: 1), connection(2, bytes: 1)])
    // A block is full before the next settlement: what is in it is still shown as open.
    try sender.outbox.store.append([connection(1, bytes: 2), connection(2, bytes: 2)])
    #expect(sender.outbox.batch(bytes: 1 << 20, blocks: 9).blocks.isEmpty)
    #expect(!sender.outbox.isEmpty)
    sender.outbox.store.show(open: [])
    let batch = sender.outbox.batch(bytes: 1 << 20, blocks: 9)
    #expect(batch.blocks.map(\.rows) == [2] && batch.open.isEmpty)
  }

  @Test func blocksThatAreHeldAreNotSentAgain() async throws {
    let hub = try EntryStore(.memory)
    let intake = Intake(hub, AgentRegistry())
    var sender = try Sender()
    let quiet = (1...4).map { connection(UInt64($0), bytes: 10) }
    sender.outbox.store.show(open: quiet + [connection(7, bytes: 1)])
    let first = sender.shipment()
    _ = await intake.take(first.bytes, from: "n1")
    sender.held = Set(first.batch.open.map(\.id))
    sender.outbox.store.show(open: quiet + [connection(7, bytes: 2)])
    let second = sender.shipment()
    #expect(try Shipment(parsing: second.bytes).open.count == 1)
    #expect(await intake.take(second.bytes, from: "n1").body["open"]?.string == "shown")
    #expect(rows(hub) == 5)
    // A Hub that was started anew has none of them, and says so.
    let next = try EntryStore(.memory)
    let after = Intake(next, AgentRegistry())
    sender.held = Set(second.batch.open.map(\.id))
    #expect(await after.take(sender.shipment().bytes, from: "n1").body["open"]?.string == "missing")
    #expect(rows(next) == 0)
    sender.held = []
    #expect(await after.take(sender.shipment().bytes, from: "n1").body["open"]?.string == "shown")
    #expect(rows(next) == 5)
  }

  @Test func aReportThatWasOvertakenChangesNothing() async throws {
    let hub = try EntryStore(.memory)
    let intake = Intake(hub, AgentRegistry())
    var sender = try Sender()
    sender.outbox.store.show(open: [connection(1, bytes: 1)])
    let late = sender.shipment().bytes
    sender.outbox.store.show(open: [])
    _ = await intake.take(sender.shipment().bytes, from: "n1")
    #expect(await intake.take(late, from: "n1").body["open"]?.string == "overtaken")
    #expect(rows(hub) == 0)
    // The next start of the agent counts anew.
    (sender.instance, sender.number) = ("second", 0)
    sender.outbox.store.show(open: [connection(1, bytes: 1)])
    #expect(await intake.take(sender.shipment().bytes, from: "n1").body["open"]?.string == "shown")
    #expect(rows(hub) == 1)
  }

  @Test func whatASilentAgentHadOpenIsNoLongerShown() async throws {
    let hub = try EntryStore(.memory)
    let intake = Intake(hub, AgentRegistry())
    var sender = try Sender()
    sender.outbox.store.show(open: [connection(1, bytes: 1)])
    _ = await intake.take(sender.shipment().bytes, from: "n1")
    let heard = try #require(intake.registry.agents(at: .now).first).lastSeen
    intake.forgetSilent(at: heard)
    #expect(rows(hub) == 1)
    intake.forgetSilent(at: heard.advanced(by: 3_600_000_000_000))
    #expect(rows(hub) == 0)
    _ = await intake.take(sender.shipment().bytes, from: "n1")
    #expect(rows(hub) == 1)
  }

  @Test func whatFindsNoRoomIsCounted() async throws {
    var limits = Intake.Limits()
    let hub = try EntryStore(.memory)
    var sender = try Sender()
    sender.outbox.store.show(open: (1...6).map { connection($0, bytes: 1) })
    let whole = sender.outbox.batch(bytes: 1 << 20, blocks: 9).open
    // In a shipment it is a part of what goes at once.
    let part = sender.outbox.batch(bytes: 4 * (whole[0].bytes.count + 8), blocks: 9)
    #expect(part.open.count == 1 && part.openLeftOut == 4)
    limits.openBytes = whole.reduce(0) { $0 + $1.bytes.count } - 1
    let intake = Intake(hub, AgentRegistry(), limits: limits)
    #expect(await intake.take(sender.shipment().bytes, from: "n1").body["open"]?.string == "full")
    #expect(rows(hub) == 0 && intake.counters.openTurnedAway == 1)
  }

  @Test func callsAreNeverShownAsOpen() async throws {
    let hub = try EntryStore(.memory)
    let intake = Intake(hub, AgentRegistry())
    let from = try store(calls: 2)
    let call = try from.encoded(from.arrived()[0])
    var report = report()
    var open = AgentReport.Open()
    open.blocks = [call.id]
    report.open = open
    let bytes = Shipment.encoded(report: report.json, blocks: [], open: [call.bytes])
    #expect(await intake.take(bytes, from: "n1").body["open"]?.string == "missing")
    #expect(hub.snapshot().rows() == 0)
  }

  @Test func namesOfBlocksAreReadAsTheyAreWritten() {
    let id = BlockID(high: 0x0123_4567_89ab_cdef, low: 7)
    #expect(BlockID(id.description) == id)
    for text in [
      "", "12", String(repeating: "+", count: 32), "+" + String(repeating: "1", count: 31),
    ] {
      #expect(BlockID(text) == nil)
    }
  }
}

import Bytes
import JSON
import Store
import Testing

@testable import Shipping

struct IntakeTests {
  func shipment(_ blocks: [[UInt8]]) -> [UInt8] {
    Shipment.encoded(report: report().json, blocks: blocks)
  }

  @Test func whatComesTwiceIsThereOnce() async throws {
    let hub = try EntryStore(.memory)
    let intake = Intake(hub, AgentRegistry())
    let bytes = Outbox(try store(calls: 6)).batch(bytes: 1 << 20, blocks: 9).blocks.map(\.bytes)
    for round in 0..<3 {
      let outcome = await intake.take(shipment(bytes), from: "n1")
      #expect(outcome.status == 200 && outcome.body["stored"]?.int == 3)
      #expect(intake.counters.repeated == UInt64(3 * round))
    }
    #expect(hub.snapshot().rows() == 6 && intake.counters.entries == 6)
    #expect(intake.registry.agents(at: .now)[0].entries == 6)
  }

  @Test func manyAtOnceAreAllStored() async throws {
    let hub = try EntryStore(.memory)
    let intake = Intake(hub, AgentRegistry())
    let from = try store(calls: 100)
    let blocks = try from.arrived().map { try from.encoded($0).bytes }
    await withTaskGroup(of: Int.self) { group in
      for (index, block) in blocks.enumerated() {
        let bytes = shipment([block, blocks[(index + 1) % blocks.count]])
        group.addTask { await intake.take(bytes, from: "n\(index)").status }
      }
      for await status in group { #expect(status == 200) }
    }
    #expect(hub.snapshot().rows() == 100)
    #expect(intake.counters.blocks == 50 && intake.counters.repeated == 50)
  }

  @Test func aDamagedBlockIsToldAndTheOthersAreTaken() async throws {
    let hub = try EntryStore(.memory)
    let intake = Intake(hub, AgentRegistry())
    var bytes = Outbox(try store(calls: 6)).batch(bytes: 1 << 20, blocks: 9).blocks.map(\.bytes)
    bytes[2][50] ^= 0xff
    let outcome = await intake.take(shipment(bytes), from: "n1")
    #expect(outcome.status == 200)
    #expect(outcome.body["refused"]?[0]?["index"]?.int == 2)
    #expect(hub.snapshot().rows() == 4 && intake.counters.refused == 1)
  }

  @Test func roomIsReservedAndGivenBack() throws {
    var limits = Intake.Limits()
    limits.waitingBytes = 100
    let intake = Intake(try EntryStore(.memory), AgentRegistry(), limits: limits)
    #expect(intake.reserve(80))
    #expect(!intake.reserve(30))
    #expect(intake.counters.turnedAway == 1)
    intake.release(80)
    // One that is larger than all room is taken when it is alone.
    #expect(intake.reserve(300))
    #expect(!intake.reserve(1))
  }

  @Test func whatIsNoShipmentIsRefused() async throws {
    let intake = Intake(try EntryStore(.memory), AgentRegistry())
    #expect(await intake.take([1, 2, 3], from: "n1").status == 400)
    #expect(await intake.take(Shipment.encoded(report: [:], blocks: []), from: "n1").status == 400)
    #expect(intake.registry.agents(at: .now).isEmpty)
  }
}

extension IntakeTests {
  /// Small blocks would pile up where they come faster than somebody merges them.
  @Test func shipmentsWaitUntilSmallBlocksAreMerged() async throws {
    var limits = Intake.Limits()
    limits.smallBlocks = 20
    let hub = try EntryStore(.memory)
    let intake = Intake(hub, AgentRegistry(), limits: limits)
    let from = try store(calls: 100)
    for block in from.arrived() {
      let outcome = await intake.take(shipment([try from.encoded(block).bytes]), from: "n1")
      #expect(outcome.status == 200 && hub.smallBlocks <= 21)
    }
    #expect(hub.snapshot().rows() == 100 && intake.counters.stalls > 0 && !intake.isStalled)
  }
}

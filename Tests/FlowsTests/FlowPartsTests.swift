import Bytes
import Layers
import TestSupport
import Testing

@testable import Flows

/// The table's parts, each on its own.
@Suite struct FlowPartsTests {
  @Test(arguments: 0..<10) func anIndexFindsWhatItHoldsAndNothingElse(seed: Int) {
    var random = SeededGenerator(seed: UInt64(seed))
    var index = FlowIndex()
    var held: [Int: UInt32] = [:]
    for step in 0..<5000 {
      if Bool.random(using: &random) || held.isEmpty {
        // Few hashes: collisions and long runs are the rule.
        let hash = UInt32.random(in: 0..<300, using: &random)
        index.insert(step, hash: hash)
        held[step] = hash
      } else if let (slot, hash) = held.randomElement(using: &random) {
        index.remove(slot, hash: hash)
        index.remove(slot, hash: hash)
        held[slot] = nil
        #expect(index.slot(hash) { $0 == slot } == nil)
      }
    }
    for (slot, hash) in held { #expect(index.slot(hash) { $0 == slot } == slot) }
  }

  @Test func aKeyIsTheSameFromBothEnds() {
    func packet(_ source: IPAddress, _ port: UInt16, _ target: IPAddress, _ other: UInt16)
      -> Decoded
    {
      Decoded(
        number: 1, timestamp: Timestamp(nanoseconds: 0), source: source, destination: target,
        sourcePort: port, destinationPort: other, transport: .udp, payload: 0..<0,
        declaredPayload: 0, frameLength: 60)
    }
    let a = IPAddress(high: 1, low: 2)
    let b = IPAddress(high: 2, low: 2)
    let there = FlowKey.of(packet(a, 9, b, 8))
    let back = FlowKey.of(packet(b, 8, a, 9))
    #expect(there.key == back.key)
    #expect(there.fromLow != back.fromLow)
    #expect(there.key.hash(seed: 5) == back.key.hash(seed: 5))
    #expect(there.key.hash(seed: 5) != back.key.hash(seed: 6))
    #expect(there.key != FlowKey.of(packet(a, 8, b, 9)).key)
    #expect(there.key.low == Conversation.Peer(address: a, port: 9))
  }

  @Test func hashesOfNeighbouringPortsSpread() {
    var buckets = [Int](repeating: 0, count: 64)
    for port in 0..<6400 {
      let packet = Decoded(
        number: 1, timestamp: Timestamp(nanoseconds: 0), source: IPAddress(v4: 1),
        destination: IPAddress(v4: 2), sourcePort: UInt16(port), destinationPort: 80,
        transport: .tcp, payload: 0..<0, declaredPayload: 0, frameLength: 60)
      buckets[Int(FlowKey.of(packet).key.hash(seed: 1) & 63)] += 1
    }
    #expect(buckets.allSatisfy { (50...160).contains($0) })
  }

  @Test func roundTripsFollowKarnsRule() {
    var memory = Outstanding()
    var flight = Flight()
    func time(_ microseconds: Int64) -> Timestamp { Timestamp(microseconds: microseconds) }
    for end in [10, 20, 30] as [UInt32] {
      flight.sent(until: end, at: time(Int64(end)), isAlone: false, in: &memory)
    }
    func acknowledged(_ sequence: UInt32) -> Timestamp? {
      flight.acknowledged(sequence, in: &memory)
    }
    #expect(acknowledged(5) == nil)
    #expect(acknowledged(20) == time(20))
    #expect(acknowledged(20) == nil)
    flight.resent(from: 20, until: 30, in: &memory)
    #expect(acknowledged(30) == nil)
    flight.sent(until: 40, at: time(40), isAlone: false, in: &memory)
    #expect(acknowledged(35) == nil, "part of a segment times nothing")
    flight.clear(in: &memory)
    #expect(acknowledged(40) == nil)
  }

  @Test func segmentsNobodyAcknowledgesTakeLittleRoom() {
    var memory = Outstanding()
    var flight = Flight()
    for end in 0..<100 as Range<UInt32> {
      flight.sent(
        until: end, at: Timestamp(nanoseconds: 0), isAlone: true, in: &memory)
    }
    #expect(memory.untimed == 84)
  }

  @Test func deviationIsThatOfTheSamples() {
    var trips = RoundTrips()
    #expect(trips.deviation == nil)
    for sample in [200, 400, 400, 400, 500, 500, 700, 900] as [Int64] { trips.add(sample) }
    trips.add(0)
    trips.add(-5)
    #expect(trips.count == 8)
    #expect(trips.average == 500)
    #expect(trips.deviation == 200)
    #expect((trips.minimum, trips.maximum) == (200, 900))
  }

  @Test func theClockBelievesTwoPacketsOnly() {
    var clock = PacketClock()
    func second(_ value: Int64) -> Timestamp { Timestamp(milliseconds: value * 1000) }
    var ticks: [Bool] = []
    var times: [Timestamp] = []
    for time in [10, 11, 99_999, 12, 5] as [Int64] {
      ticks.append(clock.advance(to: second(time)))
      times.append(clock.now)
    }
    #expect(ticks == [false, true, true, true, false])
    #expect(times == [.distantPast, second(10), second(11), second(12), second(12)])
  }

  @Test func aSightingIsForgottenAfterItsTime() {
    var filter = DuplicateFilter()
    func see(_ time: Int64, _ place: UInt64) -> DuplicateFilter.Sighting? {
      filter.see(77, at: Timestamp(nanoseconds: time), place: place, window: 100)
    }
    #expect(see(1000, 1) == nil)
    #expect(see(1050, 2) == DuplicateFilter.Sighting(age: 50, isElsewhere: true, isSecond: true))
    #expect(
      see(990, 1)
        == DuplicateFilter.Sighting(age: 10, isElsewhere: false, isSecond: false))
    #expect(see(1101, 1) == nil)
    #expect(
      see(1150, 1) == DuplicateFilter.Sighting(age: 49, isElsewhere: false, isSecond: true))
  }

  /// Hundreds of packets lie between copies that two buffers give in turn, and thousands between
  /// those of a fast link: nearly all are recognised.
  @Test(arguments: [(500, 19_900), (2_000, 18_500)])
  func copiesAreRecognisedBehindManyPackets(between: Int, least: Int) {
    var filter = DuplicateFilter()
    var random = SeededGenerator(seed: 5)
    let prints = (0..<20_000).map { _ in random.next() }
    var found = 0
    for number in 0..<prints.count + between {
      let time = Timestamp(nanoseconds: Int64(number))
      if number < prints.count {
        #expect(filter.see(prints[number], at: time, place: 1, window: 1_000_000) == nil)
      }
      guard number >= between else { continue }
      let copy = filter.see(prints[number - between], at: time, place: 2, window: 1_000_000)
      if copy?.isElsewhere == true { found += 1 }
    }
    #expect(found >= least)
  }

  @Test func distancesWrap() {
    #expect(UInt32(5).distance(from: .max) == 6)
    #expect(UInt32.max.distance(from: 5) == -6)
    #expect(UInt32(0).isAfter(.max))
    #expect(UInt32.max.advanced(by: 2) == 1)
  }
}

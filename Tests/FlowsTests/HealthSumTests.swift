import Bytes
import TestSupport
import Testing

@testable import Flows

/// Health figures of many connections, as those of one flow.
@Suite struct HealthSumTests {
  /// Every figure at random; some are not measured.
  private func random(_ random: inout SeededGenerator) -> TCPHealth {
    func some() -> UInt32? { random.next() % 4 == 0 ? nil : UInt32(random.next() % 1_000_000) }
    var health = TCPHealth()
    health.forEachCount { $0 = UInt32(random.next() % 1_000) }
    health.connections = 1
    for side in [Side.client, .server] {
      health.bySide[side].forEachCount { $0 = UInt32(random.next() % 1_000) }
      health.windowScale[side] = some().map { UInt8($0 % 15) }
    }
    health.rttMinimum = some()
    health.rttMaximum = some()
    health.rttAverage = some()
    health.jitter = some()
    health.averageReceiveWindow = some()
    health.synToSynAck = some()
    health.synAckToAck = some()
    health.synToAck = some()
    health.connectionTime = some()
    health.timeToFirstByte = some()
    health.goodput = random.next() >> 20
    health.completeness = UInt8(random.next() % 64)
    health.isOffloaded = random.next() % 2 == 0
    return health
  }

  @Test func theOrderOfConnectionsDoesNotMatter() {
    var generator = SeededGenerator(seed: 1)
    for _ in 0..<100 {
      let sums = (0..<9 as Range<UInt64>).map { HealthSum(random(&generator), stream: $0) }
      func total(_ parts: [HealthSum]) -> HealthSum {
        var sum = parts[0]
        for part in parts.dropFirst() { sum.add(part) }
        return sum
      }
      let forward = total(sums)
      #expect(total(sums.reversed()) == forward)
      #expect(total([total(Array(sums[..<4])), total(Array(sums[4...]))]) == forward)
      #expect(total(sums.shuffled(using: &generator)).health == forward.health)
    }
  }

  @Test func aSumOfOneIsTheConnection() {
    var generator = SeededGenerator(seed: 2)
    for _ in 0..<100 {
      var health = random(&generator)
      if health.rttAverage == nil || health.rttSamples < 2 { health.jitter = nil }
      if health.rttSamples == 0 { health.rttAverage = nil }
      if health.rttAverage != nil, health.rttSamples > 1 { health.jitter = health.jitter ?? 0 }
      #expect(HealthSum(health, stream: 1).health == health)
    }
  }

  @Test func meansAreOfTheConnectionsThatHaveThem() {
    func sum(_ average: UInt32?, _ samples: UInt32, jitter: UInt32, opening: UInt32?) -> HealthSum {
      var health = TCPHealth()
      (health.rttAverage, health.rttSamples, health.jitter) = (average, samples, jitter)
      health.synToAck = opening
      return HealthSum(health, stream: 1)
    }
    var flow = sum(100, 1, jitter: 0, opening: 10)
    flow.add(sum(nil, 0, jitter: 0, opening: nil))
    flow.add(sum(400, 2, jitter: 0, opening: 30))
    #expect(flow.health.rttAverage == 300 && flow.health.synToAck == 20)
    // Of 100, 400 and 400.
    #expect(flow.health.jitter == 141)
  }

  @Test func whatIsStoredComesBack() throws {
    var generator = SeededGenerator(seed: 3)
    for stream in 0..<100 as Range<UInt64> {
      var sum = HealthSum(random(&generator), stream: stream)
      sum.add(HealthSum(random(&generator), stream: stream + 1))
      var bytes: [UInt8] = []
      sum.store(in: &bytes)
      var input = Cursor(bytes.span.bytes)
      let again = try HealthSum(stored: &input)
      #expect(again == sum)
      let isRead = input.isAtEnd
      #expect(isRead)
    }
  }

  /// Whoever adds a figure has to add it to what is stored, too.
  @Test func everyFigureIsStored() {
    // Means, jitter, goodput, completeness, offloading, window scales and both sides' counts.
    let others = 8 + 6
    var (health, counts) = (TCPHealth(), TCPHealth.Counts())
    var (figures, ofASide) = (others - 1, 0)
    health.forEachCount { _ in figures += 1 }
    health.forEachExtreme { _ in figures += 1 }
    counts.forEachCount { _ in ofASide += 1 }
    #expect(Mirror(reflecting: health).children.count == figures)
    #expect(Mirror(reflecting: counts).children.count == ofASide)
  }
}

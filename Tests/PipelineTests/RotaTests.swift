import Bytes
import Layers
import TestSupport
import Testing

@testable import Pipeline

@Suite struct RotaTests {
  /// A packet of one of many clients of one server, to it or from it.
  private func packet(_ client: Int, bytes: Int = 100, isReply: Bool = false) -> Decoded {
    let ends = [
      (IPAddress(v4: 0x0a00_0001 &+ UInt32(client >> 4)), UInt16(40_000 + client)),
      (IPAddress(v4: 0x0a01_0001), 80),
    ]
    let (source, target) = isReply ? (ends[1], ends[0]) : (ends[0], ends[1])
    return Decoded(
      number: 1, timestamp: Timestamp(nanoseconds: 0), source: source.0, destination: target.0,
      sourcePort: source.1, destinationPort: target.1, transport: .tcp, payload: 0..<bytes,
      declaredPayload: bytes, frameLength: bytes + 54)
  }

  @Test func aConversationStaysWithOneWorker() {
    var rota = Rota(workers: 3)
    var random = SeededGenerator(seed: 1)
    var owners: [Int: Int] = [:]
    for _ in 0..<200_000 {
      let client = Int.random(in: 0..<50, using: &random)
      let isReply = Bool.random(using: &random)
      let worker = rota.worker(of: packet(client, bytes: client * 20, isReply: isReply))
      #expect((0..<3).contains(worker) && owners[client, default: worker] == worker)
      owners[client] = worker
    }
    #expect(Set(owners.values).count == 3)
  }

  /// Whatever their ports are: chance would give all of two to one worker every other time.
  @Test(arguments: 0..<40)
  func fewConversationsAreSharedEvenly(first: Int) {
    for count in [2, 4, 6] {
      var rota = Rota(workers: 2)
      var shares = [0, 0]
      // They differ in nothing else, so that only a place that two have in common spoils it.
      for client in first..<first + count { shares[rota.worker(of: packet(client * 7))] += 1 }
      #expect(shares == [count / 2, count / 2])
    }
  }

  @Test func aBusyConversationHasItsWorkerAlone() {
    var rota = Rota(workers: 2)
    let busy = rota.worker(of: packet(0))
    for _ in 0..<2_000 { _ = rota.worker(of: packet(0, bytes: 1_400, isReply: true)) }
    for client in 1...8 { #expect(rota.worker(of: packet(client)) != busy) }
  }

  /// What one worker did long ago gives the other no more than its part now.
  @Test func oldWorkCountsLittle() {
    var rota = Rota(workers: 2)
    let busy = rota.worker(of: packet(0))
    for _ in 0..<100_000 { _ = rota.worker(of: packet(0, bytes: 60_000)) }
    var shares = [0, 0]
    for client in 1...2_000 { shares[rota.worker(of: packet(client))] += 1 }
    #expect(shares[busy] > 600, "\(shares)")
  }

  /// Reading and decoding is counted as an eighth of what is done with the packets then.
  @Test func whoReadsGetsLess() {
    var rota = Rota(workers: 2, readerWorks: true)
    var shares = [0, 0]
    for client in 0..<64 { shares[rota.worker(of: packet(client))] += 1 }
    #expect((26...30).contains(shares[0]), "\(shares)")
  }

  @Test func oneWorkerHasAll() {
    var rota = Rota(workers: 1)
    for client in 0..<100 { #expect(rota.worker(of: packet(client)) == 0) }
  }
}

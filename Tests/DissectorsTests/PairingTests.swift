import Bytes
import Entries
import TestSupport
import Testing

@testable import Dissectors
@testable import Flows

/// Finding an unfinished exchange, few or many of them.
@Suite struct PairingTests {
  private func exchange(_ index: Int) -> Exchange {
    let exchange = Exchange()
    exchange.begin(
      index: UInt32(index), requester: .client, row: 0, touched: Timestamp(nanoseconds: 0))
    return exchange
  }

  /// Whatever is filed and taken, the oldest of a key is found, as by a plain list.
  @Test func theOldestOfAKeyIsFoundAmongManyAsAmongFew() {
    var random = SeededGenerator(seed: 5)
    for most in [3, 40, 600] {
      var pairing = Pairing()
      var plain: [(key: UInt64, index: UInt32)] = []
      for step in 0..<4_000 {
        let key = UInt64.random(in: 0..<UInt64(most), using: &random)
        let found = pairing.position(of: key) { _ in true }
        let expected = plain.first { $0.key == key }?.index
        #expect(found.flatMap { pairing[$0]?.index } == expected)
        if let found, step % 3 == 0 {
          // What was lent and given back is where it was.
          let lent = pairing.lend(found)
          #expect(lent.index == expected)
          pairing.giveBack(lent, to: found)
          #expect(pairing.position(of: key) { _ in true } == found)
        }
        // Growing and shrinking in turns, each of them long.
        if step / 700 % 2 == 0 ? step % 4 != 0 : step % 4 == 0 {
          pairing.insert(exchange(step), key: key)
          plain.append((key, UInt32(step)))
        } else if let found {
          // One that was lent is taken out by removing it.
          let taken = step % 2 == 0 ? pairing.take(found)?.index : pairing.lend(found).index
          if step % 2 != 0 { pairing.remove(found) }
          #expect(taken == plain.first { $0.key == key }?.index)
          plain.removeAll { $0.index == taken }
        } else if let oldest = pairing.oldest {
          let first = plain.removeFirst().index
          #expect(pairing.take(oldest)?.index == first)
        }
        #expect(pairing.count == plain.count)
      }
      let left = pairing.positions.compactMap { pairing[$0]?.index }
      #expect(left == plain.map(\.index))
    }
  }

  /// Many gaps with many exchanges do not look at every exchange each time.
  @Test func whatWasEndedIsNotLookedAtAgain() {
    var pairing = Pairing()
    for step in 0..<100 { pairing.insert(exchange(step), key: UInt64(step)) }
    #expect(pairing.unsettled(.client) == 0..<100)
    pairing.settle(.client)
    #expect(pairing.unsettled(.client).isEmpty)
    #expect(pairing.unsettled(.server) == 0..<100)
    pairing.insert(exchange(100), key: 100)
    #expect(pairing.unsettled(.client) == 100..<101)
    pairing.resumed(40)
    #expect(pairing.unsettled(.client) == 40..<101)
    // Positions change when holes are closed, and when nothing is left.
    pairing.settle(.client)
    for position in 0..<90 { pairing.remove(position) }
    #expect(pairing.unsettled(.client).isEmpty)
    for step in 101..<200 { pairing.insert(exchange(step), key: UInt64(step)) }
    #expect(pairing.unsettled(.client).upperBound == pairing.positions.upperBound)
    #expect(pairing.unsettled(.client).count >= 99)
    while let oldest = pairing.oldest { pairing.remove(oldest) }
    pairing.insert(exchange(200), key: 200)
    #expect(pairing.unsettled(.client) == 0..<1)
    #expect(pairing.unsettled(.server) == 0..<1)
  }
}

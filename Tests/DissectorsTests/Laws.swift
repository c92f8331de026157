import Bytes
import Dissectors
import Entries
import Flows
import TestSupport
import Testing

/// What holds for every dissector. Each suite applies them to conversations of its protocol.
enum Laws {
  /// Cutting a TCP stream anywhere gives the entries of the uncut one: at every single place, and
  /// into single bytes.
  static func split(
    _ talk: Talk, rows: [DissectorRow] = DissectorCatalogue.all,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let whole = talk.calls(rows).map(\.essence)
    #expect(!whole.isEmpty, sourceLocation: sourceLocation)
    for (turn, bytes) in talk.spoken {
      for cut in 1..<max(bytes.count, 2) {
        let parts = talk.cutting(turn, at: [cut]).calls(rows).map(\.essence)
        if parts != whole {
          #expect(parts == whole, "cut at \(cut) in turn \(turn)", sourceLocation: sourceLocation)
          return
        }
      }
      let single = talk.cutting(turn, at: Array(1..<max(bytes.count, 1))).calls(rows)
      #expect(
        single.map(\.essence) == whole, "single bytes in turn \(turn)",
        sourceLocation: sourceLocation)
    }
  }

  /// A conversation that ends early gives a beginning of its entries, the last of them perhaps not
  /// whole.
  static func truncation(
    _ talk: Talk, rows: [DissectorRow] = DissectorCatalogue.all,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let whole = talk.calls(rows).filter { $0.fault == nil }.map(\.essence)
    for (turn, bytes) in talk.spoken {
      for length in 0..<bytes.count {
        var short = talk
        short.turns = Array(talk.turns[...turn])
        short.turns[turn] = .says(talk.speaker(turn), Array(bytes.prefix(length)))
        short.closeReason = .endOfCapture
        let complete = short.calls(rows).filter { $0.fault == nil }.map(\.essence)
        let isBeginning = complete.allSatisfy { whole.contains($0) }
        if !isBeginning {
          #expect(
            isBeginning, "\(complete) after \(length) bytes of turn \(turn)",
            sourceLocation: sourceLocation)
          return
        }
      }
    }
  }

  /// Bytes changed, dropped, doubled or lost at random crash nothing, hang nothing, and leave no
  /// bytes behind.
  static func mutation(
    _ talk: Talk, rows: [DissectorRow] = DissectorCatalogue.all, rounds: Int = 300
  ) {
    var random = SeededGenerator(seed: 7)
    for _ in 0..<rounds {
      var hurt = talk
      for turn in hurt.turns.indices {
        guard case .says(let side, var bytes) = hurt.turns[turn], !bytes.isEmpty else { continue }
        switch Int.random(in: 0..<5, using: &random) {
        case 0:
          for _ in 0..<Int.random(in: 1...4, using: &random) {
            bytes[Int.random(in: 0..<bytes.count, using: &random)] = .random(
              in: 0...255, using: &random)
          }
        case 1: bytes.removeFirst(Int.random(in: 0..<bytes.count, using: &random))
        case 2: bytes.removeLast(Int.random(in: 0..<bytes.count, using: &random))
        case 3: bytes += bytes
        default: break
        }
        hurt.turns[turn] = .says(side, bytes)
      }
      if Bool.random(using: &random) {
        let at = Int.random(in: 0...hurt.turns.count, using: &random)
        let side: Side = .random(using: &random)
        hurt.turns.insert(.lost(side, .random(in: 1...3000, using: &random)), at: at)
      }
      let dissection = Dissection(switches: .everything, rows: rows, secrets: hurt.secrets)
      hurt.play(to: dissection)
      dissection.finish()
      let entries = dissection.drain()
      #expect(entries.count { !$0.kind.isCall } == 1)
      #expect(dissection.counters.misbehaved == 0)
      #expect(dissection.isIdle)
    }
  }
}

extension Talk {
  /// Turns that carry bytes.
  fileprivate var spoken: [(Int, [UInt8])] {
    turns.enumerated().compactMap { place, turn in
      if case .says(_, let bytes) = turn { (place, bytes) } else { nil }
    }
  }

  fileprivate func speaker(_ turn: Int) -> Side {
    if case .says(let side, _) = turns[turn] { side } else { .client }
  }

  /// The same talk with one turn cut into parts.
  fileprivate func cutting(_ turn: Int, at cuts: [Int]) -> Talk {
    guard case .says(let side, let bytes) = turns[turn] else { return self }
    var talk = self
    let bounds = [0] + cuts + [bytes.count]
    let parts = zip(bounds, bounds.dropFirst()).map { Turn.says(side, Array(bytes[$0..<$1])) }
    talk.turns.replaceSubrange(turn...turn, with: parts)
    return talk
  }
}

extension Side {
  fileprivate static func random(using random: inout SeededGenerator) -> Side {
    Bool.random(using: &random) ? .client : .server
  }
}

import Bytes
import Dissectors
import Entries
import Layers
import TestSupport
import Testing

@testable import Flows

// Reordering: what a network does to segments.
extension Laws {
  /// Segments that arrive shuffled, doubled and overlapping give the entries of segments in order.
  static func reordering(
    _ talk: Talk, rows: [DissectorRow] = DissectorCatalogue.all, rounds: Int = 20,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    var random = SeededGenerator(seed: 3)
    var inOrder = SegmentedTalk(talk)
    let whole = inOrder.calls(rows) { $0 }
    #expect(!whole.isEmpty, sourceLocation: sourceLocation)
    for round in 0..<rounds {
      let longest = [1 << 20, 100, 7, 1][round % 4]
      var jumbled = SegmentedTalk(talk, longest: longest)
      let calls = jumbled.calls(rows) { segments in
        var segments = segments
        for segment in segments where Int.random(in: 0..<4, using: &random) == 0 {
          segments.append(segment)
        }
        for place in segments.indices where Int.random(in: 0..<4, using: &random) == 0 {
          segments[place].reachBack(by: Int.random(in: 1...20, using: &random))
        }
        return segments.shuffled(using: &random)
      }
      if calls != whole {
        #expect(calls == whole, "round \(round)", sourceLocation: sourceLocation)
        return
      }
    }
  }
}

/// Bytes of one side at their place in its stream.
struct Segment {
  /// All bytes of the turn, and where they begin in the stream.
  let turn: [UInt8]
  let turnStart: Int
  var range: Range<Int>

  /// Bytes before it that were sent already are sent with it.
  mutating func reachBack(by count: Int) {
    range = max(0, range.lowerBound - count)..<range.upperBound
  }
}

/// A TCP conversation as packets that a flow table puts together again.
private struct SegmentedTalk {
  private let talk: Talk
  private let longest: Int
  private var sent = BySide(client: 0, server: 0)
  private var number: UInt64 = 0
  private var time: Int64 = 1_000_000

  init(_ talk: Talk, longest: Int = 1 << 20) {
    (self.talk, self.longest) = (talk, longest)
  }

  /// The calls as text, when the segments of each turn arrive in the order that `arrange` gives.
  mutating func calls(
    _ rows: [DissectorRow], _ arrange: ([Segment]) -> [Segment]
  ) -> [String] {
    let dissection = Dissection(switches: .everything, rows: rows, secrets: talk.secrets)
    var table = FlowTable(limits: FlowLimits(), seed: 7)
    if !talk.isMidway {
      send(.client, at: -1, [], [.syn], &table, dissection)
      send(.server, at: -1, [], [.syn, .ack], &table, dissection)
      send(.client, at: 0, [], [.ack], &table, dissection)
    }
    for turn in talk.turns {
      switch turn {
      case .says(let side, let bytes):
        for segment in arrange(segments(of: bytes, from: sent[side])) {
          send(
            side, at: segment.turnStart + segment.range.lowerBound,
            Array(segment.turn[segment.range]), [.ack, .psh], &table, dissection)
        }
        sent[side] += bytes.count
      case .finishes(let side):
        send(side, at: sent[side], [], [.fin, .ack], &table, dissection)
      case .lost, .heard, .pause: break
      }
    }
    table.finish(into: dissection)
    dissection.finish()
    return dissection.drain().filter { $0.kind.isCall }.map(\.essence)
  }

  private func segments(of bytes: [UInt8], from start: Int) -> [Segment] {
    stride(from: 0, to: bytes.count, by: longest).map {
      Segment(turn: bytes, turnStart: start, range: $0..<min($0 + longest, bytes.count))
    }
  }

  private mutating func send(
    _ side: Side, at offset: Int, _ payload: [UInt8], _ flags: TCPFlags, _ table: inout FlowTable,
    _ dissection: Dissection
  ) {
    number += 1
    time += 10
    let isClient = side == .client
    let fields = TCPFields(
      sequence: 1001 &+ UInt32(truncatingIfNeeded: offset),
      acknowledgment: flags.contains(.ack) ? 1001 &+ UInt32(sent[side.other]) : 0, flags: flags,
      window: 60_000, windowScale: nil)
    let packet = Decoded(
      number: number, timestamp: Timestamp(microseconds: time),
      source: isClient ? talk.clientAddress : talk.serverAddress,
      destination: isClient ? talk.serverAddress : talk.clientAddress,
      sourcePort: isClient ? talk.clientPort : talk.serverPort,
      destinationPort: isClient ? talk.serverPort : talk.clientPort, transport: .tcp,
      payload: 0..<payload.count, declaredPayload: payload.count, frameLength: 54 + payload.count,
      tcp: fields)
    table.receive(packet, payload: payload.rawSpan, into: dissection)
  }
}

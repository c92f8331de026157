import Bytes
import Dissectors
import Entries
import Layers

@testable import Flows

/// A conversation as an input holds it, and as captures are turned into inputs.
///
///     start    bit 0: joined midway, bit 1: UDP, bits 2-4: port of the server, bits 6-7: 0 as
///              bit 1 says, 1 ICMP, 2 ICMPv6, 3 SCTP
///     turns    control (1 byte: bit 0 the server's, bits 1-2 what), then for
///              0, 1 bytes:   length (2 bytes, little-endian), bytes
///              2 a loss:     count (2 bytes)
///              3 otherwise:  1 byte; bit 0: the side finishes, else time passes, in seconds
struct Conversing {
  enum Turn: Equatable {
    case says(Side, [UInt8])
    case lost(Side, Int)
    case finishes(Side)
    case pause(seconds: Int)
  }

  private static let transports: [Transport] = [.tcp, .udp, .icmp, .icmpv6, .sctp]
  static let ports: [UInt16] = [80, 53, 6379, 9092, 50_051, 40_001, 5353, 8080]

  var isMidway = false
  var transport = Transport.tcp
  var serverPort: UInt16 = 80
  var turns: [Turn] = []

  init() {}

  init(_ bytes: [UInt8]) {
    var input = FuzzInput(bytes)
    let start = input.uint8()
    isMidway = start & 1 == 1
    transport = Self.transports[start >> 6 == 0 ? Int(start >> 1 & 1) : Int(start >> 6) + 1]
    serverPort = Self.ports[Int(start >> 2 & 7)]
    while !input.isAtEnd {
      let control = input.uint8()
      let side: Side = control & 1 == 0 ? .client : .server
      switch control >> 1 & 3 {
      case 2: turns.append(.lost(side, Int(input.uint16())))
      case 3:
        let rest = input.uint8()
        turns.append(rest & 1 == 1 ? .finishes(side) : .pause(seconds: Int(rest >> 1)))
      default: turns.append(.says(side, input.take(Int(input.uint16()))))
      }
    }
  }

  /// The input that `init` reads as this.
  var bytes: [UInt8] {
    let port = UInt8(Self.ports.firstIndex(of: serverPort) ?? 5)
    let place = UInt8(Self.transports.firstIndex(of: transport) ?? 0)
    var bytes = [(isMidway ? 1 : 0) | (place < 2 ? place << 1 : (place - 1) << 6) | port << 2]
    for turn in turns {
      switch turn {
      case .says(let side, let said):
        bytes += [side == .client ? 0 : 1, UInt8(said.count & 255), UInt8(said.count >> 8)] + said
      case .lost(let side, let count):
        let count = min(count, 65_535)
        bytes += [side == .client ? 4 : 5, UInt8(count & 255), UInt8(count >> 8)]
      case .finishes(let side): bytes += [side == .client ? 6 : 7, 1]
      case .pause(let seconds): bytes += [6, UInt8(min(seconds, 127)) << 1]
      }
    }
    return bytes
  }

  /// It is a stream from its beginning, of which nothing is missing before its end, and nothing
  /// comes behind it: flows give no other (`FlowWitness`).
  var isSound: Bool {
    guard transport == .tcp, !isMidway else { return false }
    var finished: Set<Side> = []
    for turn in turns {
      switch turn {
      case .says(let side, _): if finished.contains(side) { return false }
      case .lost: return false
      case .finishes(let side): finished.insert(side)
      case .pause: break
      }
    }
    return true
  }

  /// How it is played: each turn at its own time, with all it says at once or in pieces.
  enum Pace {
    case whole
    /// Pieces of at most so many bytes, by these numbers.
    case pieces(upTo: Int, Derived)
  }

  /// Plays it to `dissection`, with `watch` after each turn, and closes it.
  func play(
    to dissection: Dissection, _ pace: Pace = .whole,
    watch: () throws(BrokenLaw) -> Void = {}
  ) throws(BrokenLaw) {
    var pace = pace
    var now: Int64 = 0
    var conversation = opening
    dissection.opened(0, conversation)
    for (index, turn) in turns.enumerated() {
      now += 1_000_000
      let moment = Moment(
        timestamp: Timestamp(nanoseconds: now), packet: UInt64(index) + 1)
      switch turn {
      case .says(let side, let said):
        conversation.sent[side].packets += 1
        for part in Self.parts(of: said, &pace) {
          dissection.received(part.rawSpan, on: 0, from: side, at: moment)
        }
      case .lost(let side, let count): dissection.lost(count, on: 0, from: side, at: moment)
      case .finishes(let side): dissection.finished(0, side: side, at: moment)
      case .pause(let seconds):
        now += Int64(seconds) * 1_000_000_000
        dissection.advance(to: Timestamp(nanoseconds: now))
      }
      conversation.last = Timestamp(nanoseconds: now)
      try watch()
    }
    conversation.state = .closed
    conversation.closeReason = .endOfCapture
    dissection.closed(0, conversation)
  }

  private static func parts(of bytes: [UInt8], _ pace: inout Pace) -> [[UInt8]] {
    guard case .pieces(let limit, var derived) = pace else { return [bytes] }
    var parts: [[UInt8]] = []
    var at = 0
    while at < bytes.count {
      let end = min(bytes.count, at + 1 + derived.below(limit))
      parts.append(Array(bytes[at..<end]))
      at = end
    }
    pace = .pieces(upTo: limit, derived)
    return parts
  }

  private var opening: Conversation {
    Conversation(
      stream: 1, transport: transport,
      client: Conversation.Peer(address: IPAddress(v4: 0x0a00_0001), port: 40_000),
      server: Conversation.Peer(address: IPAddress(v4: 0x0a00_0002), port: serverPort),
      clientKnownBy: isMidway ? .firstPacket : .syn, first: Timestamp(nanoseconds: 0),
      last: Timestamp(nanoseconds: 0), state: isMidway ? .inProgress : .open, closeReason: nil,
      sent: BySide(client: Conversation.Traffic(), server: Conversation.Traffic()), health: nil)
  }
}

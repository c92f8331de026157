import Bytes
import Flows
import Layers

/// One SCTP association on one pair of addresses (RFC 9260): makes the user messages whole that its
/// DATA chunks carry, each once, and notes how it began and ended.
///
/// A message is given when its last fragment is there, whatever else is missing: what travels in
/// SCTP tells its messages apart, and nothing waits behind a lost chunk. Associations with several
/// addresses on a side are read path by path, so a message whose fragments take different paths
/// stays apart.
///
/// A class because few conversations have one, and those are moved with all others.
final class SCTPAssociation {
  /// What one side sends.
  private struct Way {
    /// Verification tag of its packets: another one is another association (RFC 9260 §8.5).
    var tag: UInt32 = 0
    var seen = SCTPSequence()
    var fragments = SCTPFragments()
  }

  /// Streams that are counted apart.
  private static let maxStreams = 64

  private var client = Way()
  private var server = Way()
  /// Messages by stream, of both sides.
  private(set) var streams: [UInt16: UInt64] = [:]
  /// What ended it; nil while it goes on.
  private(set) var ending: Ending?
  /// Chunks with data that came before: sent again, or captured twice.
  private(set) var repeated: UInt64 = 0

  enum Ending: Sendable {
    case shutdown
    /// By a chunk ABORT; with the code of its first cause.
    case abort(cause: UInt16?)
  }

  /// A whole message, or the captured beginning of one.
  struct UserMessage {
    var bytes: [UInt8]
    /// Packet of its first fragment.
    var start: Moment
  }

  /// Reads the chunks of a packet and gives the messages that are whole with it.
  ///
  /// - Parameters:
  ///   - limit: bytes of fragments that may wait on one side.
  ///   - dropped: grows by the bytes of fragments that found no room.
  func messages(
    completedBy packet: RawSpan, from side: Side, at moment: Moment, limit: Int,
    dropped: inout Int
  ) -> [UserMessage] {
    guard let header = try? SCTPHeader(packet) else { return [] }
    var messages: [UserMessage] = []
    var chunks = SCTPChunks(declared: SCTPDetails.longestPacket)
    while let chunk = try? chunks.next(in: packet) {
      let value = packet.slice(chunk.value)
      switch SCTPChunkType(rawValue: chunk.type) {
      case .data, .iData:
        guard let data = SCTPData(chunk, value), isNew(data, header.verificationTag, side) else {
          break
        }
        let content = value.suffix(from: data.headLength)
        var message: UserMessage?
        if data.isFirst, data.isLast {
          message = UserMessage(bytes: content.array(), start: moment)
        } else if value.byteCount == chunk.length {
          message = self[side].fragments.insert(
            data, content, at: moment, limit: limit, dropped: &dropped)
        } else {
          // Behind the captured part of a fragment the next one does not follow.
          dropped += content.byteCount
        }
        if let message {
          count(data.stream)
          messages.append(message)
        }
      case .initiation:
        ending = nil
        dropped += self[side].fragments.byteCount
        self[side] = Way()
      case .shutdownComplete: ending = .shutdown
      case .abort: ending = .abort(cause: value.byteCount >= 4 ? value.big16(0) : nil)
      default: break
      }
    }
    return messages
  }

  /// Whether a chunk with data comes for the first time.
  private func isNew(_ data: SCTPData, _ tag: UInt32, _ side: Side) -> Bool {
    if self[side].tag != tag {
      self[side] = Way()
      self[side].tag = tag
    }
    if self[side].seen.insert(data.tsn) { return true }
    repeated += 1
    return false
  }

  private func count(_ stream: UInt16) {
    if streams[stream] != nil || streams.count < Self.maxStreams {
      streams[stream, default: 0] += 1
    }
  }

  /// Bytes of fragments that wait for others.
  var waitingBytes: Int { client.fragments.byteCount + server.fragments.byteCount }

  /// What waits is given up.
  func dropFragments() {
    client.fragments = SCTPFragments()
    server.fragments = SCTPFragments()
  }

  private subscript(side: Side) -> Way {
    _read { if side == .client { yield client } else { yield server } }
    _modify { if side == .client { yield &client } else { yield &server } }
  }
}

/// Which transmission sequence numbers came already: the newest ones by a bit each.
struct SCTPSequence: Sendable {
  /// Numbers before the newest that are remembered; older ones count as seen.
  private static let span = 1024

  private var newest: UInt32?
  private var bits = [UInt64](repeating: 0, count: SCTPSequence.span / 64)

  /// Notes a number; false when it came before.
  mutating func insert(_ number: UInt32) -> Bool {
    guard let newest else {
      newest = number
      set(number)
      return true
    }
    let ahead = Int32(bitPattern: number &- newest)
    if ahead > 0 {
      for step in 1...UInt32(min(Int(ahead), Self.span)) { clear(number &+ 1 &- step) }
      self.newest = number
      set(number)
      return true
    }
    guard Int(ahead) > -Self.span, !isSet(number) else { return false }
    set(number)
    return true
  }

  private func place(_ number: UInt32) -> (word: Int, bit: UInt64) {
    let at = Int(number % UInt32(Self.span))
    return (at / 64, 1 << UInt64(at % 64))
  }

  private func isSet(_ number: UInt32) -> Bool {
    let place = place(number)
    return bits[place.word] & place.bit != 0
  }

  private mutating func set(_ number: UInt32) {
    let place = place(number)
    bits[place.word] |= place.bit
  }

  private mutating func clear(_ number: UInt32) {
    let place = place(number)
    bits[place.word] &= ~place.bit
  }
}

import Bytes
package import Flows
import Layers

/// One path of an SCTP association: a conversation between two addresses. Makes the user messages whole
/// that DATA chunks carry, each once, and notes how it began and ended.
///
/// A message is given when its last fragment is there, whatever else is missing: what travels in
/// SCTP tells its messages apart, and nothing waits behind a lost chunk.
///
/// A class because few conversations have one, and those are moved with all others.
package final class SCTPPath {
  /// Streams that are counted apart.
  private static let maxStreams = 64

  /// As the conversation has them.
  let ends: BySide<Conversation.Peer>
  /// What it shares with other paths.
  private(set) var association: SCTPAssociation
  /// The conversation's client is what the association takes for the server.
  private(set) var isReversed = false
  /// Messages that were whole on this path, by stream, of both sides.
  private(set) var streams: [UInt16: UInt64] = [:]
  /// What ended it; nil while it goes on.
  private(set) var ending: Ending?

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

  /// The first path of an association, as far as is known.
  package init(client: Conversation.Peer, server: Conversation.Peer) {
    ends = BySide(client: client, server: server)
    association = SCTPAssociation(client: client.address, server: server.address)
  }

  /// The side of the association that a side of the conversation is.
  func side(_ side: Side) -> Side { isReversed ? side.other : side }

  /// Goes with its association where that has become one with another.
  func follow() {
    while let (next, isReversed) = association.successor {
      association = next
      if isReversed { self.isReversed.toggle() }
    }
  }

  /// Whether both are paths of one association, as far as is known.
  package func isJoined(with other: SCTPPath) -> Bool {
    follow()
    other.follow()
    return association === other.association
  }

  /// Reads the chunks of a packet and gives the messages that are whole with it.
  ///
  /// - Parameters:
  ///   - side: the sender, as the association has it.
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
          message = association[side].fragments.insert(
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
        dropped += association[side].fragments.byteCount
        association[side].reset()
      case .shutdownComplete: ending = .shutdown
      case .abort: ending = .abort(cause: value.byteCount >= 4 ? value.big16(0) : nil)
      default: break
      }
    }
    return messages
  }

  /// Whether a chunk with data comes for the first time: else it was sent again, on whatever path.
  private func isNew(_ data: SCTPData, _ tag: UInt32, _ side: Side) -> Bool {
    if association[side].tag != tag { association[side].reset(to: tag) }
    return association[side].seen.insert(data.tsn)
  }

  private func count(_ stream: UInt16) {
    if streams[stream] != nil || streams.count < Self.maxStreams {
      streams[stream, default: 0] += 1
    }
  }
}

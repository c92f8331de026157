import Bytes
import Flows
import Layers

/// What a flow table told its sink.
enum FlowEvent: Equatable {
  case opened(Int, UInt64)
  case received(Int, Side, [UInt8])
  case lost(Int, Side, Int)
  case finished(Int, Side)
  case closed(Int, UInt64, Conversation.CloseReason?)
}

/// A sink that holds a flow table to its contract: slots are opened before they are used and
/// closed once, bytes come in order and without repeats, nothing follows the end of a side.
final class FlowWitness: FlowSink {
  private(set) var events: [FlowEvent] = []
  /// Conversations by slot.
  private(set) var open: [Int: Following] = [:]
  /// Packets that closed conversations say they had.
  private(set) var packets: UInt64 = 0
  /// The first thing that was wrong.
  private(set) var broken: String?

  struct Following {
    var stream: UInt64
    var transport: Transport
    var next: [Side: UInt8] = [:]
    var lost: [Side: [Int]] = [:]
    var finished: Set<Side> = []
  }

  private func hold(_ holds: Bool, _ law: @autoclosure () -> String) {
    if !holds, broken == nil { broken = law() }
  }

  func opened(_ slot: Int, _ conversation: Conversation) {
    events.append(.opened(slot, conversation.stream))
    hold(open[slot] == nil, "slot \(slot) is opened twice")
    hold(slot >= 0 && slot < 64, "slot \(slot) is no small number")
    open[slot] = Following(stream: conversation.stream, transport: conversation.transport)
  }

  func turned(_ slot: Int, _ conversation: Conversation) {
    hold(open[slot] != nil, "slot \(slot) turns and is not open")
  }

  func received(_ bytes: RawSpan, on slot: Int, from side: Side, at moment: Moment) {
    let bytes = bytes.array()
    events.append(.received(slot, side, bytes))
    guard var following = open[slot] else {
      hold(false, "bytes for slot \(slot), which is not open")
      return
    }
    hold(!bytes.isEmpty, "no bytes are delivered")
    guard following.transport == .tcp else { return }
    hold(!following.finished.contains(side), "bytes of a side that has finished")
    if let next = following.next[side], let first = bytes.first {
      let lost = following.lost[side] ?? []
      // A stream that jumps back says only that something is missing.
      let isPlaced =
        first == lost.reduce(next) { $0 &+ UInt8(truncatingIfNeeded: $1) } || lost.contains(1)
      hold(isPlaced, "byte \(first) follows \(next &- 1) after losses of \(lost)")
    }
    for (before, after) in zip(bytes, bytes.dropFirst()) {
      hold(after == before &+ 1, "byte \(after) follows \(before)")
    }
    following.next[side] = (bytes.last ?? 0) &+ 1
    following.lost[side] = []
    open[slot] = following
  }

  func lost(_ count: Int, on slot: Int, from side: Side, at moment: Moment) {
    events.append(.lost(slot, side, count))
    hold(count > 0, "\(count) bytes are lost")
    hold(open[slot] != nil, "a loss in slot \(slot), which is not open")
    open[slot]?.lost[side, default: []].append(count)
  }

  func finished(_ slot: Int, side: Side, at moment: Moment) {
    events.append(.finished(slot, side))
    hold(open[slot] != nil, "an end in slot \(slot), which is not open")
    let isFirst = open[slot]?.finished.insert(side).inserted ?? true
    hold(isFirst, "a side finishes twice")
  }

  func closed(_ slot: Int, _ conversation: Conversation) {
    events.append(.closed(slot, conversation.stream, conversation.closeReason))
    hold(open[slot]?.stream == conversation.stream, "slot \(slot) closes another conversation")
    hold(conversation.closeReason != nil, "a conversation closes without a reason")
    // The end of a capture ends no conversation, only what is known of it.
    hold(
      (conversation.state == .closed) || conversation.closeReason == .endOfCapture,
      "a conversation closes and is not closed")
    packets += conversation.sent.client.packets + conversation.sent.server.packets
    open[slot] = nil
  }
}

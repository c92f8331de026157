import Entries
import Flows

/// Which method answers which: on each channel the oldest of its kind; where bytes are missing
/// `AnswerOrder` tells.
struct AMQPQueue: Sendable {
  /// Kinds on channels that are told apart; beyond, methods stand alone.
  private static let maxLanes = 1 << 16

  private struct Lane: Sendable {
    var asked: UInt32 = 0
    var answered: UInt32 = 0
    /// Holes there were when it was last looked at.
    var holes: UInt32 = 0
    /// Times the asker had heard what was not shown.
    var heard: UInt32 = 0
    /// First of the newest batch.
    var batch: UInt32 = 0
    var order = AnswerOrder()

    /// Of a connection that lasts, both numbers begin anew some time.
    private var waiting: Int { Int(asked &- answered) }
    var isWaiting: Bool { waiting > 0 }

    mutating func ask(_ holes: UInt32, _ heard: UInt32) {
      noteHoles(holes)
      // How many bytes does not matter: of other lanes there may be some among them.
      if self.heard != heard, waiting > 0 { order.noteHeard(.max) }
      self.heard = heard
      switch order.question(behind: waiting) {
      case .none: break
      case .batch: answered = asked
      case .perhaps: batch = asked
      }
      asked &+= 1
    }

    /// An answer comes. Gives whether it is known to whom: to the oldest that waits now.
    mutating func answer(_ holes: UInt32) -> Bool {
      noteHoles(holes)
      switch order.answer(to: waiting) {
      case .oldest: return true
      case .newest:
        answered = asked &- 1
        return true
      case .unknown, .another: return false
      }
    }

    mutating func noteAnswered() {
      answered &+= 1
      if asked == answered { order.noteIdle() }
    }

    /// Among missing bytes may be answers to those that wait.
    private mutating func noteHoles(_ holes: UInt32) {
      if self.holes == holes { return }
      self.holes = holes
      if waiting > 0, order.noteLostAnswers(1, behind: waiting) { answered = batch }
    }
  }

  private var lanes: [UInt64: Lane] = [:]
  private var alone: UInt64 = 0
  private var holes: UInt32 = 0
  private var heard = BySide<UInt32>(client: 0, server: 0)

  mutating func noteGap() { holes &+= 1 }

  /// A side has bytes that were not shown, or not yet.
  mutating func noteHeard(_ side: Side) { heard[side] &+= 1 }

  /// The message a method makes: its role and its key.
  ///
  /// - Parameter isAwaited: its answer is, if it has one.
  mutating func place(
    _ method: AMQPMethod, isAwaited: Bool, channel: UInt16, from side: Side
  ) -> Message {
    if let asks = method.closes {
      if asks == AMQPMethod.channelClose { endWaiting(channel) }
      let lane = lane(asks, channel, side.other)
      if lanes[lane]?.answer(holes) == true, let number = lanes[lane]?.answered {
        lanes[lane]?.noteAnswered()
        return Message(.response, .amqp, key: lane | UInt64(number))
      }
      var message = Message(.response, .amqp, key: loneKey())
      message.partner = .lost
      if lanes[lane]?.isWaiting == true { message.fault = AnswerOrder.unknownQuestion }
      return message
    }
    if method.isAnswered, isAwaited, lanes.count < Self.maxLanes {
      let lane = lane(method.code, channel, side)
      let number = lanes[lane]?.asked ?? 0
      lanes[lane, default: Lane()].ask(holes, heard[side])
      return Message(.request, .amqp, key: lane | UInt64(number))
    }
    var message = Message(.request, .amqp, key: loneKey())
    message.partner = .none
    return message
  }

  /// Keys of what waits for answers that do not come any more: those of a channel that is being
  /// closed, or of all channels. Nil for other methods.
  static func keys(endedBy code: UInt32, on channel: UInt16) -> ClosedRange<UInt64>? {
    // The highest channel has its keys among those of methods that stand alone.
    let last: UInt64 = 0xfffe << 48 | 0xffff_ffff_ffff
    switch code {
    case AMQPMethod.connectionClose: return 0...last
    case AMQPMethod.channelClose where channel < .max:
      let first = UInt64(channel) << 48
      return first...first | 0xffff_ffff_ffff
    default: return nil
    }
  }

  /// What was asked on a channel that is closed is never answered; its number may be used again.
  private mutating func endWaiting(_ channel: UInt16) {
    for code in AMQPMethod.answeredOnChannels {
      for side in Side.allCases {
        let lane = lane(code, channel, side)
        if let asked = lanes[lane]?.asked { lanes[lane]?.answered = asked }
      }
    }
  }

  private mutating func loneKey() -> UInt64 {
    alone += 1
    return .max - alone
  }

  /// Upper half of a key: channel, class, method, side.
  private func lane(_ code: UInt32, _ channel: UInt16, _ side: Side) -> UInt64 {
    UInt64(channel) << 48 | UInt64(code >> 16 & 0x7f) << 41 | UInt64(code & 0xff) << 33
      | UInt64(side.rawValue) << 32
  }
}

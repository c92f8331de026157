import Bytes
import Dissectors
import Entries
import Layers

@testable import Flows

/// A conversation as a test writes it down: who says what, and what goes wrong.
struct Talk {
  enum Turn {
    case says(Side, [UInt8])
    case lost(Side, Int)
    /// What a side says next, it says when it has so many bytes of the other that were not captured.
    case heard(Side, Int)
    case finishes(Side)
    /// Time passes, in milliseconds; one passes between turns anyway.
    case pause(Int64)
  }

  var transport = Transport.tcp
  var clientPort: UInt16 = 40_000
  var serverPort: UInt16 = 80
  var clientAddress = IPAddress(v4: 0x0a00_0001)
  var serverAddress = IPAddress(v4: 0x0a00_0002)
  var isMidway = false
  var closeReason = Conversation.CloseReason.finished
  /// Known secrets, when it is encrypted.
  var secrets: TLSSecrets?
  /// What was measured of it.
  var health: TCPHealth?
  var turns: [Turn] = []

  init(transport: Transport = .tcp, serverPort: UInt16 = 80) {
    (self.transport, self.serverPort) = (transport, serverPort)
  }

  mutating func client(_ text: String) { turns.append(.says(.client, Array(text.utf8))) }
  mutating func server(_ text: String) { turns.append(.says(.server, Array(text.utf8))) }
  mutating func says(_ side: Side, _ bytes: [UInt8]) { turns.append(.says(side, bytes)) }
  mutating func lost(_ side: Side, _ count: Int) { turns.append(.lost(side, count)) }
  mutating func heard(_ side: Side, _ count: Int) { turns.append(.heard(side, count)) }
  mutating func finishes(_ side: Side) { turns.append(.finishes(side)) }
  mutating func pause(_ milliseconds: Int64) { turns.append(.pause(milliseconds)) }

  var conversation: Conversation {
    Conversation(
      stream: 1, transport: transport,
      client: Conversation.Peer(address: clientAddress, port: clientPort),
      server: Conversation.Peer(address: serverAddress, port: serverPort),
      clientKnownBy: isMidway ? .firstPacket : .syn, first: Timestamp(nanoseconds: 0),
      last: Timestamp(nanoseconds: 0), state: isMidway ? .inProgress : .open, closeReason: nil,
      sent: BySide(client: Conversation.Traffic(), server: Conversation.Traffic()), health: health)
  }

  /// Plays the conversation to `dissection`, each turn a packet, and closes it.
  func play(to dissection: Dissection, on slot: Int = 0) {
    var conversation = conversation
    var now: Int64 = 0
    var packet: UInt64 = 1
    dissection.opened(slot, conversation)
    for turn in turns {
      now += 1
      packet += 1
      let moment = Moment(timestamp: Timestamp(milliseconds: now), packet: packet)
      switch turn {
      case .says(let side, let bytes):
        conversation.sent[side].packets += 1
        dissection.received(bytes.rawSpan, on: slot, from: side, at: moment)
      case .lost(let side, let count):
        // Of the datagram that comes next it is told first.
        let next = Moment(timestamp: Timestamp(milliseconds: now + 1), packet: packet + 1)
        dissection.lost(
          count, on: slot, from: side, at: transport == .tcp ? moment : next)
      case .heard(let side, let count): dissection.heard(count, on: slot, by: side)
      case .finishes(let side): dissection.finished(slot, side: side, at: moment)
      case .pause(let milliseconds):
        now += milliseconds
        dissection.advance(to: Timestamp(milliseconds: now))
      }
      conversation.last = Timestamp(milliseconds: now)
    }
    conversation.state = .closed
    conversation.closeReason = closeReason
    dissection.closed(slot, conversation)
  }

  /// The entries it gives, without the one of the connection itself.
  func calls(_ rows: [DissectorRow] = DissectorCatalogue.all) -> [Entry] {
    entries(rows).filter(\.kind.isCall)
  }

  func entries(_ rows: [DissectorRow] = DissectorCatalogue.all) -> [Entry] {
    let dissection = Dissection(switches: .everything, rows: rows, secrets: secrets)
    play(to: dissection)
    return dissection.drain()
  }
}

extension DissectorSwitches {
  static let everything = DissectorSwitches(Set(ProtocolKind.allCases))
}

extension Entry {
  /// Everything a split of the stream must not change, as text: times are not in it.
  var essence: String {
    var text = "\(kind) #\(index) \(source.port)>\(destination.port)"
    text += " \(hasRequest ? requestSize : -1)/\(hasResponse ? responseSize : -1)"
    if failed { text += " failed" }
    if let fault { text += " \(fault.kind.name): \(fault.message)" }
    for item in fields.items where !Self.times.contains(item.id) {
      text += "\n  \(item.id)=\(item.value.plain)"
    }
    if let request { text += "\n  > \(request.plain)" }
    if let response { text += "\n  < \(response.plain)" }
    return text
  }

  private static let times: Set<FieldID> = [.sseFirstEvent, .llmFirstToken, .streamTimes]

  /// The text of a field; details also where they are made only when somebody asks.
  func text(_ id: FieldID) -> String? {
    if id == .details {
      let row = EntryRow(
        self, decoder: ContentDecoder(details: { DissectorCatalogue.details(of: $0) }))
      return row.details.isEmpty ? nil : row.details
    }
    return if case .text(let text) = fields[id] { text } else { nil }
  }

  func int(_ id: FieldID) -> Int64? {
    if case .int(let value) = fields[id] { value } else { nil }
  }

  func texts(_ id: FieldID) -> [String]? {
    if case .texts(let texts) = fields[id] { texts } else { nil }
  }
}

extension Content {
  var plain: String {
    headers.fields.map { "\($0.name)=\($0.value)" }.joined(separator: ";")
      + " [\(bodyLength)] " + String(decoding: body, as: UTF8.self)
  }

  var text: String { String(decoding: body, as: UTF8.self) }
}

extension FieldValue {
  fileprivate var plain: String {
    switch self {
    case .text(let text): text
    case .int(let value): String(value)
    case .texts(let texts): texts.joined(separator: "|")
    default: "\(self)"
    }
  }
}

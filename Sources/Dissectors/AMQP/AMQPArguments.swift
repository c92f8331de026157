import Bytes
import Entries

/// What an entry needs at once of the arguments of a method, which are read by its row.
struct AMQPArguments {
  /// A text argument, where it lies.
  struct Text {
    var place = 0..<0
    /// The capture has cut it.
    var isCut = false

    var isEmpty: Bool { place.isEmpty && !isCut }

    func add(_ id: FieldID, of bytes: RawSpan, to fields: inout FieldValues) {
      if isCut {
        fields.add(id, .text(bytes.text(place) + "…"))
      } else {
        fields.add(id, text: bytes.slice(place))
      }
    }

    /// Bytes that its field takes, at most, where it is plain.
    var room: Int { 8 + place.count }

    /// It has come whole, and stands in a field as it is.
    func isPlain(of bytes: RawSpan) -> Bool { !isCut && bytes.slice(place).isASCII }
  }

  private(set) var noWait = false
  private(set) var routingKey: Text?
  private var subject = Text()
  private var otherSubject = Text()
  private var replyCode: UInt16?

  /// - Parameter bytes: the arguments, or as much of them as there is.
  init(_ method: AMQPMethod, _ bytes: RawSpan) {
    let shape = method.shape
    var kinds = shape.kinds
    var place: UInt8 = 0
    var at = 0
    /// Bits in a row, of which no method has more than eight, share the octet at `at`: those before.
    var bits: UInt8 = 0
    while kinds != 0, let kind = AMQPMethod.Kind(rawValue: UInt8(kinds & 15)) {
      if kind != .bit, bits > 0 {
        bits = 0
        at += 1
      }
      let left = bytes.byteCount - at
      switch kind {
      case .octet: at += 1
      case .short:
        if place == shape.replyCode, left >= 2 { replyCode = bytes.big16(at) }
        at += 2
      case .long: at += 4
      case .longlong: at += 8
      case .shortString:
        guard left > 0 else { return }
        let length = Int(bytes.byte(at))
        let text = Text(place: at + 1..<at + 1 + min(length, left - 1), isCut: length > left - 1)
        if place == shape.subject { subject = text }
        if place == shape.otherSubject { otherSubject = text }
        if place == shape.routingKey { routingKey = text }
        if text.isCut { return }
        at += 1 + length
      case .longString, .table:
        guard left >= 4 else { return }
        at += 4 + Int(bytes.big32(at))
      case .bit:
        guard left > 0 else { return }
        if place == shape.noWait { noWait = bytes.byte(at) >> bits & 1 == 1 }
        bits += 1
      }
      guard at <= bytes.byteCount else { return }
      kinds >>= 4
      place += 1
    }
  }

  /// What the method is about, where a text tells: an exchange, a queue, a consumer, a reason.
  private var about: Text { subject.isEmpty ? otherSubject : subject }

  /// A text tells what the method is about, and it and the routing key stand in fields as they are.
  func arePlain(_ bytes: RawSpan) -> Bool {
    let about = about
    return !about.isEmpty && about.isPlain(of: bytes) && routingKey?.isPlain(of: bytes) != false
  }

  /// Bytes that `addPlain` packs, at most.
  var room: Int { about.room + (routingKey?.room ?? 0) }

  /// Packs what the method is about, and its routing key.
  func addPlain(_ bytes: RawSpan, to fields: inout OutputSpan<UInt8>) {
    fields.add(.amqpSummary, .text, packed: bytes.slice(about.place))
    if let routingKey {
      fields.add(.amqpRoutingKey, .text, packed: bytes.slice(routingKey.place))
    }
  }

  /// Adds what the method is about: an exchange, a queue, a consumer, a reason.
  func addSubject(of method: AMQPMethod, _ bytes: RawSpan, to fields: inout FieldValues) {
    let text = about
    if !text.isEmpty { return text.add(.amqpSummary, of: bytes, to: &fields) }
    let number = Self.number(method, bytes)
    if !number.isEmpty { fields.add(.amqpSummary, .text(number)) }
  }

  /// What the method is about, as text.
  func summary(of method: AMQPMethod, _ bytes: RawSpan) -> String {
    let text = about
    return text.isEmpty
      ? Self.number(method, bytes) : bytes.text(text.place) + (text.isCut ? "…" : "")
  }

  /// What a method is about that is about a number: a version, or how many channels there may be.
  private static func number(_ method: AMQPMethod, _ bytes: RawSpan) -> String {
    switch method.code {
    case AMQPMethod.connectionStart where bytes.byteCount > 0:
      bytes.byteCount > 1 ? "\(bytes.byte(0)).\(bytes.byte(1))" : "\(bytes.byte(0))"
    case AMQPMethod.connectionTune, AMQPMethod.connectionTuneOK:
      bytes.byteCount > 1 ? "\(bytes.big16(0))" : ""
    default: ""
    }
  }

  /// A peer ends a channel or connection for an error, cannot route or will not take a message.
  func reportsFailure(_ method: AMQPMethod) -> Bool {
    switch method.code {
    case AMQPMethod.basicNack, AMQPMethod.basicReturn: true
    case AMQPMethod.channelClose, AMQPMethod.connectionClose: replyCode ?? 0 >= 300
    default: false
    }
  }

  /// How it ended, in words.
  func outcome(of method: AMQPMethod) -> String {
    if method.isEmptyGet { return "empty" }
    if let replyCode { return "\(replyCode)" }
    return "nack"
  }
}

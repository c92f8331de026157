/// A method by its class and number, with what its row tells of it. Without references, which would
/// be counted for every message.
struct AMQPMethod: Sendable {
  /// Type of an argument on the wire.
  enum Kind: UInt8, Sendable {
    case octet = 1
    case short, long, longlong, shortString, longString, bit, table
  }

  struct Argument: Sendable {
    /// Empty where it is reserved.
    var name: String
    var kind: Kind
  }

  /// What an entry needs of the arguments at once.
  struct Shape: Sendable {
    /// Place of no argument.
    static let none: UInt8 = .max

    /// Kinds of the arguments up to the last one of those below, four bits each, the first lowest.
    fileprivate(set) var kinds: UInt64 = 0
    /// Place of the argument that tells what it is about, and of that which does when it is empty.
    fileprivate(set) var subject = none
    fileprivate(set) var otherSubject = none
    fileprivate(set) var routingKey = none
    fileprivate(set) var noWait = none
    fileprivate(set) var replyCode = none
  }

  /// Class and number.
  let code: UInt32
  /// `class.method`; empty for one that is not known.
  let name: StaticString
  /// What its row says of its arguments.
  private let row: StaticString
  let shape: Shape
  /// The method whose answer it is.
  let closes: UInt32?
  /// Somebody answers it.
  private(set) var isAnswered = false
  /// A header and body follow.
  let hasContent: Bool
  /// An argument proves who somebody is, or may: it is never kept.
  let isPrivate: Bool
  /// It has arguments other than short ones.
  let isLong: Bool

  /// The method of that code.
  static func of(_ code: UInt32) -> AMQPMethod {
    guard let place = place(of: code), places[place] > 0 else { return AMQPMethod(unknown: code) }
    return table[Int(places[place]) - 1]
  }

  var isKnown: Bool { name.utf8CodeUnitCount > 0 }

  /// `class.method`; numbers for one that is not known.
  var shownName: String { isKnown ? name.description : "\(code >> 16).\(code & 0xffff)" }

  var isEmptyGet: Bool { code == 60 << 16 | 72 }

  /// Its answer may tell the name that the server chose.
  var namesItsObject: Bool { code == 50 << 16 | 11 }

  /// Its arguments in order.
  var arguments: [Argument] { Self.arguments(row) }

  private static func arguments(_ row: StaticString) -> [Argument] {
    row.description.split(separator: " ").map { word in
      let parts = word.split(separator: ":")
      let kind: Kind =
        switch parts[0] {
        case "o": .octet
        case "h": .short
        case "l": .long
        case "L": .longlong
        case "s": .shortString
        case "S": .longString
        case "b": .bit
        default: .table
        }
      return Argument(name: parts.count > 1 ? String(parts[1]) : "", kind: kind)
    }
  }

  private init(unknown code: UInt32) {
    (self.code, name, row, shape) = (code, "", "", Shape())
    closes = nil
    (hasContent, isPrivate, isLong) = (false, true, false)
  }

  private init(
    _ group: UInt32, _ number: UInt32, _ name: StaticString, _ row: StaticString = "",
    answers question: UInt32? = nil
  ) {
    (code, self.name, self.row) = (group << 16 | number, name, row)
    closes = question.map { group << 16 | $0 }
    let arguments = Self.arguments(row)
    shape = Shape(name.description, arguments)
    hasContent =
      ["basic.publish", "basic.return", "basic.deliver", "basic.get-ok"].contains(name.description)
    isPrivate = arguments.contains { AMQPDetails.secrets.contains($0.name) }
    isLong = arguments.contains { $0.kind == .longString || $0.kind == .table }
  }

  // MARK: The table

  static let connectionStart: UInt32 = 10 << 16 | 10
  static let connectionTune: UInt32 = 10 << 16 | 30
  static let connectionTuneOK: UInt32 = 10 << 16 | 31
  static let connectionClose: UInt32 = 10 << 16 | 50
  static let channelClose: UInt32 = 20 << 16 | 40
  static let basicReturn: UInt32 = 60 << 16 | 50
  static let basicNack: UInt32 = 60 << 16 | 120

  /// Methods of a channel that are answered, apart from its end.
  static let answeredOnChannels = table.filter {
    $0.isAnswered && $0.code >> 16 > 10 && $0.code != channelClose
  }.map(\.code)

  private static let table: [AMQPMethod] = {
    var table = rows
    let asked = Set(table.compactMap(\.closes))
    for at in table.indices { table[at].isAnswered = asked.contains(table[at].code) }
    return table
  }()

  /// Place in the table by class and number, counted from 1; 0 for none. Classes are multiples of
  /// five, and numbers have seven bits.
  private static let places: [UInt8] = {
    var places = [UInt8](repeating: 0, count: 32 << 7)
    for (at, method) in table.enumerated() {
      if let place = place(of: method.code) { places[place] = UInt8(at + 1) }
    }
    return places
  }()

  private static func place(of code: UInt32) -> Int? {
    let (group, number) = (code >> 16, code & 0xffff)
    guard group < 160, group % 5 == 0, number < 128 else { return nil }
    return Int((group / 5) << 7 | number)
  }

  /// Each: class, number, name, arguments (o octet, h short, l long, L longlong, s and S short and long
  /// string, b bit, t table; without a name it is reserved), and the number of what it answers.
  private static let rows: [AMQPMethod] = [
    AMQPMethod(
      10, 10, "connection.start",
      "o:versionMajor o:versionMinor t:serverProperties S:mechanisms S:locales"),
    AMQPMethod(
      10, 11, "connection.start-ok",
      "t:clientProperties s:mechanism S:response s:locale", answers: 10),
    AMQPMethod(10, 20, "connection.secure", "S:challenge"),
    AMQPMethod(10, 21, "connection.secure-ok", "S:response", answers: 20),
    AMQPMethod(10, 30, "connection.tune", "h:channelMax l:frameMax h:heartbeat"),
    AMQPMethod(10, 31, "connection.tune-ok", "h:channelMax l:frameMax h:heartbeat", answers: 30),
    AMQPMethod(10, 40, "connection.open", "s:virtualHost s b"),
    AMQPMethod(10, 41, "connection.open-ok", "s", answers: 40),
    AMQPMethod(10, 50, "connection.close", "h:replyCode s:replyText h:classId h:methodId"),
    AMQPMethod(10, 51, "connection.close-ok", answers: 50),
    AMQPMethod(10, 60, "connection.blocked", "s:reason"),
    AMQPMethod(10, 61, "connection.unblocked"),
    AMQPMethod(10, 70, "connection.update-secret", "S:newSecret s:reason"),
    AMQPMethod(10, 71, "connection.update-secret-ok", answers: 70),
    AMQPMethod(20, 10, "channel.open", "s"),
    AMQPMethod(20, 11, "channel.open-ok", "S", answers: 10),
    AMQPMethod(20, 20, "channel.flow", "b:active"),
    AMQPMethod(20, 21, "channel.flow-ok", "b:active", answers: 20),
    AMQPMethod(20, 40, "channel.close", "h:replyCode s:replyText h:classId h:methodId"),
    AMQPMethod(20, 41, "channel.close-ok", answers: 40),
    AMQPMethod(30, 10, "access.request", "s:realm b:exclusive b:passive b:active b:write b:read"),
    AMQPMethod(30, 11, "access.request-ok", "h:ticket", answers: 10),
    AMQPMethod(
      40, 10, "exchange.declare",
      "h s:exchange s:type b:passive b:durable b:autoDelete b:internal b:noWait t:arguments"),
    AMQPMethod(40, 11, "exchange.declare-ok", answers: 10),
    AMQPMethod(40, 20, "exchange.delete", "h s:exchange b:ifUnused b:noWait"),
    AMQPMethod(40, 21, "exchange.delete-ok", answers: 20),
    AMQPMethod(
      40, 30, "exchange.bind", "h s:destination s:source s:routingKey b:noWait t:arguments"),
    AMQPMethod(40, 31, "exchange.bind-ok", answers: 30),
    AMQPMethod(
      40, 40, "exchange.unbind", "h s:destination s:source s:routingKey b:noWait t:arguments"),
    AMQPMethod(40, 51, "exchange.unbind-ok", answers: 40),
    AMQPMethod(
      50, 10, "queue.declare",
      "h s:queue b:passive b:durable b:exclusive b:autoDelete b:noWait t:arguments"),
    AMQPMethod(50, 11, "queue.declare-ok", "s:queue l:messageCount l:consumerCount", answers: 10),
    AMQPMethod(50, 20, "queue.bind", "h s:queue s:exchange s:routingKey b:noWait t:arguments"),
    AMQPMethod(50, 21, "queue.bind-ok", answers: 20),
    AMQPMethod(50, 30, "queue.purge", "h s:queue b:noWait"),
    AMQPMethod(50, 31, "queue.purge-ok", "l:messageCount", answers: 30),
    AMQPMethod(50, 40, "queue.delete", "h s:queue b:ifUnused b:ifEmpty b:noWait"),
    AMQPMethod(50, 41, "queue.delete-ok", "l:messageCount", answers: 40),
    AMQPMethod(50, 50, "queue.unbind", "h s:queue s:exchange s:routingKey t:arguments"),
    AMQPMethod(50, 51, "queue.unbind-ok", answers: 50),
    AMQPMethod(60, 10, "basic.qos", "l:prefetchSize h:prefetchCount b:global"),
    AMQPMethod(60, 11, "basic.qos-ok", answers: 10),
    AMQPMethod(
      60, 20, "basic.consume",
      "h s:queue s:consumerTag b:noLocal b:noAck b:exclusive b:noWait t:arguments"),
    AMQPMethod(60, 21, "basic.consume-ok", "s:consumerTag", answers: 20),
    AMQPMethod(60, 30, "basic.cancel", "s:consumerTag b:noWait"),
    AMQPMethod(60, 31, "basic.cancel-ok", "s:consumerTag", answers: 30),
    AMQPMethod(60, 40, "basic.publish", "h s:exchange s:routingKey b:mandatory b:immediate"),
    AMQPMethod(60, 50, "basic.return", "h:replyCode s:replyText s:exchange s:routingKey"),
    AMQPMethod(
      60, 60, "basic.deliver", "s:consumerTag L:deliveryTag b:redelivered s:exchange s:routingKey"),
    AMQPMethod(60, 70, "basic.get", "h s:queue b:noAck"),
    AMQPMethod(
      60, 71, "basic.get-ok",
      "L:deliveryTag b:redelivered s:exchange s:routingKey l:messageCount", answers: 70),
    AMQPMethod(60, 72, "basic.get-empty", "s", answers: 70),
    AMQPMethod(60, 80, "basic.ack", "L:deliveryTag b:multiple"),
    AMQPMethod(60, 90, "basic.reject", "L:deliveryTag b:requeue"),
    AMQPMethod(60, 100, "basic.recover-async", "b:requeue"),
    AMQPMethod(60, 110, "basic.recover", "b:requeue"),
    AMQPMethod(60, 111, "basic.recover-ok", answers: 110),
    AMQPMethod(60, 120, "basic.nack", "L:deliveryTag b:multiple b:requeue"),
    AMQPMethod(85, 10, "confirm.select", "b:noWait"),
    AMQPMethod(85, 11, "confirm.select-ok", answers: 10),
    AMQPMethod(90, 10, "tx.select"),
    AMQPMethod(90, 11, "tx.select-ok", answers: 10),
    AMQPMethod(90, 20, "tx.commit"),
    AMQPMethod(90, 21, "tx.commit-ok", answers: 20),
    AMQPMethod(90, 30, "tx.rollback"),
    AMQPMethod(90, 31, "tx.rollback-ok", answers: 30),
  ]
}

extension AMQPMethod.Shape {
  fileprivate init(_ method: String, _ arguments: [AMQPMethod.Argument]) {
    let place = { (name: String) in
      arguments.firstIndex { $0.name == name }.map(UInt8.init) ?? Self.none
    }
    let subjects = Self.subjects(of: method)
    (subject, otherSubject) = (place(subjects.first), place(subjects.other))
    routingKey = place("routingKey")
    noWait = place("noWait")
    replyCode = place("replyCode")
    let needed = [subject, otherSubject, routingKey, noWait, replyCode]
    guard let last = needed.filter({ $0 != Self.none }).max() else { return }
    for at in 0...Int(last) { kinds |= UInt64(arguments[at].kind.rawValue) << UInt64(4 * at) }
  }

  /// Names of the arguments that tell what a method is about: an exchange, a queue, a consumer, a
  /// reason.
  private static func subjects(of method: String) -> (first: String, other: String) {
    switch method {
    case "connection.close", "channel.close": ("replyText", "")
    case "connection.open": ("virtualHost", "")
    case "connection.start-ok": ("mechanism", "")
    case "connection.blocked": ("reason", "")
    // The default exchange has no name: the routing key is that of a queue.
    case "basic.publish", "basic.return", "basic.get-ok": ("exchange", "routingKey")
    case "basic.deliver": ("exchange", "consumerTag")
    case "exchange.bind", "exchange.unbind": ("destination", "")
    case "basic.cancel", "basic.cancel-ok", "basic.consume-ok": ("consumerTag", "")
    default: (method.hasPrefix("exchange.") ? "exchange" : "queue", "")
    }
  }
}

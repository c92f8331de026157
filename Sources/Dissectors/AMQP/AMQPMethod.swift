/// A method by its class and number, with the arguments it has.
struct AMQPMethod: Sendable {
  /// Type of an argument on the wire.
  enum Kind: UInt8, Sendable {
    case octet, short, long, longlong, shortString, longString, bit, table
  }

  struct Argument: Sendable {
    var name: String
    var kind: Kind
  }

  /// `class.method`; numbers for one that is not known.
  let name: String
  let arguments: [Argument]
  /// The method whose answer it is.
  let closes: UInt32?
  /// Somebody answers it.
  let isAnswered: Bool
  /// A header and body follow.
  let hasContent: Bool
  let isKnown: Bool

  init(_ code: UInt32) {
    if let known = Self.table[code] {
      self = known
    } else {
      (name, arguments) = ("\(code >> 16).\(code & 0xffff)", [])
      (closes, isAnswered, hasContent, isKnown) = (nil, false, false, false)
    }
  }

  private init(_ name: String, _ arguments: String, closes: UInt32?, isAnswered: Bool) {
    self.name = name
    self.arguments = arguments.split(separator: " ").map { word in
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
    (self.closes, self.isAnswered, isKnown) = (closes, isAnswered, true)
    hasContent =
      ["basic.publish", "basic.return", "basic.deliver", "basic.get-ok"].contains(name)
  }

  var isEmptyGet: Bool { name == "basic.get-empty" }

  /// Its answer may tell the name that the server chose.
  var namesItsObject: Bool { name == "queue.declare-ok" }

  // MARK: The table

  /// Each line: number, name, arguments (o octet, h short, l long, L longlong, s and S short and long
  /// string, b bit, t table; without a name it is reserved), and behind `>` the numbers of answers.
  private static let lines = """
    10.10 connection.start o:versionMajor o:versionMinor t:serverProperties S:mechanisms S:locales > 11
    10.11 connection.start-ok t:clientProperties s:mechanism S:response s:locale
    10.20 connection.secure S:challenge > 21
    10.21 connection.secure-ok S:response
    10.30 connection.tune h:channelMax l:frameMax h:heartbeat > 31
    10.31 connection.tune-ok h:channelMax l:frameMax h:heartbeat
    10.40 connection.open s:virtualHost s b > 41
    10.41 connection.open-ok s
    10.50 connection.close h:replyCode s:replyText h:classId h:methodId > 51
    10.51 connection.close-ok
    10.60 connection.blocked s:reason
    10.61 connection.unblocked
    10.70 connection.update-secret S:newSecret s:reason > 71
    10.71 connection.update-secret-ok
    20.10 channel.open s > 11
    20.11 channel.open-ok S
    20.20 channel.flow b:active > 21
    20.21 channel.flow-ok b:active
    20.40 channel.close h:replyCode s:replyText h:classId h:methodId > 41
    20.41 channel.close-ok
    30.10 access.request s:realm b:exclusive b:passive b:active b:write b:read > 11
    30.11 access.request-ok h:ticket
    40.10 exchange.declare h s:exchange s:type b:passive b:durable b:autoDelete b:internal b:noWait t:arguments > 11
    40.11 exchange.declare-ok
    40.20 exchange.delete h s:exchange b:ifUnused b:noWait > 21
    40.21 exchange.delete-ok
    40.30 exchange.bind h s:destination s:source s:routingKey b:noWait t:arguments > 31
    40.31 exchange.bind-ok
    40.40 exchange.unbind h s:destination s:source s:routingKey b:noWait t:arguments > 51
    40.51 exchange.unbind-ok
    50.10 queue.declare h s:queue b:passive b:durable b:exclusive b:autoDelete b:noWait t:arguments > 11
    50.11 queue.declare-ok s:queue l:messageCount l:consumerCount
    50.20 queue.bind h s:queue s:exchange s:routingKey b:noWait t:arguments > 21
    50.21 queue.bind-ok
    50.30 queue.purge h s:queue b:noWait > 31
    50.31 queue.purge-ok l:messageCount
    50.40 queue.delete h s:queue b:ifUnused b:ifEmpty b:noWait > 41
    50.41 queue.delete-ok l:messageCount
    50.50 queue.unbind h s:queue s:exchange s:routingKey t:arguments > 51
    50.51 queue.unbind-ok
    60.10 basic.qos l:prefetchSize h:prefetchCount b:global > 11
    60.11 basic.qos-ok
    60.20 basic.consume h s:queue s:consumerTag b:noLocal b:noAck b:exclusive b:noWait t:arguments > 21
    60.21 basic.consume-ok s:consumerTag
    60.30 basic.cancel s:consumerTag b:noWait > 31
    60.31 basic.cancel-ok s:consumerTag
    60.40 basic.publish h s:exchange s:routingKey b:mandatory b:immediate
    60.50 basic.return h:replyCode s:replyText s:exchange s:routingKey
    60.60 basic.deliver s:consumerTag L:deliveryTag b:redelivered s:exchange s:routingKey
    60.70 basic.get h s:queue b:noAck > 71 72
    60.71 basic.get-ok L:deliveryTag b:redelivered s:exchange s:routingKey l:messageCount
    60.72 basic.get-empty s
    60.80 basic.ack L:deliveryTag b:multiple
    60.90 basic.reject L:deliveryTag b:requeue
    60.100 basic.recover-async b:requeue
    60.110 basic.recover b:requeue > 111
    60.111 basic.recover-ok
    60.120 basic.nack L:deliveryTag b:multiple b:requeue
    85.10 confirm.select b:noWait > 11
    85.11 confirm.select-ok
    90.10 tx.select > 11
    90.11 tx.select-ok
    90.20 tx.commit > 21
    90.21 tx.commit-ok
    90.30 tx.rollback > 31
    90.31 tx.rollback-ok
    """

  /// Methods of a channel that are answered, apart from its end.
  static let answeredOnChannels = table.filter { code, method in
    method.isAnswered && code >> 16 > 10 && code != channelClose
  }.keys.sorted()

  static let connectionClose: UInt32 = 10 << 16 | 50
  static let channelClose: UInt32 = 20 << 16 | 40

  private static let table: [UInt32: AMQPMethod] = {
    var rows: [(code: UInt32, name: String, arguments: String, answers: [UInt32])] = []
    for line in lines.split(separator: "\n") {
      let sides = line.split(separator: ">")
      let words = sides[0].split(separator: " ")
      let numbers = words[0].split(separator: ".").compactMap { UInt32($0) }
      let answers =
        sides.count > 1 ? sides[1].split(separator: " ").compactMap { UInt32($0) } : []
      rows.append(
        (
          numbers[0] << 16 | numbers[1], String(words[1]),
          words.dropFirst(2).joined(separator: " "), answers.map { numbers[0] << 16 | $0 }
        ))
    }
    var asks: [UInt32: UInt32] = [:]
    for row in rows { for answer in row.answers { asks[answer] = row.code } }
    var table: [UInt32: AMQPMethod] = [:]
    for row in rows {
      table[row.code] = AMQPMethod(
        row.name, row.arguments, closes: asks[row.code], isAnswered: !row.answers.isEmpty)
    }
    return table
  }()
}

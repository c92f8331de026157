import Bytes
import Entries
import Flows
import JSON

/// The head of an event of the binary log (`Log_event` version 4), as a server sends it to a replica.
///
///      0        4      5           9        13             17     19
///     +--------+------+-----------+--------+--------------+------+
///     |  time  | type | server id | length | end position | flags|
///     +--------+------+-----------+--------+--------------+------+
///
/// In front of it stand a zero and, where the replica has to say when it has got it, a mark of two
/// bytes (semisynchronous replication).
struct MySQLEvent: Sendable {
  private static let headLength = 19
  private static let mark: UInt8 = 0xef

  let type: UInt8
  let length: Int
  /// Where the next one begins in its file.
  let position: UInt32

  /// Nil where no event fills a packet with a content of `count` bytes that begins with `body`.
  init?(_ body: RawSpan, of count: Int) {
    guard body.byteCount > Self.headLength, body.byte(0) == 0 else { return nil }
    var start = 1
    if body.little32(start + 9) != count - start {
      start = 3
      guard body.byteCount >= start + Self.headLength, body.byte(1) == Self.mark,
        body.little32(start + 9) == count - start
      else { return nil }
    }
    type = body.byte(start + 4)
    length = count - start
    position = body.little32(start + 13)
  }

  /// Sent while there is nothing else.
  var isHeartbeat: Bool { type == 27 || type == 41 }

  var name: String { Self.names[type] ?? "event \(type)" }

  private static let names: [UInt8: String] = [
    2: "QUERY", 3: "STOP", 4: "ROTATE", 5: "INTVAR", 13: "RAND", 14: "USER_VAR",
    15: "FORMAT_DESCRIPTION", 16: "XID", 17: "BEGIN_LOAD_QUERY", 18: "EXECUTE_LOAD_QUERY",
    19: "TABLE_MAP", 23: "WRITE_ROWS_V1", 24: "UPDATE_ROWS_V1", 25: "DELETE_ROWS_V1",
    26: "INCIDENT", 27: "HEARTBEAT", 28: "IGNORABLE", 29: "ROWS_QUERY", 30: "WRITE_ROWS",
    31: "UPDATE_ROWS", 32: "DELETE_ROWS", 33: "GTID", 34: "ANONYMOUS_GTID", 35: "PREVIOUS_GTIDS",
    36: "TRANSACTION_CONTEXT", 37: "VIEW_CHANGE", 38: "XA_PREPARE", 39: "PARTIAL_UPDATE_ROWS",
    40: "TRANSACTION_PAYLOAD", 41: "HEARTBEAT_V2", 42: "GTID_TAGGED", 160: "ANNOTATE_ROWS",
    161: "BINLOG_CHECKPOINT", 162: "MARIADB_GTID", 163: "GTID_LIST", 164: "START_ENCRYPTION",
    165: "QUERY_COMPRESSED", 166: "WRITE_ROWS_COMPRESSED_V1", 167: "UPDATE_ROWS_COMPRESSED_V1",
    168: "DELETE_ROWS_COMPRESSED_V1", 169: "WRITE_ROWS_COMPRESSED",
    170: "UPDATE_ROWS_COMPRESSED", 171: "DELETE_ROWS_COMPRESSED",
  ]
}

// What a server sends behind COM_BINLOG_DUMP: an event a packet, which nobody asked for one by one.
extension MySQL {
  /// An event, or the end of the stream: an error, or EOF.
  mutating func push(_ packet: MySQLPacket, _ body: RawSpan, _ side: Side) -> Step {
    let isError = body.byteCount >= 3 && body.byte(0) == 0xff
    if isError || body.byteCount < 9 && !body.isEmpty && body.byte(0) == 0xfe {
      isReplicating = false
    }
    let event = MySQLEvent(body, of: packet.length - Self.headLength)
    guard isError || event?.isHeartbeat == false else {
      ways[side].goesOn = packet.isFull
      return .skip(packet.length)
    }
    var message = Message(.notice, .mysql, key: loneKey())
    message.partner = .none
    message.fields.add(.mysqlCommand, text: "BINLOG_EVENT")
    var writer = JSONWriter()
    writer.beginObject()
    if let event {
      writer.name("event")
      writer.write(event.name)
      writer.name("bytes")
      writer.write(event.length)
      writer.name("position")
      writer.write(Int64(event.position))
    } else {
      message.failed = true
      MySQLError(body, hasSecrets: false).add(to: &message.fields, &writer)
    }
    writer.endObject()
    message.details = writer.bytes
    return whole(message, packet, side)
  }
}

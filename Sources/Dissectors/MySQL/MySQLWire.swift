import Bytes
import Flows

/// Commands by their first byte (`enum_server_command`).
enum MySQLCommand: UInt8, Sendable {
  case quit = 1
  case initDB = 2
  case query = 3
  case fieldList = 4
  case createDB = 5
  case dropDB = 6
  case refresh = 7
  case shutdown = 8
  case statistics = 9
  case processInfo = 10
  case processKill = 12
  case debug = 13
  case ping = 14
  case changeUser = 17
  case binlogDump = 18
  case registerSlave = 21
  case prepare = 22
  case execute = 23
  case sendLongData = 24
  case close = 25
  case reset = 26
  case setOption = 27
  case fetch = 28
  case binlogDumpGTID = 30
  case resetConnection = 31
  /// MariaDB: a statement with several rows of parameters.
  case bulkExecute = 250
  /// No command: the client logs in.
  case login = 255

  var name: String {
    switch self {
    case .quit: "COM_QUIT"
    case .initDB: "COM_INIT_DB"
    case .query: "COM_QUERY"
    case .fieldList: "COM_FIELD_LIST"
    case .createDB: "COM_CREATE_DB"
    case .dropDB: "COM_DROP_DB"
    case .refresh: "COM_REFRESH"
    case .shutdown: "COM_SHUTDOWN"
    case .statistics: "COM_STATISTICS"
    case .processInfo: "COM_PROCESS_INFO"
    case .processKill: "COM_PROCESS_KILL"
    case .debug: "COM_DEBUG"
    case .ping: "COM_PING"
    case .changeUser: "COM_CHANGE_USER"
    case .binlogDump: "COM_BINLOG_DUMP"
    case .registerSlave: "COM_REGISTER_SLAVE"
    case .prepare: "COM_STMT_PREPARE"
    case .execute: "COM_STMT_EXECUTE"
    case .sendLongData: "COM_STMT_SEND_LONG_DATA"
    case .close: "COM_STMT_CLOSE"
    case .reset: "COM_STMT_RESET"
    case .setOption: "COM_SET_OPTION"
    case .fetch: "COM_STMT_FETCH"
    case .binlogDumpGTID: "COM_BINLOG_DUMP_GTID"
    case .resetConnection: "COM_RESET_CONNECTION"
    case .bulkExecute: "COM_STMT_BULK_EXECUTE"
    case .login: "LOGIN"
    }
  }

  /// It may change rows.
  var changesRows: Bool {
    switch self {
    case .prepare, .login, .binlogDump, .binlogDumpGTID: false
    default: true
    }
  }

  /// Nobody answers it.
  var isSilent: Bool { self == .quit || self == .sendLongData || self == .close }
}

/// Numbers and shapes on the wire.
enum MySQLWire {
  // Capabilities (`CLIENT_…`).
  static let connectWithDB: UInt64 = 8
  static let compress: UInt64 = 32
  static let ssl: UInt64 = 0x800
  static let protocol41: UInt64 = 0x200
  static let secureConnection: UInt64 = 0x8000
  static let pluginAuth: UInt64 = 0x8_0000
  static let lengthEncodedAuth: UInt64 = 0x20_0000
  static let deprecateEOF: UInt64 = 0x100_0000
  static let optionalMetadata: UInt64 = 0x200_0000
  static let zstd: UInt64 = 0x400_0000
  static let queryAttributes: UInt64 = 0x800_0000
  /// Number of an error that is none: how far MariaDB is with a long command.
  static let progress: UInt16 = 0xffff
  /// Number of a statement that stands for the one prepared last: MariaDB's clients need not wait
  /// for its number.
  static let newestStatement = UInt32.max
  /// Status of the server: another result follows.
  static let moreResults: UInt16 = 8
  /// Status of the server: rows wait behind a cursor.
  static let cursorExists: UInt16 = 0x40

  /// Length of a packet, its head left out.
  static func length(_ bytes: RawSpan) -> Int {
    Int(bytes.byte(0)) | Int(bytes.little16(1)) << 8
  }

  /// A length-encoded integer at `at`, which moves behind it. Nil when it is not there.
  static func integer(_ bytes: RawSpan, _ at: inout Int) -> UInt64? {
    guard at < bytes.byteCount else { return nil }
    let first = bytes.byte(at)
    let count: Int
    switch first {
    case 0xfc: count = 2
    case 0xfd: count = 3
    case 0xfe: count = 8
    case 0xff, 0xfb: return nil
    default:
      at += 1
      return UInt64(first)
    }
    guard at + 1 + count <= bytes.byteCount else { return nil }
    var value: UInt64 = 0
    for place in 0..<count { value |= UInt64(bytes.byte(at + 1 + place)) << UInt64(8 * place) }
    at += 1 + count
    return value
  }

  /// Whether a command stands there, as far as can be told.
  static func isCommand(_ bytes: RawSpan) -> Bool {
    guard bytes.byteCount > 4, bytes.byte(3) == 0, length(bytes) > 0,
      let command = MySQLCommand(rawValue: bytes.byte(4)), command != .login
    else { return false }
    let length = length(bytes)
    switch command {
    case .query, .prepare:
      let text =
        command == .query ? MySQLAttributes.textStart(bytes.suffix(from: 5), nil) ?? 0 : 0
      let start = SQLText.skipBlanks(bytes.prefix(512 + text), 5 + text)
      guard start < bytes.byteCount else { return false }
      return (bytes.byte(start) | 0x20) &- 0x61 < 26
    case .quit, .ping, .statistics, .processInfo, .debug, .resetConnection: return length == 1
    case .close, .reset: return length == 5
    case .execute: return length >= 10
    case .bulkExecute: return length >= 7
    case .initDB, .dropDB, .createDB: return length < 256
    default: return false
    }
  }

  /// Bytes of a command that are waited for to tell whether it is one.
  private static let maxAwaited = 512

  /// Whether these bytes, a head at least and too few to tell, may be the beginning of a command.
  static func mayBeginCommand(_ bytes: RawSpan) -> Bool {
    let count = bytes.byteCount
    guard count < maxAwaited, count < MySQL.headLength + length(bytes), bytes.byte(3) == 0 else {
      return false
    }
    if count == MySQL.headLength { return true }
    var start = 5
    switch MySQLCommand(rawValue: bytes.byte(4)) {
    case .query:
      let body = bytes.suffix(from: start)
      if !body.isEmpty, body.byte(0) < 9 {
        guard body.byteCount > 1 else { return true }
        guard body.byte(1) == 1 else { return false }
        // Attributes, perhaps not all of them.
        guard let text = MySQLAttributes.textStart(body, nil) else { return true }
        start += text
      }
    case .prepare: break
    default: return false
    }
    // Nothing of the statement but blanks, or half of what begins a comment.
    return SQLText.skipBlanks(bytes, start) + 1 >= count
  }

  /// Whether these bytes are the greeting of a server, or the beginning of one.
  static func isGreeting(_ bytes: RawSpan) -> Bool {
    guard bytes.byteCount > 5, bytes.byte(3) == 0, bytes.byte(4) == 10 else { return false }
    let length = length(bytes)
    guard length > 30, length < 512 else { return false }
    // The version in text, with a zero at its end.
    for at in 5..<min(bytes.byteCount, 5 + 128) {
      if bytes.byte(at) == 0 { return at > 7 }
      if bytes.byte(at) < 0x20 || bytes.byte(at) > 0x7e { return false }
    }
    return bytes.byteCount < 5 + 128
  }

  /// Whether these bytes are an error in the place of a greeting, or the beginning of one: a number
  /// of the server's, and words.
  static func isRefusal(_ bytes: RawSpan) -> Bool {
    guard bytes.byteCount > 5, bytes.byte(3) == 0, bytes.byte(4) == 0xff else { return false }
    let length = length(bytes)
    guard length > 8, length < 512 else { return false }
    if bytes.byteCount >= 7, !(1000..<5000 ~= bytes.little16(5)) { return false }
    for at in 7..<max(7, min(bytes.byteCount, length + MySQL.headLength))
    where bytes.byte(at) < 0x20 || bytes.byte(at) == 0x7f { return false }
    return true
  }
}

extension MySQL {
  /// The greeting of a server, or an error in its place; in the middle of a conversation, a command.
  package static func recognise(
    client: RawSpan, server: RawSpan, _ opening: Opening
  ) -> Recognition {
    if opening.precursor == row.name, client.byteCount >= headLength + 32,
      UInt64(client.little32(headLength)) & MySQLWire.protocol41 != 0
    {
      return .yes(.certain)
    }
    if MySQLWire.isGreeting(server) {
      let isWhole = server.byteCount >= MySQLWire.length(server) + headLength
      return isWhole ? .yes(.certain) : opening.isFinal ? .no : .needs(MySQLWire.length(server) + 4)
    }
    if !opening.isMidway, client.isEmpty, MySQLWire.isRefusal(server) {
      let count = MySQLWire.length(server) + headLength
      if server.byteCount >= count { return server.byteCount == count ? .yes(.likely) : .no }
      return opening.isFinal ? .no : .needs(count)
    }
    if !opening.isMidway { return mayBecome(server, client, opening) }
    if MySQLWire.isGreeting(client) { return .yes(.likely) }
    for bytes in [0, 1] {
      let fits =
        bytes == 0
        ? MySQLWire.isCommand(client) && isChain(client)
        : MySQLWire.isCommand(server) && isChain(server)
      if fits { return .yes(.possible) }
    }
    return .no
  }

  /// A beginning of a greeting too short to be told.
  private static func mayBecome(
    _ server: RawSpan, _ client: RawSpan, _ opening: Opening
  ) -> Recognition {
    if opening.isFinal || server.isEmpty || server.byteCount > 5 || !client.isEmpty { return .no }
    let mayBe =
      (server.byteCount < 4 || server.byte(3) == 0)
      && (server.byteCount < 5 || server.byte(4) == 10 || server.byte(4) == 0xff)
      && (server.byteCount < 3 || server.byte(2) == 0)
      && (server.byteCount < 2 || server.byte(1) < 2)
    return mayBe ? .needs(6) : .no
  }

  /// Whether whole packets fill the bytes.
  private static func isChain(_ bytes: RawSpan) -> Bool {
    var at = 0
    while at + headLength <= bytes.byteCount {
      at += headLength + MySQLWire.length(bytes.suffix(from: at))
    }
    return at == bytes.byteCount
  }
}

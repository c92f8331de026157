import Bytes
import Entries
import JSON

/// An answer as far as it has come: what the next packet of it is.
struct MySQLAnswer: Sendable {
  enum Expectation: Sendable {
    /// The first packet of a result.
    case first
    /// So many definitions of columns.
    case columns(Int)
    /// EOF behind the columns.
    case columnsEnd
    /// Rows, or the end of them.
    case rows
    /// So many definitions behind the OK of a prepared statement, then perhaps EOF, then so many.
    case parameters(Int, then: Int)
    case parametersEnd(then: Int)
    case preparedColumns(Int)
    case preparedEnd
    /// Definitions of columns up to EOF (COM_FIELD_LIST).
    case fields
    /// One packet that is text (COM_STATISTICS).
    case text
    /// Events without end (replication).
    case stream
  }

  let key: UInt64
  let command: MySQLCommand?
  var expects: Expectation
  var rows = 0
  /// Rows the OK packets say were changed.
  var affected: UInt64 = 0
  var columns: Int?
  var insertID: UInt64 = 0
  var warnings: UInt16?
  var status: UInt16 = 0
  var uploaded = 0
  /// The client sends a file, up to a packet without content.
  var wantsFile = false
  var progressReports = 0
  var statementID: UInt32?
  /// Bytes of it that were not captured.
  var lost = 0
  private(set) var error: MySQLError?

  init(key: UInt64, command: MySQLCommand?) {
    (self.key, self.command) = (key, command)
    switch command {
    case .statistics: expects = .text
    case .fieldList: expects = .fields
    case .binlogDump, .binlogDumpGTID: expects = .stream
    case .fetch: expects = .rows
    default: expects = .first
    }
  }

  /// A packet of a file, or of a login that goes on.
  mutating func noteUpload(_ count: Int) {
    guard wantsFile else { return }
    uploaded += count
    if count == 0 { wantsFile = false }
  }

  /// ERR_Packet.
  /// - Parameter hasSecrets: so has the statement, of which it may repeat some.
  mutating func fail(_ body: RawSpan, hasSecrets: Bool) {
    error = MySQLError(body, hasSecrets: hasSecrets)
  }

  /// OK_Packet behind its first byte: affected rows, last insert id, status, warnings.
  mutating func readOK(_ body: RawSpan) {
    var at = 1
    affected &+= MySQLWire.integer(body, &at) ?? 0
    insertID = MySQLWire.integer(body, &at) ?? 0
    status = 0
    if at + 2 <= body.byteCount { status = body.little16(at) }
    if at + 4 <= body.byteCount { warnings = body.little16(at + 2) }
  }

  /// EOF_Packet: warnings, status.
  mutating func readEOF(_ body: RawSpan) {
    status = 0
    if body.byteCount >= 5 { (warnings, status) = (body.little16(1), body.little16(3)) }
  }

  var hasMore: Bool { status & MySQLWire.moreResults != 0 }

  var ending: Ending {
    var ending = Ending()
    var writer = JSONWriter()
    writer.beginObject()
    if error == nil {
      writer.name("success")
      writer.write(true)
    }
    if columns != nil || rows > 0 {
      add(rows, "rows", to: &ending, &writer)
    } else if error == nil, command?.changesRows != false {
      add(Int(clamping: affected), "affected", to: &ending, &writer)
    }
    if let columns {
      writer.name("columns")
      writer.write(columns)
    }
    if insertID > 0 {
      writer.name("insertId")
      writer.write(Int64(clamping: insertID))
    }
    if let warnings, warnings > 0 {
      writer.name("warnings")
      writer.write(Int(warnings))
    }
    if progressReports > 0 {
      writer.name("progressReports")
      writer.write(progressReports)
    }
    if uploaded > 0 {
      writer.name("uploadedBytes")
      writer.write(uploaded)
    }
    if let statementID {
      ending.fields.add(.mysqlStatementID, int: Int64(statementID))
      writer.name("statementId")
      writer.write(Int64(statementID))
    }
    if let error {
      ending.failed = true
      error.add(to: &ending.fields, &writer)
    }
    writer.endObject()
    ending.details = writer.bytes
    if lost > 0 { ending.fault = Entry.Fault(.dissection, "\(lost) bytes were not captured") }
    return ending
  }

  private func add(
    _ count: Int, _ name: String, to ending: inout Ending, _ writer: inout JSONWriter
  ) {
    ending.fields.add(.mysqlRows, int: Int64(count))
    writer.name(name)
    writer.write(count)
  }
}

/// ERR_Packet: a number, SQLSTATE behind `#`, and words.
struct MySQLError: Sendable {
  var code: UInt16 = 0
  var state: [UInt8] = []
  var text: [UInt8] = []

  /// Whether one stands there, with a number of the server's.
  static func stands(in body: RawSpan) -> Bool {
    body.byteCount >= 3 && body.byte(0) == 0xff && 1000..<6000 ~= body.little16(1)
  }

  init(_ body: RawSpan, hasSecrets: Bool) {
    guard body.byteCount >= 3 else { return }
    code = body.little16(1)
    var start = 3
    if body.byteCount >= 9, body.byte(3) == 0x23 {
      state = body.slice(4..<9).array()
      start = 9
    }
    text = SQLErrors.shown(
      body.suffix(from: start).prefix(1024), hasSecrets: hasSecrets, .mysql)
  }

  /// Adds the fields, and a member `error`.
  func add(to fields: inout FieldValues, _ writer: inout JSONWriter) {
    fields.add(.mysqlErrorCode, int: Int64(code))
    if !state.isEmpty { fields.add(.mysqlSQLState, text: state.rawSpan) }
    fields.add(.mysqlErrorMessage, text: text.rawSpan)
    writer.name("error")
    writer.beginObject()
    writer.name("code")
    writer.write(Int(code))
    if !state.isEmpty {
      writer.name("sqlstate")
      writer.write(text: state.rawSpan)
    }
    writer.name("message")
    writer.write(text: text.rawSpan)
    writer.endObject()
  }
}

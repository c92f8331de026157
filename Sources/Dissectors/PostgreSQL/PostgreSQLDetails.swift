import Bytes
import JSON

/// The details of statements and answers: JSON objects, made when somebody asks of what is noted here,
/// the kind of message in front.
enum PostgreSQLDetails {
  private enum Kind: UInt8 {
    /// A statement of the simple protocol.
    case simple = 1
    /// Messages of the extended protocol: number of parameters plus one, or 0; name of the statement.
    case extended
    /// An answer without an error: numbers of columns and of rows, each plus one, or 0; bytes copied;
    /// what was done.
    case answer
  }

  /// Bytes of facts beside the name of a statement, or what was done, at most.
  static let room = 1 + 3 * 10

  static func addSimple(to facts: inout OutputSpan<UInt8>) { facts.append(Kind.simple.rawValue) }

  static func add(_ group: PostgreSQLGroup, to facts: inout OutputSpan<UInt8>) {
    facts.append(Kind.extended.rawValue)
    facts.append(varint: group.parameters.map { $0 + 1 } ?? 0)
    facts.append(group.name.rawSpan)
  }

  static func addAnswer(
    columns: Int?, rows: Int?, copied: Int, _ command: RawSpan, to facts: inout OutputSpan<UInt8>
  ) {
    facts.append(Kind.answer.rawValue)
    facts.append(varint: columns.map { $0 + 1 } ?? 0)
    facts.append(varint: rows.map { $0 + 1 } ?? 0)
    facts.append(varint: copied)
    facts.append(command)
  }

  /// The details that facts tell; empty when they are none of ours.
  static func json(_ facts: RawSpan) -> [UInt8] {
    guard !facts.isEmpty, let kind = Kind(rawValue: facts.byte(0)) else { return [] }
    var cursor = Cursor(facts, at: 1)
    var writer = JSONWriter(reserving: 64 + 2 * facts.byteCount)
    writer.beginObject()
    do {
      switch kind {
      case .simple:
        writer.name("type")
        writer.write("simple query")
      case .extended: try writeExtended(&cursor, &writer)
      case .answer: try writeAnswer(&cursor, &writer)
      }
    } catch {
      return []
    }
    writer.endObject()
    return writer.bytes
  }

  private static func writeExtended(
    _ cursor: inout Cursor, _ writer: inout JSONWriter
  ) throws(WireError) {
    let parameters = try cursor.varint(limit: .max)
    let name = cursor.rest()
    writer.name("type")
    writer.write("extended query")
    if !name.isEmpty {
      writer.name("statement")
      writer.write(text: name)
    }
    write(parameters - 1, "parameters", &writer)
  }

  private static func writeAnswer(
    _ cursor: inout Cursor, _ writer: inout JSONWriter
  ) throws(WireError) {
    let columns = try cursor.varint(limit: .max)
    let rows = try cursor.varint(limit: .max)
    let copied = try cursor.varint(limit: .max)
    let command = cursor.rest()
    if !command.isEmpty {
      writer.name("command")
      writer.write(text: command)
    }
    write(rows - 1, "rows", &writer)
    write(columns - 1, "columns", &writer)
    if copied > 0 { write(copied, "copiedBytes", &writer) }
  }

  /// Writes a number that is known, which is not negative.
  private static func write(_ number: Int, _ name: String, _ writer: inout JSONWriter) {
    if number < 0 { return }
    writer.name(name)
    writer.write(number)
  }
}

import Bytes

/// Rows for reading: columns padded to their widest cell, right-aligned where they hold numbers.
///
/// Ends before it would pass its budget and says how many rows it left out.
package struct Table: Sendable {
  package struct Column: Sendable {
    package var title: String
    package var alignsRight: Bool
    /// Widest cell in characters; longer ones are cut with an ellipsis.
    package var limit: Int

    package init(_ title: String, right: Bool = false, limit: Int = 60) {
      (self.title, self.alignsRight, self.limit) = (title, right, limit)
    }
  }

  package var columns: [Column]
  package private(set) var rows: [[String]] = []

  package init(_ columns: [Column]) { self.columns = columns }

  /// Adds a row with one cell per column.
  package mutating func add(_ cells: [String]) {
    precondition(cells.count == columns.count, "a row of \(cells.count) cells")
    rows.append(zip(columns, cells).map { cut($1, $0.limit) })
  }

  /// The table as text, and how many of its rows fit into `budget` bytes.
  package func text(budget: Int) -> (text: String, shown: Int) {
    let titles = columns.map(\.title)
    var widths = titles.map(Self.width)
    for row in rows {
      for (index, cell) in row.enumerated() { widths[index] = max(widths[index], Self.width(cell)) }
    }
    var text: [UInt8] = []
    append(titles, widths, to: &text)
    var shown = 0
    for row in rows {
      let end = text.count
      append(row, widths, to: &text)
      guard text.count <= budget || shown == 0 else {
        text.removeLast(text.count - end)
        break
      }
      shown += 1
    }
    return (String(decoding: text, as: UTF8.self), shown)
  }

  private func append(_ cells: [String], _ widths: [Int], to text: inout [UInt8]) {
    let start = text.count
    for (index, cell) in cells.enumerated() {
      let padding = repeatElement(UInt8(ascii: " "), count: widths[index] - Self.width(cell))
      if index > 0 { text.append(text: "  ") }
      if columns[index].alignsRight { text.append(contentsOf: padding) }
      text.append(contentsOf: cell.utf8)
      if !columns[index].alignsRight { text.append(contentsOf: padding) }
    }
    while text.count > start, text.last == UInt8(ascii: " ") { text.removeLast() }
    text.append(UInt8(ascii: "\n"))
  }

  /// In characters, which of most cells are their bytes.
  private static func width(_ cell: String) -> Int {
    cell.utf8.span.bytes.isASCII ? cell.utf8.count : cell.count
  }

  private func cut(_ text: String, _ limit: Int) -> String {
    // No text has more characters than bytes.
    if text.utf8.count <= limit { return text }
    return text.count <= limit ? text : text.prefix(max(1, limit - 1)) + "…"
  }
}

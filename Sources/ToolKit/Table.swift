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
    var widths = columns.map(\.title.count)
    for row in rows {
      for (index, cell) in row.enumerated() { widths[index] = max(widths[index], cell.count) }
    }
    var text = line(columns.map(\.title), widths)
    var shown = 0
    for row in rows {
      let next = line(row, widths)
      guard text.utf8.count + next.utf8.count <= budget || shown == 0 else { break }
      text += next
      shown += 1
    }
    return (text, shown)
  }

  private func line(_ cells: [String], _ widths: [Int]) -> String {
    var line = ""
    for (index, cell) in cells.enumerated() {
      let padding = String(repeating: " ", count: max(0, widths[index] - cell.count))
      if index > 0 { line += "  " }
      line += columns[index].alignsRight ? padding + cell : cell + padding
    }
    while line.last == " " { line.removeLast() }
    return line + "\n"
  }

  private func cut(_ text: String, _ limit: Int) -> String {
    text.count <= limit ? text : text.prefix(max(1, limit - 1)) + "…"
  }
}

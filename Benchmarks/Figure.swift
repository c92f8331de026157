import JSON

/// One measured number: what was done, to how many things, in how much CPU time.
struct Figure {
  /// What it was measured on, such as `16 MB`.
  var input: String
  var name: String
  var nanoseconds: Double
  /// How many things were done, and what one is called.
  var items: Int
  var item: String
  /// Bytes gone through; 0 where bytes are no measure.
  var bytes = 0
  /// CPU nanoseconds of the CRC32C loop that this is compared with: over the same bytes, or over
  /// 1 KiB an item where bytes are no measure.
  var reference: Double

  /// Machines differ and are busy; their ratio to a plain loop in the same run is what travels.
  var ratio: Double { nanoseconds / max(reference, 1) }
  var perItem: Double { nanoseconds / Double(max(items, 1)) }
  var itemsPerSecond: Double { 1e9 / max(perItem, 1e-9) }
  var megabytesPerSecond: Double { Double(bytes) * 1e3 / max(nanoseconds, 1) }

  var json: JSONObject {
    [
      "input": .string(input), "name": .string(name), "item": .string(item),
      "nanosecondsPerItem": JSONValue(perItem), "itemsPerSecond": JSONValue(itemsPerSecond),
      "megabytesPerSecond": bytes == 0 ? .null : JSONValue(megabytesPerSecond),
      "ratio": JSONValue(ratio),
    ]
  }
}

extension [Figure] {
  /// A table for reading.
  var table: String {
    var rows = [["input", "what", "CPU an item", "items a second", "MB/s", "x CRC32C"]]
    for figure in self {
      rows.append([
        figure.input, figure.name, "\(time(figure.perItem))/\(figure.item)",
        "\(rounded(figure.itemsPerSecond)) \(plural(figure.item))",
        figure.bytes == 0 ? "-" : rounded(figure.megabytesPerSecond), rounded(figure.ratio),
      ])
    }
    let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      row.enumerated().map { column, text in
        let gap = String(repeating: " ", count: widths[column] - text.count)
        return column < 2 ? text + gap : gap + text
      }.joined(separator: "  ")
    }.joined(separator: "\n")
  }
}

/// A duration given in nanoseconds, in the unit that reads best.
private func time(_ nanoseconds: Double) -> String {
  switch nanoseconds {
  case ..<10_000: rounded(nanoseconds) + " ns"
  case ..<10_000_000: rounded(nanoseconds / 1e3) + " us"
  default: rounded(nanoseconds / 1e6) + " ms"
  }
}

/// Three significant digits; thousands apart from ten thousand on.
private func rounded(_ value: Double) -> String {
  guard value.isFinite, abs(value) < 1e15 else { return "\(value)" }
  if value < 100 {
    let scale: Double = value < 1 ? 1_000 : value < 10 ? 100 : 10
    return "\((value * scale).rounded() / scale)"
  }
  let digits = String(Int(value.rounded()))
  var text = ""
  for (place, digit) in digits.enumerated() {
    if place > 0, (digits.count - place) % 3 == 0 { text += "," }
    text.append(digit)
  }
  return text
}

private func plural(_ noun: String) -> String {
  noun.hasSuffix("y") ? noun.dropLast() + "ies" : noun + "s"
}

/// Finding the name that was meant.
enum Nearest {
  /// No name is longer, so nothing longer was meant to be one, in bytes.
  private static let longest = 256

  /// The candidate nearest to `name`: the same but for case, dots and underscores, or within two
  /// edits, or with the same last part. Nil when none is near.
  static func name(to name: String, among candidates: some Sequence<String>) -> String? {
    guard name.utf8.count <= longest else { return nil }
    let wanted = folded(name)
    let last = name.split(separator: ".").last.map { folded(String($0)) } ?? wanted
    let allowed = wanted.count <= 3 ? 1 : 2
    var best: (score: Int, name: String)?
    for candidate in candidates {
      let text = folded(candidate)
      var score = 100
      if text == wanted {
        score = 0
      } else if let distance = distance(wanted, text, limit: allowed) {
        // A changed first letter is a rarer slip than one inside.
        score = distance * 10 + (text.first == wanted.first ? 0 : 5)
      } else if name.contains("."), text == last {
        score = 30
      } else if name.contains("."), let tail = candidate.split(separator: ".").last,
        candidate.contains("."), folded(String(tail)) == last
      {
        // Of two sides the one that was named.
        score = candidate.prefix { $0 != "." } == name.prefix { $0 != "." } ? 35 : 40
      }
      if score < best?.score ?? 100 { best = (score, candidate) }
    }
    return best?.name
  }

  /// Lower case, without dots and underscores.
  static func folded(_ name: String) -> [UInt8] {
    name.utf8.compactMap { byte in
      byte == UInt8(ascii: ".") || byte == UInt8(ascii: "_")
        ? nil : (0x41...0x5a).contains(byte) ? byte | 0x20 : byte
    }
  }

  /// Insertions, deletions, replacements and swaps of neighbours between two texts; nil when more
  /// than `limit`.
  static func distance(_ a: [UInt8], _ b: [UInt8], limit: Int) -> Int? {
    guard abs(a.count - b.count) <= limit, a.count <= 64 else { return nil }
    var before: [Int] = []
    var previous = Array(0...b.count)
    for i in 0..<a.count {
      var row = [i + 1]
      for j in 0..<b.count {
        var cost = min(
          previous[j] + (a[i] == b[j] ? 0 : 1), previous[j + 1] + 1, row[j] + 1)
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { cost = min(cost, before[j - 1] + 1) }
        row.append(cost)
      }
      (before, previous) = (previous, row)
    }
    return previous[b.count] <= limit ? previous[b.count] : nil
  }
}

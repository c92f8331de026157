/// The one of `names` that `text` was probably meant to be, or nil when none is near.
///
/// Near is an edit distance of at most a third of the length, or a shared word part.
package func nearest(to text: String, among names: [String]) -> String? {
  let wanted = Array(text.lowercased().utf8.prefix(64))
  guard !wanted.isEmpty else { return nil }
  let best = names.map { (name: $0, distance: editDistance(wanted, Array($0.lowercased().utf8))) }
    .min { ($0.distance, $0.name) < ($1.distance, $1.name) }
  if let best, best.distance <= max(1, min(wanted.count, best.name.utf8.count) / 3) {
    return best.name
  }
  return names.first { name in
    let lower = name.lowercased()
    return wanted.count >= 3
      && (lower.split(separator: "_").contains { Array($0.utf8) == wanted }
        || lower.hasPrefix(text.lowercased()))
  }
}

/// Insertions, deletions, replacements and swaps of neighbours between two texts.
private func editDistance(_ a: [UInt8], _ b: [UInt8]) -> Int {
  var twoBack: [Int] = []
  var previous = Array(0...b.count)
  for i in a.indices {
    var current = [i + 1]
    current.reserveCapacity(b.count + 1)
    for j in b.indices {
      var cost = min(previous[j + 1], current[j]) + 1
      cost = min(cost, previous[j] + (a[i] == b[j] ? 0 : 1))
      if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { cost = min(cost, twoBack[j - 1] + 1) }
      current.append(cost)
    }
    twoBack = previous
    previous = current
  }
  return previous[b.count]
}

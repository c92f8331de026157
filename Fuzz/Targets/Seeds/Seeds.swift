package import Packets

/// First inputs for the targets: from captures, from cases of the filter language, and by hand.
///
/// libFuzzer goes on from what it is given; with nothing but its own bytes it would not get past
/// the first header of anything.
package struct Seeds {
  package struct Seed: Hashable, Sendable {
    package var target: String
    package var bytes: [UInt8]
  }

  package private(set) var seeds: [Seed] = []

  package init() {}

  mutating func add(_ target: String, _ bytes: [UInt8]) {
    guard let longest = FuzzTarget.named(target)?.maxLength else { return }
    seeds.append(Seed(target: target, bytes: Array(bytes.prefix(longest))))
  }

  mutating func add(_ target: String, _ text: String) { add(target, Array(text.utf8)) }

  /// What a file is good for, by its name.
  package mutating func add(file path: String, _ bytes: [UInt8]) throws(CaptureError) {
    if path.hasSuffix(".txt") {
      addFilters(of: String(decoding: bytes, as: UTF8.self))
    } else if path.hasSuffix(".yaml") || path.hasSuffix(".json") {
      add("inventory", bytes)
    } else {
      try addCapture(path, bytes)
    }
  }

  /// Filters of a case file: a line each, up to its first arrow.
  private mutating func addFilters(of text: String) {
    for line in text.split(separator: "\n") where !line.hasPrefix("# ") {
      guard let arrow = line.firstRange(of: " => ") else { continue }
      let filter = String(line[..<arrow.lowerBound])
      add("kfl", filter)
      add("plan", [128] + Array(filter.utf8))
    }
  }
}

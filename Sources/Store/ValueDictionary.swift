import Bytes

/// The distinct values of one column of one block, as bytes side by side.
///
/// Codes run from 1 to `count`; code 0 stands for "no value" and reads as empty. As stored:
///
///     0        number of values, 4 bytes
///     4        bytes of all values together, 4 bytes
///     8        lengths of the values (`PackedInts`)
///     …        the values
package struct ValueDictionary: Sendable {
  /// Distinct values.
  package let count: Int
  /// Where the value of each code begins; entry `count + 1` is where the last one ends.
  private let starts: [UInt32]
  private let data: SectionBytes

  init(parsing section: SectionBytes) throws(WireError) {
    let head = try section.part(at: 0, count: 8)
    let bytes = head.array.rawSpan.slice(head.range)
    let (count, total) = (Int(bytes.little32(0)), Int(bytes.little32(4)))
    guard count <= BlockLimits.rows else { throw WireError(.tooLarge) }
    var at = 8
    let lengths = try PackedInts(parsing: section, at: &at, count: count).decoded()
    var starts: [UInt32] = [0, 0]
    starts.reserveCapacity(count + 2)
    var end = 0
    for length in lengths {
      guard length >= 0, length <= Int64(total - end) else { throw WireError(.invalid, at: at) }
      end += Int(length)
      starts.append(UInt32(end))
    }
    guard end == total else { throw WireError(.invalid, at: at) }
    self.count = count
    self.starts = starts
    data = try section.part(at: at, count: total)
    guard at + total == section.count else { throw WireError(.invalid, at: at) }
  }

  /// Bytes of all values together.
  var byteCount: Int { data.count }

  /// Number of codes, 0 included: the length of a table indexed by code.
  package var codeCount: Int { count + 1 }

  /// The bytes of one value, in the section's array. An unknown code reads as empty.
  func range(_ code: UInt32) -> Range<Int> {
    let code = Int(code) <= count ? Int(code) : 0
    let start = data.range.lowerBound
    return start + Int(starts[code])..<start + Int(starts[code + 1])
  }

  /// One value as text; ill-formed UTF-8 is repaired.
  package func text(_ code: UInt32) -> String { data.array.rawSpan.text(range(code)) }

  /// One value as bytes.
  package func bytes(_ code: UInt32) -> [UInt8] { Array(data.array[range(code)]) }

  /// Runs `body` with the bytes of one value, without a copy.
  package func withBytes<Result>(_ code: UInt32, _ body: (RawSpan) -> Result) -> Result {
    body(data.array.rawSpan.slice(range(code)))
  }

  /// The code of exactly this text, nil when no row has it.
  package func code(of text: String) -> UInt32? {
    let wanted = Array(text.utf8)
    let all = data.array.rawSpan
    for code in 1..<UInt32(codeCount) where Int(length(code)) == wanted.count {
      if isEqual(all.slice(range(code)), wanted.rawSpan) { return code }
    }
    return nil
  }

  /// The codes of the texts that contain `needle`, ascending. An empty needle is in all of them.
  package func codes(containing needle: String) -> [UInt32] {
    let needle = Array(needle.utf8)
    guard !needle.isEmpty else { return (0..<count).map { UInt32($0 + 1) } }
    let all = data.array.span.extracting(data.range)
    return holders(of: needle.span, in: all, ends: starts.span.extracting(2..<starts.count)).map {
      UInt32($0 + 1)
    }
  }

  private func length(_ code: UInt32) -> UInt32 { starts[Int(code) + 1] - starts[Int(code)] }
}

/// Which of many values contain `needle`, ascending from 0 on.
///
/// One search over the bytes of all of them: what costs is a hit, not a value.
///
/// - Parameters:
///   - needle: not empty.
///   - all: the values side by side.
///   - ends: where each value ends, counted from where `ends` had it before the first.
func holders(
  of needle: Span<UInt8>, in all: Span<UInt8>, ends: Span<UInt32>
) -> [Int] {
  guard let last = ends.indices.last else { return [] }
  // The first values may lie elsewhere.
  let start = Int(ends[last]) - all.count
  var found: [Int] = []
  var from = 0
  while from < all.count {
    guard let hit = all.extracting(from..<all.count).firstOffset(of: needle) else { break }
    let at = from + hit
    // The first value whose end is beyond the hit.
    let holder = (0..<last).firstPlace { Int(ends[$0]) - start > at }
    if at + needle.count <= Int(ends[holder]) - start {
      found.append(holder)
      from = Int(ends[holder]) - start
    } else {
      // The hit runs over the border of two values: no match, look on behind its first byte.
      from = at + 1
    }
  }
  return found
}

/// Whether two stretches hold the same bytes.
func isEqual(_ a: RawSpan, _ b: RawSpan) -> Bool {
  let count = a.byteCount
  guard count == b.byteCount else { return false }
  var offset = 0
  if count >= 8 {
    while offset + 8 < count {
      if a.little64(offset) != b.little64(offset) { return false }
      offset += 8
    }
    // The last eight bytes, some of them perhaps for the second time.
    return a.little64(count - 8) == b.little64(count - 8)
  }
  if count >= 4 {
    return a.little32(0) == b.little32(0) && a.little32(count - 4) == b.little32(count - 4)
  }
  while offset < count {
    if a.byte(offset) != b.byte(offset) { return false }
    offset += 1
  }
  return true
}

import Bytes

/// Undoes content codings (RFC 9110 §8.4.1) of recorded bodies, for showing.
///
/// The body may be cut, and it may be a bomb: what can be decoded within the limits is given, with
/// a word on why it ended.
package enum ContentCoding {
  /// Most codings undone one after the other; more are an attack or a mistake.
  package static let maxCodings = 4

  package struct Result: Hashable, Sendable {
    package var bytes: [UInt8]
    /// Why the decoding ended before the body did; nil when it is whole.
    package var problem: String?
  }

  /// `body` without the codings that `list` names, as in a Content-Encoding field: the last one
  /// was applied last. Each of them has the limits for itself.
  package static func decode(
    _ body: [UInt8], list: String, limits: DecompressionLimits = DecompressionLimits()
  ) -> Result {
    var counters = DecompressionCounters()
    return decode(body, list: list, limits: limits, counting: &counters)
  }

  /// The same, and how each decompression ended is counted.
  package static func decode(
    _ body: [UInt8], list: String, limits: DecompressionLimits = DecompressionLimits(),
    counting counters: inout DecompressionCounters
  ) -> Result {
    let codings = list.lowercased().split(whereSeparator: { $0 == "," || $0 == " " })
      .filter { !changesNothing.contains($0) }
    guard codings.count <= maxCodings else {
      return Result(bytes: body, problem: "more than \(maxCodings) content codings")
    }
    var result = Result(bytes: body, problem: nil)
    for coding in codings.reversed() {
      guard let compressions = compressions[coding] else {
        return Result(bytes: result.bytes, problem: "unknown content coding \(coding)")
      }
      let next = decode(result.bytes, compressions, limits)
      counters.note(next.end)
      if next.end == .damaged, next.bytes.isEmpty {
        // Some servers name a coding and apply none.
        return Result(bytes: result.bytes, problem: result.problem ?? next.problem)
      }
      result = Result(bytes: next.bytes, problem: result.problem ?? next.problem)
    }
    return result
  }

  /// Names after which the bytes are as they were: clients of AMQP, and some servers, say here how
  /// characters are written.
  private static let changesNothing: Set<Substring> = [
    "identity", "none", "binary", "8bit", "7bit", "utf-8", "utf8", "us-ascii", "ascii",
    "iso-8859-1", "latin1",
  ]

  /// What a coding may mean, likeliest first.
  private static let compressions: [Substring: [Compression]] = [
    "gzip": [.gzip, .zlib], "x-gzip": [.gzip, .zlib], "br": [.brotli], "zstd": [.zstd],
    // RFC 9110 means zlib's format; some servers send the raw one, or take one name for the other.
    "deflate": [.zlib, .gzip, .deflate],
  ]

  /// The first meaning that gives anything.
  private static func decode(
    _ body: [UInt8], _ meanings: [Compression], _ limits: DecompressionLimits
  ) -> Decompressed {
    var first: Decompressed?
    for meaning in meanings {
      let result = decompress(body.rawSpan, meaning, limits: limits)
      if !result.bytes.isEmpty || result.end == .whole { return result }
      first = first ?? result
    }
    return first ?? Decompressed(bytes: [], end: .damaged)
  }
}

import Bytes
import Decompression

/// Compressed contents: never more than the limits allow comes out, whatever goes in, and of a
/// beginning the beginning.
///
///     format     1 byte: index in `Compression.allCases`
///     content    the rest
enum DecompressionTarget {
  static let target = FuzzTarget(
    "decompression", "a compressed content: gzip, zlib, deflate, brotli, zstd, snappy, lz4",
    maxLength: 8 << 10
  ) { bytes throws(BrokenLaw) in
    var input = FuzzInput(bytes)
    let compression = input.pick(Compression.allCases)
    let content = input.rest()
    for limits in [
      DecompressionLimits(output: 100, ratio: 256, free: 1_000),
      DecompressionLimits(output: 64 << 10, ratio: 4, free: 200),
    ] {
      let most = min(limits.output, max(limits.free, content.count * limits.ratio))
      let whole = decompress(content.rawSpan, compression, limits: limits)
      try hold(whole.bytes.count <= most, "\(whole.bytes.count) bytes come out, not \(most)")
      let beginning = decompress(content.rawSpan, compression, limits: limits, enough: 40)
      try hold(beginning.bytes.count <= 40, "more comes out than is enough")
      let isBeginning = whole.bytes.starts(with: beginning.bytes)
      try hold(isBeginning, "the beginning of the content is another than what it begins with")
    }
  }
}

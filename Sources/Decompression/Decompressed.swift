/// A format that `decompress` undoes.
package enum Compression: Sendable, CaseIterable {
  /// RFC 1952; several members one behind the other are one content.
  case gzip
  /// RFC 1950, which HTTP calls `deflate`.
  case zlib
  /// RFC 1951 without a wrapper.
  case deflate
  /// RFC 7932.
  case brotli
  /// RFC 8878.
  case zstd
  /// One block, or blocks in the frames of Snappy's own format or of snappy-java.
  case snappy
  /// Frames of LZ4.
  case lz4
}

/// How much a compressed content may become.
package struct DecompressionLimits: Sendable {
  /// Most bytes one content may decode to.
  package var output: Int
  /// Most bytes of output for each byte of input. Deflate reaches 1032, and text no more than 100.
  package var ratio: Int
  /// Bytes of output up to which the ratio does not count.
  package var free: Int

  package init(output: Int = 4 << 20, ratio: Int = 256, free: Int = 64 << 10) {
    (self.output, self.ratio, self.free) = (output, ratio, free)
  }

  /// What is made of so many bytes of input at most, and what that would go beyond.
  func bound(of input: Int) -> (bytes: Int, end: Decompressed.End) {
    let (product, overflows) = input.multipliedReportingOverflow(by: ratio)
    let byRatio = overflows ? .max : max(free, product)
    return byRatio < output ? (byRatio, .overRatio) : (output, .overOutput)
  }
}

/// A content without its compression, as far as it could be undone.
package struct Decompressed: Hashable, Sendable {
  /// Why decompression ended.
  package enum End: UInt8, Sendable, Hashable {
    case whole
    /// As much was made as was asked for.
    case enough
    /// The input ends too early.
    case cut
    case damaged
    /// It would become more than `DecompressionLimits.output`.
    case overOutput
    /// It would grow by more than `DecompressionLimits.ratio`.
    case overRatio

    /// Why it is not the whole content, in words; nil when it is.
    package var problem: String? {
      switch self {
      case .whole, .enough: nil
      case .cut: "the coded body is cut"
      case .damaged: "the coded body is damaged"
      case .overOutput: "it decodes to more than the limit"
      case .overRatio: "it grows by more than the limit when decoded"
      }
    }
  }

  package var bytes: [UInt8]
  package var end: End

  package init(bytes: [UInt8], end: End) { (self.bytes, self.end) = (bytes, end) }

  /// Why it is not the whole content, in words; nil when it is.
  package var problem: String? { end.problem }
}

/// How decompressions ended.
package struct DecompressionCounters: Hashable, Sendable {
  package var whole: UInt64 = 0
  package var cut: UInt64 = 0
  package var damaged: UInt64 = 0
  package var overOutput: UInt64 = 0
  package var overRatio: UInt64 = 0

  package init() {}

  package mutating func note(_ end: Decompressed.End) {
    switch end {
    case .whole, .enough: whole += 1
    case .cut: cut += 1
    case .damaged: damaged += 1
    case .overOutput: overOutput += 1
    case .overRatio: overRatio += 1
    }
  }

  package mutating func add(_ other: Self) {
    whole += other.whole
    cut += other.cut
    damaged += other.damaged
    overOutput += other.overOutput
    overRatio += other.overRatio
  }
}

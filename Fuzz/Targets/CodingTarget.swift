import Tools

/// Bodies in content codings: never more than the limit comes out, whatever goes in.
///
///     codings    1 byte: two indexes of four bits
///     body       the rest
enum CodingTarget {
  static let target = FuzzTarget(
    "coding", "a body in gzip, deflate, brotli or zstd", maxLength: 8 << 10
  ) { bytes throws(BrokenLaw) in
    var input = FuzzInput(bytes)
    let choice = Int(input.uint8())
    let names = ["", "gzip", "deflate", "br", "zstd", "identity", "x-gzip", "compress"]
    let list = names[choice & 7] + ", " + names[choice >> 4 & 7]
    let body = input.rest()
    for limit in [100, 64 << 10] {
      let result = ContentCoding.decode(body, list: list, limit: limit)
      let isPlain = result.bytes == body
      try hold(result.bytes.count <= limit || isPlain, "\(result.bytes.count) bytes come out")
    }
  }
}

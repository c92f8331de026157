import Bytes
import Decompression
import Testing

@Suite struct DecompressTests {
  /// 4000 bytes, each text 40 times, compressed by the formats' own tools.
  private static let text = String(
    repeating:
      "A line of text that comes again and again, 100 bytes with its number, and its end: 0123456789abcdef.",
    count: 40)
  private static let samples: [(Compression, String)] = [
    (
      .gzip,
      "1f8b0800000000000203edcdcb0d83401003d0565c008a967cc8e74629b3ec002b85410a8392740f"
        + "24772af0cd962dbd1acf6c8ab185ebc7e1bd389a71d009d2493688a57f2a508680f8f5757a67ef91"
        + "7d82cd43d457f17b6d5d2d3d10cae3e97ca9aeb7bbc426697ba869d0a04183060d1a3468d0a04183"
        + "060d1abbc60290866ecba00f0000"
    ),
    (
      .zlib,
      "78daedcdcb0d83401003d0565c008a967cc8e74629b3ec002b85410a8392740f24772af0cd962dbd"
        + "1acf6c8ab185ebc7e1bd389a71d009d2493688a57f2a508680f8f5757a67ef917d82cd43d457f17b"
        + "6d5d2d3d10cae3e97ca9aeb7bbc426697ba869d0a04183060d1a3468d0a04183060d1abbc6025900"
        + "1f64"
    ),
    (
      .deflate,
      "edcdcb0d83401003d0565c008a967cc8e74629b3ec002b85410a8392740f24772af0cd962dbd1acf"
        + "6c8ab185ebc7e1bd389a71d009d2493688a57f2a508680f8f5757a67ef917d82cd43d457f17b6d5d"
        + "2d3d10cae3e97ca9aeb7bbc426697ba869d0a04183060d1a3468d0a04183060d1abbc602"
    ),
    (
      .brotli,
      "1b9f0fe0e5b961aaac33f74e334511dc2c1629424b0ed8bb256d89b447f4070f5997caa3804d47b8"
        + "a43f507c9819210abafae8ab348e77f401c247794f7b0300b9dcc13a1f62caa5b6498b651b30"
    ),
    (
      .zstd,
      "28b52ffd60a00ef502005245131a70c73a43a82045094856534a5afdcfae37e01ff8b4a896fe8717"
        + "4453b654328b9220875124f486b19e81aa47e0c7debbdec2a3f6411da1f4c338cf9b817cd407d73b"
        + "5dbf0dda6ff0ca2b38200400727e06ef990c909470eb509e"
    ),
    (
      .snappy,
      "a01f8841206c696e65206f662074657874207468617420636f6d657320616761696e20616e64090a"
        + "6c2c20313030206279746573207769746820697473206e756d6265722c0526011054656e643a2030"
        + "3132333435363738396162636465662efe6400fe6400fe6400fe6400fe6400fe6400fe6400fe6400"
        + "fe6400fe6400fe6400fe6400fe6400fe6400fe6400fe6400fe6400fe6400fe6400fe6400fe6400fe"
        + "6400fe6400fe6400fe6400fe6400fe6400fe6400fe6400fe6400fe6400fe6400fe6400fe6400fe64"
        + "00fe6400fe6400fe6400fe6400fe6400fe6400fe6400fe6400fe6400fe6400fe6400fe6400fe6400"
        + "fe6400fe6400fe6400fe6400fe6400fe6400fe6400fe6400fe6400fe6400fe6400fe6400ee6400"
    ),
    (
      .snappy,
      "ff060000734e61507059001b0100773c6649a01f8841206c696e65206f6620746578742074686174"
        + "20636f6d657320616761696e20616e64090a6c2c2031303020627974657320776974682069747320"
        + "6e756d6265722c0526011054656e643a20303132333435363738396162636465662efe6400fe6400"
        + "fe6400fe6400fe6400fe6400fe6400fe6400fe6400fe6400fe6400fe6400fe6400fe6400fe6400fe"
        + "6400fe6400fe6400fe6400fe6400fe6400fe6400fe6400fe6400fe6400fe6400fe6400fe6400fe64"
        + "00fe6400fe6400fe6400fe6400fe6400fe6400fe6400fe6400fe6400fe6400fe6400fe6400fe6400"
        + "fe6400fe6400fe6400fe6400fe6400fe6400fe6400fe6400fe6400fe6400fe6400fe6400fe6400fe"
        + "6400fe6400fe6400fe6400fe6400ee6400"
    ),
    (
      .snappy,
      "82534e41505059000000000100000001000000eab8178841206c696e65206f662074657874207468"
        + "617420636f6d657320616761696e20616e64090a6c2c203130302062797465732077697468206974"
        + "73206e756d6265722c0526011054656e643a20303132333435363738396162636465662efe6400fe"
        + "6400fe6400fe6400fe6400fe6400fe6400fe6400fe6400fe6400fe6400fe6400fe6400fe6400fe64"
        + "00fe6400fe6400fe6400fe6400fe6400fe6400fe6400fe6400fe6400fe6400fe6400fe6400fe6400"
        + "fe6400fe6400fe6400fe6400fe6400fe6400fe6400fe6400fe6400fe6400fe6400fe6400fe6400fe"
        + "6400fe6400fe6400fe64004e64000000008ce8078841206c696e65206f6620746578742074686174"
        + "20636f6d657320616761696e20616e64090a6c2c2031303020627974657320776974682069747320"
        + "6e756d6265722c0526011054656e643a20303132333435363738396162636465662efe6400fe6400"
        + "fe6400fe6400fe6400fe6400fe6400fe6400fe6400fe6400fe6400fe6400fe6400fe64000164"
    ),
    (
      .lz4,
      "04224d186040827a000000f21441206c696e65206f662074657874207468617420636f6d65732061"
        + "6761696e20616e640a00f10d2c20313030206279746573207769746820697473206e756d6265722c"
        + "2600001000ff07656e643a20303132333435363738396162636465662e6400ffffffffffffffffff"
        + "ffffffffffff3350636465662e00000000"
    ),
  ]

  @Test func everyFormatIsUndone() throws {
    for (compression, sample) in Self.samples {
      let coded = try #require(bytes(hex: sample))
      let result = decompress(coded.rawSpan, compression)
      #expect(result.end == .whole, "\(compression)")
      #expect(String(decoding: result.bytes, as: UTF8.self) == Self.text, "\(compression)")
    }
  }

  @Test func asMuchIsMadeAsIsWanted() throws {
    for (compression, sample) in Self.samples {
      let coded = try #require(bytes(hex: sample))
      for enough in [0, 1, 100, Self.text.utf8.count - 1] {
        let result = decompress(coded.rawSpan, compression, enough: enough)
        #expect(result.end == .enough && result.bytes == Array(Self.text.utf8.prefix(enough)))
      }
      let whole = decompress(coded.rawSpan, compression, enough: Self.text.utf8.count)
      #expect(whole.end == .whole, "\(compression)")
    }
  }

  @Test func outputIsLimited() throws {
    let limits = DecompressionLimits(output: 1000)
    for (compression, sample) in Self.samples {
      let coded = try #require(bytes(hex: sample))
      let result = decompress(coded.rawSpan, compression, limits: limits)
      #expect(result.end == .overOutput && result.bytes.count <= 1000, "\(compression)")
    }
  }

  @Test func growthIsLimited() throws {
    let limits = DecompressionLimits(ratio: 3, free: 100)
    for (compression, sample) in Self.samples {
      let coded = try #require(bytes(hex: sample))
      let result = decompress(coded.rawSpan, compression, limits: limits)
      #expect(result.end == .overRatio, "\(compression)")
      #expect(result.bytes.count <= 3 * coded.count, "\(compression)")
    }
  }

  @Test func aCutContentGivesItsBeginning() throws {
    for (compression, sample) in Self.samples {
      let coded = try #require(bytes(hex: sample))
      for count in 0..<coded.count - 8 {
        let result = decompress(coded.rawSpan.prefix(count), compression)
        #expect(result.end != .whole || result.bytes.count < Self.text.utf8.count)
        #expect(Self.text.utf8.starts(with: result.bytes), "\(compression) \(count)")
      }
    }
  }

  @Test func damageIsNoCrash() throws {
    var random = SystemRandomNumberGenerator()
    for (compression, sample) in Self.samples {
      let coded = try #require(bytes(hex: sample))
      for _ in 0..<500 {
        var broken = coded
        for _ in 0..<3 {
          broken[Int.random(in: 0..<broken.count, using: &random)] = .random(in: 0...255)
        }
        let result = decompress(
          broken.rawSpan, compression, limits: DecompressionLimits(output: 1 << 20))
        #expect(result.bytes.count <= 1 << 20)
      }
    }
  }

  /// RFC 1952 §2.2: members one behind the other.
  @Test func severalMembersAreOneContent() throws {
    for (compression, sample) in Self.samples where [.gzip, .zstd, .lz4].contains(compression) {
      let coded = try #require(bytes(hex: sample + sample))
      let result = decompress(coded.rawSpan, compression)
      #expect(result.end == .whole, "\(compression)")
      #expect(String(decoding: result.bytes, as: UTF8.self) == Self.text + Self.text)
    }
  }

  /// Two blocks as they are, and one of a kind that is reserved.
  @Test func whatComesBeforeDamageIsRead() throws {
    let coded = try #require(bytes(hex: "28b52ffd2004180000616263080000640f0000"))
    let result = decompress(coded.rawSpan, .zstd)
    #expect(result.end == .damaged)
    #expect(String(decoding: result.bytes, as: UTF8.self) == "abcd")
  }

  /// RFC 7932 §9.2: a block that is as it is, and one of which the reserved bit is set.
  @Test func blocksOfBrotliBeforeDamageAreRead() throws {
    let coded = try #require(bytes(hex: "300010" + "61626364" + "0e"))
    let whole = decompress(coded.rawSpan, .brotli)
    #expect(whole.end == .damaged)
    #expect(String(decoding: whole.bytes, as: UTF8.self) == "abcd")
  }

  /// How much is asked for changes nothing in what comes first.
  @Test func ofDamagedContentsTheBeginningIsTheSame() throws {
    for (compression, sample) in Self.samples {
      let coded = try #require(bytes(hex: sample))
      for place in coded.indices {
        for bit in 0..<8 {
          var broken = coded
          broken[place] ^= 1 << bit
          let whole = decompress(
            broken.rawSpan, compression, limits: DecompressionLimits(output: 1 << 16))
          for enough in [1, 10, 30] {
            let beginning = decompress(broken.rawSpan, compression, enough: enough)
            #expect(
              whole.bytes.starts(with: beginning.bytes),
              "\(compression): bit \(bit) of byte \(place), \(enough) bytes")
          }
        }
      }
    }
  }

  /// LZ4 Frame Format 1.6: a block that is as it is, one that is compressed and comes out as more than
  /// one piece, and the length of one that cannot be.
  @Test(arguments: [40, 1 << 20])
  func blocksOfLZ4BeforeDamageAreRead(output: Int) throws {
    let run = String(repeating: "ff", count: 400)
    let coded = try #require(
      bytes(
        hex: "04224d18607073" + "03000080" + "616263" + "9b010000" + "1f640100" + run + "f0"
          + "50" + "6566676869" + "ffffffff"))
    let whole = decompress(coded.rawSpan, .lz4, limits: DecompressionLimits(output: output))
    let text = String(decoding: whole.bytes, as: UTF8.self)
    #expect(text.hasPrefix("abcddddd") && (output == 40 || text.hasSuffix("defghi")))
    #expect(whole.end == (output == 40 ? .overOutput : .damaged))
    #expect(output == 40 || whole.bytes.count > 100_000)
    let beginning = decompress(coded.rawSpan, .lz4, enough: 30)
    #expect(whole.bytes.starts(with: beginning.bytes) && beginning.bytes.count == 30)
  }

  /// The library may know formats from before RFC 8878, and of a damaged one it gives memory that was
  /// never written.
  @Test func olderFormatsOfZstandardAreDamage() throws {
    let coded = try #require(
      bytes(
        hex: "27b52ffd204465010054027b226964223a34322c2274616773223a5b2261222c2262225d2c22746578"
          + "74223a2261227d01006bc013"))
    for bytes in [coded, [0x28] + coded] {
      let result = decompress(bytes.rawSpan, .zstd)
      #expect(result.end == .damaged && result.bytes.isEmpty)
    }
  }

  @Test func howItEndsIsCounted() {
    var counters = DecompressionCounters()
    for end in [Decompressed.End.whole, .enough, .cut, .damaged, .overOutput, .overRatio] {
      counters.note(end)
    }
    var twice = counters
    twice.add(counters)
    #expect(twice.whole == 4 && twice.cut == 2 && twice.damaged == 2)
    #expect(twice.overOutput == 2 && twice.overRatio == 2)
  }
}

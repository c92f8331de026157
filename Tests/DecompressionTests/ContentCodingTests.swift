import Bytes
import Decompression
import Testing

@Suite struct ContentCodingTests {
  /// "hello hello hello hello\n" by gzip (without name and time) and by zlib.
  private static let text = "hello hello hello hello\n"
  private static let gzip = "1f8b0800000000000203cb48cdc9c957c84027b9000088590b18000000"
  private static let zlib = "789ccb48cdc9c957c84027b90070be08bb"

  @Test(arguments: ["gzip", "x-gzip", " GZIP "])
  func gzipIsUndone(list: String) throws {
    let result = ContentCoding.decode(try #require(bytes(hex: Self.gzip)), list: list)
    #expect(String(decoding: result.bytes, as: UTF8.self) == Self.text && result.problem == nil)
  }

  @Test func deflateIsUndoneInBothForms() throws {
    let wrapped = try #require(bytes(hex: Self.zlib))
    for body in [wrapped, Array(wrapped.dropFirst(2).dropLast(4))] {
      let result = ContentCoding.decode(body, list: "deflate")
      #expect(String(decoding: result.bytes, as: UTF8.self) == Self.text)
    }
  }

  @Test func oneNameIsTakenForTheOther() throws {
    for (hex, list) in [(Self.gzip, "deflate"), (Self.zlib, "gzip")] {
      let result = ContentCoding.decode(try #require(bytes(hex: hex)), list: list)
      #expect(String(decoding: result.bytes, as: UTF8.self) == Self.text && result.problem == nil)
    }
  }

  @Test(arguments: ["gzip", "deflate"])
  func whatWasNeverCodedIsGivenAsItIs(list: String) {
    let result = ContentCoding.decode(Array("no such thing, no such thing".utf8), list: list)
    #expect(String(decoding: result.bytes, as: UTF8.self) == "no such thing, no such thing")
    #expect(result.problem == "the coded body is damaged")
  }

  @Test func aCutBodyGivesWhatThereIs() throws {
    let body = try #require(bytes(hex: Self.gzip))
    for count in body.indices {
      let result = ContentCoding.decode(Array(body.prefix(count)), list: "gzip")
      #expect(Self.text.hasPrefix(String(decoding: result.bytes, as: UTF8.self)))
      if count < body.count - 1 { #expect(result.problem != nil, "\(count)") }
    }
  }

  @Test func rubbishIsSaidToBeRubbish() {
    for coding in ["gzip", "br", "zstd", "deflate"] {
      let result = ContentCoding.decode(Array("no such thing, no such thing".utf8), list: coding)
      #expect(result.problem != nil, "\(coding)")
    }
    #expect(ContentCoding.decode([1], list: "lzma").problem == "unknown content coding lzma")
    #expect(ContentCoding.decode([1], list: "identity").bytes == [1])
    #expect(ContentCoding.decode([1], list: "gzip,gzip,gzip,gzip,gzip").problem != nil)
  }

  @Test func outputIsLimited() throws {
    let body = try #require(bytes(hex: Self.gzip))
    let result = ContentCoding.decode(body, list: "gzip", limits: DecompressionLimits(output: 10))
    #expect(result.bytes.count == 10 && result.problem == "it decodes to more than the limit")
  }
}

import Bytes
import Decompression
import Dissectors
import Entries
import Flows
import JSON
import Testing

/// Record batches and message sets in every codec, as clients send them in Produce.
@Suite struct KafkaCompressionTests {
  /// Two records, `k1`: `value one` and `k2`: `value two`, as batch content; made by the codecs' own
  /// tools.
  private static let contents: [(codec: UInt8, name: String, content: String)] = [
    (
      0, "none",
      "22000000046b311276616c7565206f6e650022000002046b321276616c75652074776f"
        + "00"
    ),
    (
      1, "gzip",
      "1f8b08000000000002035362606060c936142a4bcc294d55c8cf4b655062606062c936"
        + "828a9494e7330000c679fa2f24000000"
    ),
    (
      2, "snappy",
      "248c22000000046b311276616c7565206f6e650022000002046b321276616c75652074"
        + "776f00"
    ),
    (
      2, "snappy",
      "82534e4150505900000000010000000100000026248c22000000046b311276616c7565"
        + "206f6e650022000002046b321276616c75652074776f00"
    ),
    (
      3, "lz4",
      "04224d186040822400008022000000046b311276616c7565206f6e650022000002046b"
        + "321276616c75652074776f0000000000"
    ),
    (
      4, "zstd",
      "28b52ffd202421010022000000046b311276616c7565206f6e650022000002046b3212"
        + "76616c75652074776f00"
    ),
  ]

  @Test func recordsOfEveryCodecAreShown() throws {
    for (codec, name, content) in Self.contents {
      let content = try #require(bytes(hex: content))
      let dissection = Dissection(switches: .everything)
      Self.talk(Self.batch(content, codec: codec)).play(to: dissection)
      let call = try #require(dissection.drain().first { $0.kind == .kafka })
      let batch = try Self.batch(of: call)
      #expect(batch?["compression"] == .string(name))
      #expect(
        batch?["record"] == [
          ["key": "k1", "value": "value one"], ["key": "k2", "value": "value two"],
        ], "\(name)")
      #expect(batch?["problem"] == nil)
      #expect(dissection.counters.decompressions.whole == (codec == 0 ? 0 : 1))
    }
  }

  @Test func damagedRecordsAreSaidToBeDamaged() throws {
    for (codec, name, _) in Self.contents where codec > 0 {
      let dissection = Dissection(switches: .everything)
      Self.talk(Self.batch([1, 2, 3, 4, 5, 6, 7, 8, 9], codec: codec)).play(to: dissection)
      let call = try #require(dissection.drain().first { $0.kind == .kafka })
      #expect(call.fault == nil || call.fault?.kind == .pairNotFound, "\(name)")
      #expect(try Self.batch(of: call)?["problem"] != nil, "\(name)")
      let counters = dissection.counters.decompressions
      #expect(counters.damaged + counters.cut + counters.overRatio == 1, "\(name)")
    }
  }

  /// Only the first records are decompressed; what its checksum counts is the whole batch.
  @Test(arguments: [false, true])
  func damageBehindTheRecordsThatAreShownIsTold(isDamaged: Bool) throws {
    let record = try #require(bytes(hex: "22000000046b311276616c7565206f6e6500"))
    let records = Array(repeating: record, count: 400).flatMap(\.self)
    let length = UInt32(records.count) | 1 << 31
    // A frame of LZ4 with one block, which is not compressed.
    var content = try #require(bytes(hex: "04224d18604082"))
    content += Self.big(length.byteSwapped) + records + [0, 0, 0, 0]
    var batch = Self.batch(content, codec: 3, records: 400)
    batch.replaceSubrange(17..<21, with: Self.big(crc32c(batch.rawSpan.suffix(from: 21))))
    if isDamaged { batch[batch.count - 100] ^= 1 }
    let dissection = Dissection(switches: .everything)
    Self.talk(batch).play(to: dissection)
    let call = try #require(dissection.drain().first { $0.kind == .kafka })
    let shown = try Self.batch(of: call)
    #expect(shown?["record"]?.array?.count == 4)
    let problem: JSONValue? = isDamaged ? "the coded body is damaged" : nil
    #expect(shown?["problem"] == problem)
    #expect(dissection.counters.decompressions.damaged == (isDamaged ? 1 : 0))
    // Of a batch that is cut nobody knows.
    let cut = Array(batch.dropLast(50))
    let part = try #require(Self.talk(cut).calls().first)
    #expect(try Self.batch(of: part)?["problem"] == "the coded body is cut")
  }

  /// Message format 1: a wrapper whose value is a compressed set.
  @Test func compressedMessageSetsAreShown() throws {
    let content = try #require(bytes(hex: Self.wrapped))
    let call = try #require(Self.talk(Self.message(content)).calls().first)
    let batch = try Self.batch(of: call)
    #expect(batch?["magic"] == 1 && batch?["compression"] == "gzip")
    #expect(batch?["record"] == [["key": "a", "value": "1"], ["key": "b", "value": "2"]])
  }

  @Test func controlRecordsSayWhatTheyDo() throws {
    // Version 0 and type 1: the end of a transaction that is committed.
    let record: [UInt8] = [0, 0, 0, 8, 0, 0, 0, 1, 1, 0]
    let content = [UInt8(record.count * 2)] + record
    let call = try #require(
      Self.talk(Self.batch(content, codec: 0, flags: 0x30, records: 1)).calls().first)
    let batch = try Self.batch(of: call)
    #expect(batch?["isControl"] == true && batch?["isTransactional"] == true)
    #expect(batch?["record"]?[0]?["control"] == "commit")
  }

  @Test func theLawsHold() throws {
    for (codec, _, content) in Self.contents {
      let talk = Self.talk(Self.batch(try #require(bytes(hex: content)), codec: codec))
      Laws.split(talk)
      Laws.truncation(talk)
      Laws.mutation(talk, rounds: 100)
      Laws.reordering(talk)
    }
  }

  // MARK: Material

  private static let wrapped =
    "1f8b0800000000000203636080030910c108e3b182388920c2102ac2885d4d12883002"
    + "002d122cfa48000000"

  private static func batch(of call: Entry) throws -> JSONValue? {
    let details = try JSONReader.value(of: call.text(.details) ?? "null")
    let partition = details["request"]?["payload"]?["topicData"]?[0]?["partitions"]?[0]
    return partition?["records"]?["recordBatch"]
  }

  private static func big<Number: FixedWidthInteger>(_ value: Number) -> [UInt8] {
    withUnsafeBytes(of: value.bigEndian) { Array($0) }
  }

  private static func batch(
    _ content: [UInt8], codec: UInt8, flags: UInt8 = 0, records: Int32 = 2
  ) -> [UInt8] {
    var body = big(Int32(7)) + [2] + big(Int32(0)) + [0, codec | flags]
    body += big(records - 1) + big(Int64(1)) + big(Int64(1)) + big(Int64(-1)) + big(Int16(-1))
    body += big(Int32(-1)) + big(records) + content
    return big(Int64(0)) + big(Int32(body.count)) + body
  }

  private static func message(_ value: [UInt8]) -> [UInt8] {
    let body = big(Int32(0)) + [1, 1] + big(Int64(5)) + big(Int32(-1)) + big(Int32(value.count))
    return big(Int64(0)) + big(Int32(body.count + value.count)) + body + value
  }

  /// Produce version 3 with these records, not acknowledged.
  private static func talk(_ records: [UInt8]) -> Talk {
    var request = big(Int16(0)) + big(Int16(3)) + big(Int32(1)) + big(Int16(4)) + Array("shop".utf8)
    request += big(Int16(-1)) + big(Int16(1)) + big(Int32(1500)) + big(Int32(1)) + big(Int16(6))
    request += Array("orders".utf8) + big(Int32(1)) + big(Int32(0)) + big(Int32(records.count))
    request += records
    var talk = Talk(serverPort: 9092)
    talk.says(.client, big(Int32(request.count)) + request)
    return talk
  }
}

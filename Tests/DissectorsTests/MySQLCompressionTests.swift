import Bytes
import Dissectors
import Entries
import Flows
import Testing

@Suite struct MySQLCompressionTests {
  /// The login was the last call of clients that compress.
  @Test func compressedPacketsAreRead() {
    let answer = MySQLTests.result(rows: 2, deprecatesEOF: true)
    // Within the second row.
    let (first, rest) = (Array(answer.dropLast(14)), Array(answer.suffix(14)))
    let deflated =
      bytes(
        hex: "78da636460606494606060624e494d63c00298181898190d8124002a620189") ?? []
    // A frame of one block that is as it was (RFC 8878 §3.1.1).
    let block = [1 | UInt8(first.count) << 3, UInt8(first.count >> 5), 0]
    let framed = [0x28, 0xb5, 0x2f, 0xfd, 0x20, UInt8(first.count)] + block + first
    for packed in [deflated, framed] {
      var talk = MySQLTests.begun(compresses: true)
      talk.says(.client, Self.squeezed(0, MySQLTests.command(3, "select * from t")))
      let frames = [Self.squeezed(1, packed, from: first.count), Self.squeezed(2, rest)]
      talk.says(.server, frames[0] + frames[1])
      talk.says(.client, Self.squeezed(0, MySQLTests.packet(0, [14]) + MySQLTests.packet(0, [14])))
      talk.says(.server, Self.squeezed(1, MySQLTests.packet(1, MySQLTests.ok())))
      talk.says(.server, Self.squeezed(2, MySQLTests.packet(1, MySQLTests.ok())))
      let calls = talk.calls()
      #expect(
        calls.map { $0.text(.mysqlCommand) } == ["LOGIN", "COM_QUERY", "COM_PING", "COM_PING"])
      #expect(calls.map { $0.int(.mysqlRows) } == [nil, 2, 0, 0])
      #expect(calls.allSatisfy { $0.fault == nil && $0.hasRequest && $0.hasResponse })
      #expect(calls[1].text(.mysqlQuery) == "select * from t")
      #expect(calls[1].responseSize == Int64(frames[0].count + frames[1].count))
      #expect(calls[2].requestSize + calls[3].requestSize == 17)
      Laws.split(talk)
      Laws.truncation(talk)
      Laws.reordering(talk)
      Laws.mutation(talk, rounds: 50)
    }
  }

  @Test func behindALossCompressedPacketsAreReadAgain() {
    var talk = MySQLTests.begun(compresses: true)
    talk.says(.client, Self.squeezed(0, MySQLTests.command(3, "select 1")))
    talk.lost(.server, 40)
    talk.says(.server, [7, 7, 7])
    // What says that it can be decompressed and cannot.
    talk.says(.client, Self.squeezed(0, [1, 2, 3, 4], from: 9))
    talk.says(.client, Self.squeezed(0, MySQLTests.command(3, "select 2")))
    talk.says(.server, Self.squeezed(1, MySQLTests.result(rows: 3, deprecatesEOF: true)))
    let calls = talk.calls().filter { $0.text(.mysqlQuery) == "select 2" }
    #expect(calls.map(\.hasRequest) == [true])
    #expect(calls.map { $0.int(.mysqlRows) } == [3])
  }

  /// 90000 zeros in one row.
  @Test func rowsOfTheSameBytesAreRead() {
    let head =
      "78daedc6c10d40401405c0f777255ad0dd5e508f83760905a840664e5349d592b4be6e7b3e9ca3fa758c0a"
    let zeros = String(repeating: "0", count: 172)
    let deflated = bytes(hex: head + zeros + "c04fcdc97427eded036b4d053f") ?? []
    var talk = MySQLTests.begun(compresses: true)
    talk.says(.client, Self.squeezed(0, MySQLTests.command(3, "select blank from t")))
    talk.says(.server, Self.squeezed(1, deflated, from: 90_052))
    talk.says(.client, Self.squeezed(0, MySQLTests.packet(0, [14])))
    talk.says(.server, Self.squeezed(1, MySQLTests.packet(1, MySQLTests.ok())))
    let calls = talk.calls()
    #expect(calls.map { $0.text(.mysqlCommand) } == ["LOGIN", "COM_QUERY", "COM_PING"])
    #expect(calls.allSatisfy { $0.fault == nil && $0.hasResponse })
    #expect(calls[1].int(.mysqlRows) == 1)
  }

  // MARK: Material

  /// A compressed packet: `content`, of which `length` bytes were made, or none where it is as it was.
  private static func squeezed(_ number: UInt8, _ content: [UInt8], from length: Int = 0) -> [UInt8]
  {
    let head = [UInt8(content.count & 255), UInt8(content.count >> 8), 0, number]
    return head + [UInt8(length & 255), UInt8(length >> 8 & 255), UInt8(length >> 16)] + content
  }
}

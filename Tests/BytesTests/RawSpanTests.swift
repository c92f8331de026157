import Bytes
import Testing

@Suite struct RawSpanTests {
  private let sample: [UInt8] = [1, 2, 3, 4, 5, 6, 7, 8, 0x0a, 0x41, 0x42]

  @Test func loadsFollowTheirByteOrder() {
    let span = sample.rawSpan
    let holds1 = span.big16(0) == 0x0102 && span.little16(0) == 0x0201
    #expect(holds1)
    let holds2 = span.big24(1) == 0x020304
    #expect(holds2)
    let holds3 = span.big32(1) == 0x0203_0405 && span.little32(1) == 0x0504_0302
    #expect(holds3)
    let holds4 = span.big64(0) == 0x0102_0304_0506_0708 && span.little64(0) == 0x0807_0605_0403_0201
    #expect(holds4)
  }

  @Test func whatIsPlainASCIIIsTold() {
    for byte in UInt8.min...UInt8.max {
      for count in 1...19 {
        for place in [0, count / 2, count - 1] {
          var text = [UInt8](repeating: 0x20, count: count)
          text[place] = byte
          let isPlain = text.rawSpan.isPlainASCII
          #expect(isPlain == (0x20..<0x7f).contains(byte))
        }
      }
    }
    let holds = [UInt8]().rawSpan.isPlainASCII
    #expect(holds)
  }

  @Test func whatIsPutIntoRoomIsWhatIsAppended() {
    for number in [0, 7, 10, 127, 128, 1 << 14, 65_535, Int.max, -1] {
      var one: [UInt8] = [9]
      one.append(varint: number)
      one.append(contentsOf: String(UInt64(bitPattern: Int64(number))).utf8)
      one.append(little: UInt64(bitPattern: Int64(number)))
      one.append(text: "end")
      one.replace(at: 1, little: 5)
      var other: [UInt8] = [9]
      other.append(addingCapacity: 64) { room in
        let start = room.count
        room.append(varint: number)
        room.append(decimal: UInt64(bitPattern: Int64(number)))
        room.append(little: UInt64(bitPattern: Int64(number)))
        room.append(text: "end")
        room.replace(at: start, little: 5)
      }
      #expect(one == other)
    }
  }

  @Test func searchFindsTheFirstHitFromAStart() {
    let span = sample.rawSpan
    let holds5 = span.firstOffset(of: 0x0a) == 8
    #expect(holds5)
    let holds6 = span.firstOffset(of: 1, from: 1) == nil
    #expect(holds6)
    let holds7 = span.firstOffset(of: "AB") == 9
    #expect(holds7)
    let holds8 = span.firstOffset(of: "AB", from: 10) == nil
    #expect(holds8)
    let holds9 = span.firstOffset(of: 0x42, from: 11) == nil
    #expect(holds9)
    let holds10 = [UInt8]().rawSpan.firstOffset(of: "A") == nil
    #expect(holds10)
  }

  @Test func copiesAndTextsAreTheBytes() {
    let span = sample.rawSpan
    let holds11 = span.array() == sample
    #expect(holds11)
    let holds12 = span.slice(9..<11).text() == "AB" && span.text(9..<11) == "AB"
    #expect(holds12)
    let holds13 = ([0xff, 0x41] as [UInt8]).rawSpan.text() == "\u{fffd}A"
    #expect(holds13)
    let holds14 = ([0xff] as [UInt8]).rawSpan.validText() == nil
    #expect(holds14)
    let holds15 = [UInt8]().rawSpan.array().isEmpty
    #expect(holds15)
    let holds16 = span.prefix(100).byteCount == 11 && span.suffix(from: 11).byteCount == 0
    #expect(holds16)
  }

  @Test func comparisonsLookAtAllBytes() {
    let span = Array("Host: x".utf8).rawSpan
    let holds17 = span.starts(with: "Host:") && !span.starts(with: "host:")
    #expect(holds17)
    let holds18 =
      span.prefix(4).equalsIgnoringCase("host") && !span.prefix(3).equalsIgnoringCase("host")
    #expect(holds18)
    let other = Array("Host: y".utf8).rawSpan
    let holdsEqual =
      span.equals(span) && !span.equals(other) && span.prefix(6).equals(other.prefix(6))
    #expect(holdsEqual)
    let holdsLengths = !span.equals(span.prefix(6)) && span.prefix(0).equals(other.prefix(0))
    #expect(holdsLengths)
    let holds19 = !Array("[ost".utf8).rawSpan.equalsIgnoringCase("{ost")
    #expect(holds19)
  }

  /// Each byte in each place of a text that is compared in words: only the other case of a letter fits.
  @Test func casesOfLettersAloneAreTheSame() {
    let text: StaticString = "x-{[`@_~\u{7f}09/;azmn"
    let plain = text.withUTF8Buffer { Array($0) }
    let holdsPlain = plain.rawSpan.equalsIgnoringCase(text)
    #expect(holdsPlain)
    for place in plain.indices {
      for byte in UInt8.min...UInt8.max {
        var other = plain
        other[place] = byte
        let isUpper = byte >= 0x41 && byte <= 0x5a
        let fits = (isUpper ? byte | 0x20 : byte) == plain[place]
        let holds = other.rawSpan.equalsIgnoringCase(text) == fits
        #expect(holds)
      }
    }
  }

  @Test func cursorStopsAtTheEnd() throws {
    var cursor = Cursor(sample.rawSpan)
    let holds20 = try cursor.uint8() == 1
    #expect(holds20)
    let holds21 = try cursor.big24() == 0x020304
    #expect(holds21)
    let five = try cursor.take(5)
    let holds22 = five.byteCount == 5 && cursor.offset == 9 && cursor.remaining == 2
    #expect(holds22)
    do {
      _ = try cursor.big32()
      Issue.record("read past the end")
    } catch { #expect(error == WireError(.truncated, at: 9)) }
    let holds23 = cursor.offset == 9
    #expect(holds23)
    do {
      try cursor.skip(-1)
      Issue.record("went backwards")
    } catch { #expect(error.kind == .truncated) }
    let holds24 = cursor.rest().text() == "AB"
    #expect(holds24)
    let holds25 = cursor.isAtEnd
    #expect(holds25)
  }

  /// RFC 3720 B.4, the test patterns of iSCSI.
  @Test func crc32cOfKnownPatterns() {
    let holds26 = crc32c([UInt8](repeating: 0, count: 32).rawSpan) == 0x8a91_36aa
    #expect(holds26)
    let holds27 = crc32c([UInt8](repeating: 0xff, count: 32).rawSpan) == 0x62a8_ab43
    #expect(holds27)
    let holds28 = crc32c([UInt8](0..<32).rawSpan) == 0x46dd_794e
    #expect(holds28)
    let holds29 = crc32c(Array("123456789".utf8).rawSpan) == 0xe306_9283
    #expect(holds29)
    let first = crc32c(Array("1234".utf8).rawSpan)
    let holds30 = crc32c(Array("56789".utf8).rawSpan, continuing: first) == 0xe306_9283
    #expect(holds30)
  }

  /// RFC 1071 §3: the sum of these words is ddf2, its complement 220d.
  @Test func internetChecksumOfTheExample() {
    let bytes: [UInt8] = [0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]
    let holds31 = internetChecksum(bytes.rawSpan) == 0x220d
    #expect(holds31)
    let holds32 = internetChecksum((bytes + [0x22, 0x0d]).rawSpan) == 0
    #expect(holds32)
    let holds33 = internetChecksum(([0x12] as [UInt8]).rawSpan) == ~0x1200
    #expect(holds33)
  }

  @Test func hexGoesBothWays() {
    #expect(hex([0x00, 0xab, 0xff]) == "00abff")
    #expect(bytes(hex: "00 AB\nff") == [0x00, 0xab, 0xff])
    #expect(bytes(hex: "0") == nil && bytes(hex: "0g") == nil)
  }

  @Test func storesAreFilledOnce() {
    let store = ByteStore(sample)
    let holds34 = store.count == 11 && store.bytes.array() == sample
    #expect(holds34)
    let holds35 = ByteStore([]).bytes.byteCount == 0
    #expect(holds35)
  }

  @Test func partsAreJoinedAndRepaired() {
    let text = Array("GET..key.é".utf8)
    var joined: [UInt8] = [0x3e]
    joined.append(text: text.rawSpan, at: [0..<3, 4..<4, 5..<8, 9..<11], separatedBy: 0x20)
    #expect(joined == Array(">GET  key é".utf8))
    // A letter of two bytes whose second is not among the parts.
    joined.append(text: text.rawSpan, at: [9..<10, 0..<1], separatedBy: 0x20)
    #expect(joined == Array(">GET  key é\u{fffd} G".utf8))
    joined.append(text: text.rawSpan, at: [], separatedBy: 0x20)
    #expect(joined.last == 0x47)
  }

  @Test func anyByteBeyondASCIIIsSeen() {
    for count in 0..<20 {
      let plain = [UInt8](repeating: 0x7f, count: count)
      let isPlain = plain.rawSpan.isASCII
      #expect(isPlain)
      for place in 0..<count {
        var other = plain
        other[place] = 0x80
        let isOther = !other.rawSpan.isASCII
        #expect(isOther, "\(place) of \(count)")
      }
    }
  }
}

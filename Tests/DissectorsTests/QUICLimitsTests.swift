import Bytes
import Entries
import Flows
import JSON
import TestSupport
import Testing

@testable import Dissectors

/// What is hostile: every packet of these opens with keys that anybody can derive.
@Suite struct QUICLimitsTests {
  // MARK: CRYPTO frames

  /// Rows are frames (`offset:text`) and what is in order behind them.
  @Test(
    arguments: [
      ("0:abcd 4:efgh", "abcdefgh"),
      ("4:efgh 0:abcd", "abcdefgh"),
      ("6:gh 2:cd 0:ab 4:ef", "abcdefgh"),
      ("2:cd 5:f 0:abcdefgh", "abcdefgh"),
      ("0:abcd 2:XXef 0:YYYYYYgh", "abcdefgh"),
      ("2:c 3:d 6:gh 3:XefX 0:ab", "abcdefgh"),
      ("1:bc 0:a 5:fgh", "abc"),
      ("0: 3:d", ""),
    ])
  func framesAreTakenInOrder(frames: String, whole: String) throws {
    // A message of that many letters, whose head came before.
    var stream = TLSPieces()
    let head: [UInt8] = [1, 0, 0, UInt8(whole.utf8.count)]
    try stream.add(head.rawSpan, at: 0)
    for frame in frames.split(separator: " ") {
      let parts = frame.split(separator: ":", omittingEmptySubsequences: false)
      let offset = try #require(Int(parts[0]))
      try stream.add(Array(parts[1].utf8).rawSpan, at: head.count + offset)
    }
    let message = stream.next()
    #expect(message?.body == Array(whole.utf8))
    let another = stream.next()
    #expect(another == nil)
  }

  @Test func anyCutAndOrderGivesTheSameMessage() throws {
    let message = [1, 0, 1, 44] + (0..<300).map { UInt8($0 & 255) }
    var random = SeededGenerator(seed: 3)
    for _ in 0..<200 {
      var stream = TLSPieces()
      var frames = (0..<12).map { _ in
        let start = Int.random(in: 0..<message.count, using: &random)
        return start..<min(message.count, start + Int.random(in: 1...90, using: &random))
      }
      // Those that make it whole.
      let step = Int.random(in: 20...70, using: &random)
      frames += stride(from: 0, to: message.count, by: step).map {
        $0..<min($0 + step, message.count)
      }
      frames.shuffle(using: &random)
      for frame in frames { try stream.add(Array(message[frame]).rawSpan, at: frame.lowerBound) }
      let whole = stream.next()
      #expect(whole?.body == Array(message.dropFirst(4)))
      #expect(!stream.isPartial)
    }
  }

  @Test func whatIsFarAheadIsNotKept() {
    var stream = TLSPieces()
    let limit = TLSPieces.maxBytes
    for offset in [limit, limit - 1, 1 << 40, (1 << 62) - 1] {
      let failure = Self.failure(&stream, [1, 2], at: offset)
      #expect(failure == .tooLarge)
    }
    #expect(!stream.isPartial)
  }

  @Test func piecesAreCounted() {
    var stream = TLSPieces()
    for place in 0..<TLSPieces.maxPieces {
      let failure = Self.failure(&stream, [1], at: 2 + 2 * place)
      #expect(failure == nil)
    }
    let beyond = Self.failure(&stream, [1], at: 2 + 2 * TLSPieces.maxPieces)
    #expect(beyond == .tooLarge)
    stream.close()
    #expect(!stream.isPartial)
    let afterwards = Self.failure(&stream, [1], at: 1 << 50)
    #expect(afterwards == nil)
  }

  private static func failure(
    _ stream: inout TLSPieces, _ bytes: [UInt8], at offset: Int
  ) -> WireError.Kind? {
    do throws(WireError) {
      try stream.add(bytes.rawSpan, at: offset)
      return nil
    } catch {
      return error.kind
    }
  }

  @Test func whatAllConversationsKeepIsLimited() {
    let frames = QUICSealer.crypto([UInt8](repeating: 1, count: 900), at: 100)
    var talk = QUICTests.talk
    talk.says(.client, QUICSealer().initial(.client, frames))
    var limits = DissectionLimits()
    for limit in [1_500, 500] {
      limits.waitingInAll = limit
      let dissection = Dissection(limits: limits, switches: .everything)
      dissection.opened(0, talk.conversation)
      for case .says(let side, let bytes) in talk.turns {
        let moment = Moment(timestamp: Timestamp(milliseconds: 1), packet: 1)
        dissection.received(bytes.rawSpan, on: 0, from: side, at: moment)
      }
      let isKept = limit > 900
      #expect((dissection.held.waitingBytes >= 900) == isKept)
      #expect((dissection.counters.waitingDropped == 0) == isKept)
      dissection.closed(0, talk.conversation)
      #expect(dissection.isIdle && dissection.counters.waitingDropped >= 900)
      let faults = dissection.drain().filter { $0.kind == .tlsx }.map { $0.fault?.message }
      #expect(faults == ["the connection ended inside the message"])
    }
  }

  // MARK: Packets

  @Test(
    arguments: [
      // A frame longer than the packet; one that lies far ahead.
      ([6, 0, 0x7f, 0xff, 1], .truncated),
      ([6, 0xff] + [UInt8](repeating: 0xff, count: 7), .truncated),
      (QUICSealer.crypto([1, 2], at: 1 << 40), .tooLarge),
      // Frames that an Initial packet may not have: STREAM, HANDSHAKE_DONE, the application's close.
      ([8, 0, 1], .invalid), ([0x1e], .invalid), ([0x1d, 0, 0], .invalid),
      // More ranges than there are bytes; a message that is no ClientHello.
      ([2, 0, 0, 0xbf, 0xff, 0xff, 0xff, 0], .truncated),
      (QUICSealer.crypto([3, 0, 0, 1, 9]), .invalid),
    ] as [([UInt8], WireError.Kind)])
  func whatIsMalformedIsCountedAndTold(frames: [UInt8], kind: WireError.Kind) throws {
    let sealer = QUICSealer()
    var talk = QUICTests.talk
    // Padding would make some of them whole; before them there are frames of one byte.
    talk.says(.client, sealer.initial(.client, [1, 1, 1] + frames, paddedTo: 0))
    let (entries, counters) = Self.play(talk)
    #expect(counters.protocols["quic"]?.errors(of: kind) == 1)
    let call = try #require(entries.first { $0.kind == .tlsx })
    #expect(call.fault?.message == WireError(kind).reason)
  }

  @Test func thousandsOfTinyFramesEndAtALimit() {
    let sealer = QUICSealer()
    var talk = QUICTests.talk
    let frames = (0..<3_000).flatMap { QUICSealer.crypto([7], at: 3 * (2_999 - $0)) }
    talk.says(.client, sealer.initial(.client, frames))
    talk.says(.client, sealer.initial(.client, [UInt8](repeating: 1, count: 2_000), number: 1))
    let (entries, counters) = Self.play(talk)
    #expect(counters.protocols["quic"]?.errors(of: .tooLarge) == 2)
    #expect(entries.count { $0.kind == .tlsx } == 1)
  }

  @Test func aDatagramOfManyPacketsEndsAtALimit() {
    let sealer = QUICSealer()
    var talk = QUICTests.talk
    let one = sealer.initial(.client, [1])
    talk.says(.client, (0...QUIC.maxPackets).flatMap { _ in one })
    let (_, counters) = Self.play(talk)
    #expect(counters.protocols["quic"]?.errors(of: .tooLarge) == 1)
  }

  @Test func packetsThatDoNotOpenHideNothing() throws {
    let sealer = QUICSealer()
    var talk = QUICTests.talk
    let hello = QUICVectors.clientHello
    talk.says(.client, sealer.initial(.client, QUICSealer.crypto(hello, 0..<100)))
    var damaged = sealer.initial(.client, QUICSealer.crypto(hello, 100..<241), number: 1)
    damaged[damaged.count - 1] ^= 1
    talk.says(.client, damaged)
    // Longer than its datagram, of a version nobody knows, too short to be sampled.
    talk.says(.client, Array(sealer.initial(.client, QUICTests.clientFrames).dropLast(9)))
    talk.says(.client, [0xc0, 0x12, 0x34, 0x56, 0x78] + [UInt8](repeating: 0, count: 30))
    let head = Array(sealer.sealed(.client, type: 0, []).dropLast(2))
    talk.says(.client, head + [0, 3, 1, 2, 3])
    talk.says(.client, sealer.initial(.client, QUICSealer.crypto(hello, 100..<241), number: 1))
    talk.says(.server, sealer.initial(.server, QUICTests.serverFrames))
    let (entries, counters) = Self.play(talk)
    let figures = counters.protocols["quic"]
    #expect(figures?.errors(of: .invalid) == 2)
    #expect(figures?.errors(of: .truncated) == 1)
    #expect(figures?.errors(of: .unsupported) == 1)
    let call = try #require(entries.first { $0.kind == .tlsx })
    #expect(call.fault == nil && call.text(.tlsxSNI) == "example.com")
  }

  @Test func keysAreNotDerivedWithoutEnd() {
    let sealer = QUICSealer()
    var talk = QUICTests.begun(sealer)
    var damaged = sealer.initial(.client, QUICTests.clientFrames)
    damaged[damaged.count - 1] ^= 1
    for number in 0..<UInt8(QUIC.maxMisfits + 5) {
      // Another Destination Connection ID each, which is what keys are made of.
      damaged[6] = number
      talk.says(.client, damaged)
    }
    let (_, counters) = Self.play(talk)
    #expect(counters.protocols["quic"]?.errors(of: .invalid) == UInt64(QUIC.maxMisfits))
    #expect(counters.protocols["quic"]?.errors(of: .tooLarge) == 5)
  }

  @Test func theOldestOfTooManyHandshakesMakesRoom() throws {
    var talk = QUICTests.talk
    for number in 0..<UInt8(QUIC.maxHandshakes + 1) {
      let sealer = QUICSealer(original: [number, 2, 3, 4, 5, 6, 7, 8], client: [number])
      talk.says(.client, sealer.initial(.client, QUICTests.clientFrames))
    }
    let faults = talk.calls().map { $0.fault?.message ?? "" }
    #expect(faults.count == QUIC.maxHandshakes + 1)
    #expect(faults.count { $0 == "too many handshakes were unfinished" } == 1)
  }

  @Test func valuesOfParametersAreHostileToo() throws {
    // A token that is a secret, one parameter twice, a reserved one, an empty number, a cut one.
    let parameters: [UInt8] =
      [2, 4, 9, 9, 9, 9, 1, 1, 5, 1, 1, 6, 27, 1, 7, 3, 0, 0x40, 0x99, 2, 0xab, 0xcd, 0x20, 9, 1]
    var writer = JSONWriter()
    writer.beginObject()
    QUICTransportParameters.write(parameters.rawSpan, &writer)
    writer.endObject()
    let shown: JSONValue = [
      "transportParameters": [
        "stateless_reset_token": "[redacted]", "max_idle_timeout": 5,
        "max_udp_payload_size": "0x", "0x99": "0xabcd",
      ]
    ]
    #expect(try JSONReader.value(of: writer.text) == shown)
  }

  private static func play(_ talk: Talk) -> (entries: [Entry], counters: DissectionCounters) {
    let dissection = Dissection(switches: .everything)
    talk.play(to: dissection)
    dissection.finish()
    #expect(dissection.isIdle && dissection.counters.misbehaved == 0)
    return (dissection.drain(), dissection.counters)
  }
}

import Entries
import Pipeline
import Testing

/// Datagrams in fragments are taken for what they are put together to, whoever follows them.
@Suite struct FragmentsTests {
  /// Two pieces of a packet of IPv4, cut behind 16 bytes of its payload.
  private func pieces(_ packet: [UInt8], _ identification: UInt8) -> [[UInt8]] {
    func piece(_ payload: ArraySlice<UInt8>, _ place: [UInt8]) -> [UInt8] {
      var header = Array(packet[..<20])
      header.replaceSubrange(2..<4, with: IPv4.big16(UInt16(20 + payload.count)))
      header.replaceSubrange(4..<8, with: [0, identification] + place)
      return header + payload
    }
    return [piece(packet[20..<36], [0x20, 0]), piece(packet[36...], [0, 2])]
  }

  /// Queries of DNS and their replies; those to every other one in two fragments if so wanted, the
  /// last one first in some.
  private func capture(inFragments: Bool) -> MadeCapture {
    let capture = MadeCapture()
    for number in 0..<60 as Range<UInt8> {
      let (client, port) = (UInt16(number % 7), 40_000 + UInt16(number))
      let question: [UInt8] = [1, 0x61 + number % 26, 4] + Array("test".utf8) + [0, 0, 1, 0, 1]
      let answer: [UInt8] = [0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 10, 9, 8, number]
      let query = [number, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0] + question
      let reply = [number, 7, 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0] + question + answer
      capture.add(IPv4.udp(from: (client, port), to: (99, 53), query))
      let packet = IPv4.udp(from: (99, 53), to: (client, port), reply)
      let parts = inFragments && number % 2 == 1 ? pieces(packet, number) : [packet]
      for part in number % 4 == 3 ? parts.reversed() : parts { capture.add(part) }
    }
    return capture
  }

  @Test(arguments: [1, 3]) func repliesInFragmentsAreThoseInOnePiece(workers: Int) throws {
    let settings = PipelineSettings(workers: workers)
    let fields: [FieldID] = [.dnsQuestions, .dnsAnswers, .dnsResponseLength]
    let (whole, _) = try capture(inFragments: false).read(settings)
    let (store, statistics) = try capture(inFragments: true).read(settings)
    #expect(statistics.packets == 150)
    let expected = try values(fields, of: .dns, in: whole)
    #expect(expected.count == 60)
    #expect(try values(fields, of: .dns, in: store) == expected)
  }
}

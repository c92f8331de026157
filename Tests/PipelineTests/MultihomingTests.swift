import Entries
import Pipeline
import Testing

/// Associations of SCTP whose ends have two addresses each, on however many workers.
@Suite struct MultihomingTests {
  private let client: (UInt32, [UInt16]) = (0xaaaa_0001, [0x0001, 0x0101])
  private let server: (UInt32, [UInt16]) = (0xbbbb_0001, [0x0002, 0x0102])

  private func chunk(_ type: UInt8, _ value: [UInt8]) -> [UInt8] {
    [type, 3] + IPv4.big16(UInt16(value.count + 4)) + value
      + [UInt8](repeating: 0, count: -value.count & 3)
  }

  private func data(_ number: UInt32, flags: UInt8 = 3, _ bytes: [UInt8]) -> [UInt8] {
    var chunk = chunk(0, IPv4.big32(number) + [0, 0, 0, 0, 0, 0, 0, 46] + bytes)
    chunk[1] = flags
    return chunk
  }

  private func beginning(_ type: UInt8, _ end: (UInt32, [UInt16])) -> [UInt8] {
    var value = IPv4.big32(end.0) + IPv4.big32(65_535)
    value += [0, 9, 0, 9] + IPv4.big32(1)
    for host in end.1 { value += [0, 5, 0, 8, 10, 0] + IPv4.big16(host) }
    return chunk(type, value)
  }

  /// Device-Watchdog, with its hop-by-hop identifier.
  private func diameter(_ hop: UInt32, isRequest: Bool) -> [UInt8] {
    var avps: [UInt8] = [0, 0, 1, 8, 0x40, 0, 0, 12] + Array("host".utf8)
    if !isRequest { avps += [0, 0, 1, 12, 0x40, 0, 0, 12] + IPv4.big32(2001) }
    var message = IPv4.big32(1 << 24 | UInt32(avps.count + 20))
    message += IPv4.big32(isRequest ? 0x8000_0118 : 0x0000_0118) + IPv4.big32(0)
    message += IPv4.big32(hop) + IPv4.big32(7)
    return message + avps
  }

  private func capture(fromBeginning: Bool, associations: Int = 1) -> MadeCapture {
    let capture = MadeCapture()
    for number in 0..<UInt16(associations) {
      let port = 40_000 + number
      func asks(_ path: Int, _ tag: UInt32, _ chunks: [UInt8]) {
        capture.add(
          IPv4.sctp(
            from: (client.1[path], port), to: (server.1[path], 3868),
            tag: tag == 0 ? 0 : tag + UInt32(number), chunks))
      }
      func answers(_ path: Int, _ tag: UInt32, _ chunks: [UInt8]) {
        capture.add(
          IPv4.sctp(
            from: (server.1[path], 3868), to: (client.1[path], port), tag: tag + UInt32(number),
            chunks))
      }
      let own = (client.0 + UInt32(number), client.1)
      let other = (server.0 + UInt32(number), server.1)
      if fromBeginning {
        asks(0, 0, beginning(1, own))
        answers(0, client.0, beginning(2, other))
      } else {
        asks(0, server.0, chunk(4, []))
        answers(0, client.0, chunk(5, []))
      }
      for hop in 1...UInt32(4) {
        let request = diameter(hop, isRequest: true)
        // A question in two parts on two paths, the second part of it sent again.
        asks(0, server.0, data(hop * 2, flags: 2, Array(request.prefix(16))))
        asks(1, server.0, data(hop * 2 + 1, flags: 1, Array(request.dropFirst(16))))
        asks(0, server.0, data(hop * 2 + 1, flags: 1, Array(request.dropFirst(16))))
        answers(1, client.0, data(hop, diameter(hop, isRequest: false)))
        answers(0, client.0, data(hop, diameter(hop, isRequest: false)))
      }
    }
    return capture
  }

  /// On whichever worker a path would be by its addresses.
  @Test(arguments: [true, false]) func questionsAndAnswersMeetOnAnyPath(fromBeginning: Bool) throws {
    let capture = capture(fromBeginning: fromBeginning)
    let (store, statistics) = try capture.read(PipelineSettings(workers: 5))
    #expect(statistics.conversations == 2)
    let calls = try values(
      [.halves, .faultKind, .sourceIP, .destinationIP], of: .diameter, in: store)
    let expected: [FieldValue?] = [.int(3), nil, .text("10.0.1.1"), .text("10.0.1.2")]
    #expect(calls == Array(repeating: expected, count: 4))
    let records = try values([.sourceIP, .connLocalPkts, .connRemotePkts], of: .sctpConn, in: store)
    #expect(
      records == [
        [.text("10.0.0.1"), .int(9), .int(5)], [.text("10.0.1.1"), .int(4), .int(4)],
      ])
  }

  @Test func theNumberOfWorkersChangesNothing() throws {
    let capture = capture(fromBeginning: true, associations: 20)
    let expected = try contents(capture.read(PipelineSettings(workers: 1)).store)
    for workers in [2, 5] {
      let (store, statistics) = try capture.read(PipelineSettings(workers: workers))
      #expect(statistics.conversations == 40)
      #expect(try contents(store) == expected, "\(workers) workers")
    }
  }
}

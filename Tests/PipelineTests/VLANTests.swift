import Entries
import Pipeline
import Testing

@Suite struct VLANTests {
  /// A query of DNS for `a.test` in a frame with these tags, and its reply.
  private func exchange(_ tags: [UInt8]) -> MadeCapture {
    let query: [UInt8] =
      [0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0x61, 4] + Array("test".utf8) + [0, 0, 1, 0, 1]
    var reply = query
    (reply[2], reply[3]) = (0x81, 0x83)
    let capture = MadeCapture(linkType: 1)
    let head = [UInt8](repeating: 2, count: 12) + tags + [8, 0]
    capture.add(head + IPv4.udp(from: (1, 40_000), to: (2, 53), query))
    capture.add(head + IPv4.udp(from: (2, 53), to: (1, 40_000), reply))
    return capture
  }

  @Test func entriesTellTheVLANOfTheirPackets() throws {
    let fields: [FieldID] = [.captureVLAN, .captureInnerVLAN, .captureVLANIsOfProvider]
    let cases: [([UInt8], [FieldValue?])] = [
      ([], [nil, nil, nil]), ([0x81, 0, 0xe0, 42], [.int(42), nil, nil]),
      ([0x88, 0xa8, 0, 7, 0x81, 0, 0, 9], [.int(7), .int(9), .bool(true)]),
    ]
    for (tags, expected) in cases {
      let (store, _) = try exchange(tags).read(PipelineSettings(workers: 2))
      #expect(try values(fields, of: .dns, in: store) == [expected])
      #expect(try values(fields, of: .udpConn, in: store) == [expected])
    }
  }
}

import Bytes
import Dissectors
import Flows

/// The first bytes of both sides, shown to every recogniser.
///
///     start    as in `Conversing`; bit 5: no more bytes will be shown
///     client   length (2 bytes, little-endian), bytes
///     server   the rest
enum RecognitionTarget {
  static let target = FuzzTarget(
    "recognition", "the first bytes of a conversation for all recognisers", maxLength: 4 << 10
  ) { bytes throws(BrokenLaw) in
    let conversing = Conversing(Array(bytes.prefix(1)))
    var input = FuzzInput(Array(bytes.dropFirst()))
    let client = input.take(Int(input.uint16()))
    let server = input.rest()
    var opening = Opening(
      transport: conversing.transport,
      client: Conversation.Peer(address: IPAddress(v4: 1), port: 40_000),
      server: Conversation.Peer(address: IPAddress(v4: 2), port: conversing.serverPort),
      isMidway: conversing.isMidway)
    opening.isFinal = (bytes.first ?? 0) & 0x20 != 0
    for row in DissectorCatalogue.all where row.transports.contains(opening.transport) {
      let answer = row.recognise(client.rawSpan, server.rawSpan, opening)
      let again = row.recognise(client.rawSpan, server.rawSpan, opening)
      try hold(answer == again, "\(row.name) says \(answer), then \(again)")
      if case .needs(let count) = answer {
        try hold(!opening.isFinal, "\(row.name) wants more where there is no more")
        try hold(count > 0, "\(row.name) wants \(count) bytes")
      }
    }
  }
}

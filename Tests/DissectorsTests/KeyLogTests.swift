import Bytes
import Testing

@testable import Dissectors

@Suite struct KeyLogTests {
  private static let random = String(repeating: "0a", count: 32)
  private static let number = TLSRandom([UInt8](repeating: 10, count: 32).rawSpan)!
  private static let master = String(repeating: "Ab", count: 48)
  private static let traffic = String(repeating: "cd", count: 32)

  private static let text = """
    # made by a browser
    CLIENT_RANDOM \(random) \(master)\r

    SERVER_TRAFFIC_SECRET_0 \(random) \(traffic)
    EXPORTER_SECRET \(random) \(traffic)
    CLIENT_RANDOM \(random.dropLast(2)) \(master)
    CLIENT_RANDOM \(random) \(master.dropLast(2))
    CLIENT_TRAFFIC_SECRET_0 \(random) zz\(traffic.dropLast(2))
    not a line at all
    CLIENT_TRAFFIC_SECRET_0 \(random) \(traffic)
    """

  private func read(_ text: String, cut: Int? = nil) -> (TLSSecrets, KeyLog) {
    let secrets = TLSSecrets()
    var log = KeyLog()
    let bytes = Array(text.utf8)
    let place = min(cut ?? bytes.count, bytes.count)
    log.take(bytes.rawSpan.prefix(place), into: secrets)
    log.take(bytes.rawSpan.suffix(from: place), into: secrets)
    log.finish(into: secrets)
    return (secrets, log)
  }

  @Test func linesOfAnyKindAreToldApart() {
    let (secrets, log) = read(Self.text)
    #expect(log.secrets == 3 && log.otherLines == 1 && log.invalidLines == 4)
    let found = secrets.secrets(of: Self.number)
    #expect(found?[.master] == [UInt8](repeating: 0xab, count: 48))
    #expect(found?[.serverTraffic].count == 32 && found?[.clientTraffic].count == 32)
    #expect(found?[.clientHandshake] == [])
  }

  @Test func piecesMayEndAnywhere() {
    for cut in 0...Self.text.utf8.count {
      let (secrets, log) = read(Self.text, cut: cut)
      #expect(log.secrets == 3 && log.invalidLines == 4, "cut at \(cut)")
      #expect(secrets.secrets(of: Self.number) != nil)
    }
  }

  @Test func aLineThatIsTooLongIsPassedOver() {
    let (_, log) = read(
      "CLIENT_RANDOM " + String(repeating: "a", count: 5_000_000)
        + "\nCLIENT_RANDOM \(Self.random) \(Self.master)\n")
    #expect(log.invalidLines == 1 && log.secrets == 1)
  }

  @Test func sessionsMayNameTheirMasterSecret() {
    let session = String(repeating: "0a", count: 32)
    let (secrets, log) = read("RSA Session-ID:\(session) Master-Key:\(Self.master)\n")
    #expect(log.secrets == 1)
    #expect(secrets.secrets(of: Self.number)?[.session].count == 48)
    #expect(read("RSA 0123456789abcdef \(Self.master)\n").1.otherLines == 1)
  }

  @Test func newHandshakesTakeThePlaceOfOldOnes() {
    let secrets = TLSSecrets(maxHandshakes: 100)
    var log = KeyLog()
    for number in 0..<10_000 {
      let random = hex((0..<32).map { $0 < 2 ? UInt8(number >> (8 * $0) & 255) : 1 })
      log.take(Array("CLIENT_RANDOM \(random) \(Self.master)\n".utf8).rawSpan, into: secrets)
    }
    #expect(secrets.dropped == 9_900)
    #expect(secrets.keyLog(maxBytes: .max).count == 100 * 176)
    #expect(secrets.keyLog(maxBytes: 1_000).count == 5 * 176, "the newest")
  }

  @Test func whatIsKnownCanBeReadAgain() {
    let text = read(Self.text).0.keyLog(maxBytes: .max)
    let (again, log) = read(String(decoding: text, as: UTF8.self))
    #expect(log.secrets == 3 && log.invalidLines == 0)
    #expect(again.keyLog(maxBytes: .max) == text)
  }
}

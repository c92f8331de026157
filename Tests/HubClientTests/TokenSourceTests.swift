import Bytes
import Foundation
import Testing

@testable import HubClient

struct TokenSourceTests {
  private let now = Timestamp(milliseconds: 1_800_000_000_000)

  /// A token whose payload is {"exp":1799999760}: four minutes before `now`.
  private let expired = "eyJhbGciOiJub25lIn0.eyJleHAiOjE3OTk5OTk3NjB9.x"

  @Test func anExpiredTokenIsToldWithItsAge() {
    #expect(TokenSource.age(of: expired, now) == "The token expired 4 min ago. ")
    let before = Timestamp(milliseconds: 1_700_000_000_000)
    #expect(TokenSource.age(of: expired, before) == "")
    for token in ["", "a.b", "a.b.c", "..", "a.e30.c", "a.eyJleHAiOiJ4In0.c"] {
      #expect(TokenSource.age(of: token, now) == "")
    }
  }

  @Test func aTokenFileIsReadAnew() throws {
    let path = FileManager.default.temporaryDirectory
      .appendingPathComponent("token-\(UUID().uuidString)").path
    let source = TokenSource(.file(path))
    #expect(source.token == nil)
    #expect(source.advice(now: now).contains("cannot be read"))
    for text in ["one", "two"] {
      try (text + "\n").write(toFile: path, atomically: true, encoding: .utf8)
      #expect(source.token == text)
    }
    try "two words".write(toFile: path, atomically: true, encoding: .utf8)
    #expect(source.token == nil)
    try expired.write(toFile: path, atomically: true, encoding: .utf8)
    #expect(source.advice(now: now).contains("expired 4 min ago"))
  }

  @Test func theAdviceFitsHowTheTokenCame() {
    #expect(TokenSource(nil).advice(now: now).contains("--token-file"))
    #expect(TokenSource(.text("x")).advice(now: now).contains("start again"))
  }
}

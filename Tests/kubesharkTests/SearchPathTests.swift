import Testing

@testable import kubeshark

struct SearchPathTests {
  @Test func usualFoldersComeBehindThePath() {
    let there: Set = ["/usr/local/bin", "/opt/homebrew/bin", "/home/a/.local/bin"]
    #expect(
      SearchPath.widened("/usr/bin:/opt/homebrew/bin", home: "/home/a") { there.contains($0) }
        == "/usr/bin:/opt/homebrew/bin:/usr/local/bin:/home/a/.local/bin")
    #expect(
      SearchPath.widened("/usr/bin", home: nil) { there.contains($0) }
        == "/usr/bin:/usr/local/bin:/opt/homebrew/bin")
    #expect(SearchPath.widened("/usr/bin", home: "a") { _ in false } == "/usr/bin")
    #expect(SearchPath.widened("", home: nil) { $0 == "/snap/bin" } == "/snap/bin")
  }
}

import Testing

@testable import HubClient

struct HubAddressTests {
  @Test(arguments: [
    ("http://localhost:8899", "http://localhost:8899"),
    ("https://kubeshark.example.com/", "https://kubeshark.example.com"),
    ("https://kubeshark.example.com///", "https://kubeshark.example.com"),
    ("HTTPS://Kubeshark.Example.com/base/path/", "https://kubeshark.example.com/base/path"),
    ("http://[::1]:8899/x", "http://[::1]:8899/x"), ("http://[::1]", "http://[::1]"),
    (" http://10.0.0.1 \n", "http://10.0.0.1"),
    ("https://a.example/api/mcp", "https://a.example"),
    ("https://a.example/base/api/mcp/", "https://a.example/base"),
  ])
  func addressesKeepTheirBasePathAndLoseTheirSlashes(given: String, address: String) throws {
    #expect(try HubAddress(given).description == address)
  }

  @Test(arguments: [
    ("kubeshark.example.com", "https://kubeshark.example.com"),
    ("localhost:8899", "http://localhost:8899"), ("ftp://a.example", "https://a.example"),
    ("https://a.example/?x=1", "https://a.example/"),
    ("https://a.example/#f", "https://a.example/"),
    ("https://user:secret@a.example", "--token"), ("https://a.example:0", "65535"),
    ("https://a.example:99999", "65535"), ("https://a.example:x", "65535"),
    ("https://", "For example"), ("https:///path", "For example"), ("", "For example"),
    ("https://a b.example", "Remove"), ("https://a\u{1}.example", "Remove"),
  ])
  func whatIsNoAddressIsToldWhatWouldBe(given: String, hint: String) {
    do throws(HubAddress.Problem) {
      let address = try HubAddress(given)
      Issue.record("\(given) was taken for \(address)")
    } catch {
      #expect(error.hint.contains(hint))
      #expect(!error.message.contains("secret"))
    }
  }
}

import Testing

@testable import HubClient

struct ProxyRulesTests {
  @Test(
    arguments: [
      ("https://hub.example", "proxy:3128"), ("http://hub.example", "other:80"),
      ("https://in.corp.example", nil), ("https://corp.example", nil),
      ("https://notcorp.example", "proxy:3128"), ("https://ported.example:8443", nil),
      ("https://ported.example", "proxy:3128"), ("http://127.0.0.1:8899", nil),
      ("http://localhost:8899", nil),
    ] as [(String, String?)])
  func theEnvironmentNamesProxiesAndExceptions(url: String, proxy: String?) throws {
    let rules = ProxyRules(
      http: "http://other", https: "http://user:pass@proxy:3128/",
      exceptions: ".corp.example, ported.example:8443")
    let found = rules.proxy(for: try HubAddress(url))
    #expect(found.map { "\($0.host):\($0.port)" } == proxy)
    if proxy == "proxy:3128" { #expect(found?.login?.0 == "user") }
  }

  @Test func anAsteriskExceptsAllAndRubbishIsNoProxy() throws {
    let address = try HubAddress("https://hub.example")
    #expect(ProxyRules(http: nil, https: "p:1", exceptions: "*").proxy(for: address) == nil)
    for text in ["", "http://", "http://p:x", ":80"] {
      #expect(ProxyRules(http: nil, https: text, exceptions: "").proxy(for: address) == nil)
    }
  }
}

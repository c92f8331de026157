import Testing

@testable import Query

@Suite struct PathTemplateTests {
  @Test(arguments: [
    ("/users/42", "/users/{id}"),
    ("/users/42/orders/7f3c9a1b", "/users/{id}/orders/{id}"),
    ("/o/550e8400-e29b-41d4-a716-446655440000/items", "/o/{id}/items"),
    ("/v1/api2/http2", "/v1/api2/http2"),
    ("/decade/face", "/decade/face"),
    ("/t/eyJhbGciOiJIUzI1NiJ9_1234", "/t/{id}"),
    ("/static/app.4f3a.js", "/static/app.4f3a.js"),
    ("/", "/"), ("", ""), ("/2024/", "/{id}/"),
    ("/helloworld.Greeter/SayHello1", "/helloworld.Greeter/SayHello1"),
  ])
  func whatNamesOneThingIsTakenOut(_ path: String, _ expected: String) {
    #expect(PathTemplate.template(of: path) == expected)
  }

  /// Cipher suites, users and collections were all one `{id}`.
  @Test(arguments: [
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "0xc02f", "api.shop", "h2", "491701234567",
    "events_2024_01_15",
  ])
  func namesAreNoPaths(_ name: String) { #expect(PathTemplate.template(of: name) == name) }

  @Test func longPathsAreCut() {
    let path = String(repeating: "/a1", count: 1_000)
    #expect(PathTemplate.template(of: path).utf8.count < 600)
  }
}

import KFL
import Testing

@testable import Query

@Suite struct PlanStepTests {
  private func steps(_ text: String) throws -> [String] {
    try filter(text).planSteps.map { $0.condition + ": " + $0.method }
  }

  @Test func aStepSaysHowItIsDecided() throws {
    #expect(
      try steps("http && path.startsWith(\"/api\") && status_code >= 500") == [
        "http: kind of entry, often for whole blocks",
        "status_code >= 500: column of numbers, blocks skipped by their range",
        "path.startsWith(\"/api\"): column of texts, once per distinct text",
      ])
    #expect(
      try steps("\"x\" in request.headers")
        == ["\"x\" in request.headers: entry by entry, from headers or bodies"])
    #expect(
      try steps("src.name == dst.name") == ["src.name == dst.name: entry by entry, from columns"])
    #expect(
      try steps("query_string[\"id\"] == \"7\"")
        == ["query_string[\"id\"] == \"7\": from url, once per distinct value"])
    #expect(
      try steps("http || status_code == 3")[0].hasSuffix(
        "kind of entry, often for whole blocks; column of numbers, blocks skipped by their range"))
    #expect(try steps("true").isEmpty)
    #expect(try steps("false") == ["false: never true"])
  }
}

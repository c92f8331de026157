import Bytes
import JSON
import Testing
import ToolKit

@Suite struct ArgumentsTests {
  private let limit = Parameter("limit", .count(1...1000, default: 100), "How many")
  private let format = Parameter(
    "format", .choice(["compact", "full"], default: "compact"), "Form")
  private let kfl = Parameter("kfl", .text, "Filter")
  private let start = Parameter("start", .instant, "Begin", aliases: ["start_time"])
  private let nodes = Parameter("nodes", .names, "Nodes")
  private let labels = Parameter("labels", .labels, "Labels")
  private let payload = Parameter("include_payload", .flag(default: true), "Bodies")
  private let id = Parameter("id", .text, "Entry id", required: true)
  private let now = Timestamp(rfc3339: "2026-03-14T23:00:00Z")!

  private func read(
    _ given: JSONObject, _ parameters: [Parameter]? = nil
  ) throws(ToolError) -> Arguments {
    try Arguments(
      given, for: parameters ?? [limit, format, kfl, start, nodes, labels, payload], now: now)
  }

  @Test func defaultsStandWhereNothingIsGiven() throws {
    let arguments = try read(["kfl": .null, "format": ""])
    #expect(arguments.count(limit) == 100 && arguments.text(format) == "compact")
    #expect(arguments.text(kfl) == nil && arguments.flag(payload) && arguments.names(nodes).isEmpty)
    #expect(arguments.warnings.isEmpty)
  }

  @Test func looseSpellingsAreRead() throws {
    let arguments = try read([
      "limit": "5", "include_payload": "false", "nodes": "a, b,", "labels": "app=web,tier=a=b",
      "start_time": "-15m",
    ])
    #expect(arguments.count(limit) == 5 && !arguments.flag(payload))
    #expect(arguments.names(nodes) == ["a", "b"])
    #expect(arguments.labels(labels).map(\.value) == ["web", "a=b"])
    #expect(arguments.instant(start)?.rfc3339 == "2026-03-14T22:45:00Z")
  }

  @Test func valuesOutOfRangeAreMovedAndSaid() throws {
    let arguments = try read(["limit": 5000])
    #expect(arguments.count(limit) == 1000)
    #expect(arguments.warnings == ["limit 5000 is outside 1 to 1000; 1000 was used."])
  }

  @Test func unknownArgumentsAreNamedWithTheNearest() throws {
    #expect(
      try read(["limmit": 5]).warnings
        == ["Unknown argument \"limmit\" was ignored; did you mean \"limit\"?"])
    #expect(try read(["zzz": 1]).warnings[0].contains("the tool takes limit, format"))
    #expect(try read(["a": 1], []).warnings[0].contains("takes none"))
  }

  @Test(
    arguments: [
      (["limit": "many"], "limit must be a whole number, not \"many\""),
      (["limit": 1.5], "limit must be a whole number, not 1.5"),
      (["format": "ful"], "format must be one of compact, full, not \"ful\""),
      (["include_payload": 2], "include_payload must be true or false, not 2"),
      (["nodes": [1]], "nodes must be a list of names, not [1]"),
      (["kfl": [:]], "kfl must be a text, not {}"),
      (["labels": "app"], "labels must look like name=value,name=value, not \"app\""),
      (["start": 1_700_000_000], "start is in Unix milliseconds; 1700000000 looks like seconds"),
      (["start": "yesterday"], "start is not a time: \"yesterday\""),
      (["start": "2026-03-14 22:00:00"], "start has no time zone: \"2026-03-14 22:00:00\""),
    ] as [(JSONObject, String)])
  func wrongValuesSayWhatWouldBeRight(given: JSONObject, message: String) {
    do {
      _ = try read(given)
      Issue.record("accepted")
    } catch {
      #expect(error.message == message && error.status == 400)
      #expect(error.argument == given.names[0])
    }
  }

  @Test func requiredArgumentsAreMissed() {
    do {
      _ = try read([:], [id])
      Issue.record("accepted")
    } catch { #expect(error.message == "id is required") }
  }

  @Test func schemaListsRowsInOrder() {
    let schema = JSONValue.object([id, limit].schema).text
    #expect(
      schema == """
        {"type":"object","properties":{"id":{"type":"string","description":"Entry id"},"limit":\
        {"type":"integer","maximum":1000,"default":100,"description":"How many"}},\
        "required":["id"]}
        """)
  }

  @Test(arguments: [
    ("30s", 30e9), ("1h30m", 5400e9), ("2d", 172_800e9), ("1.5h", 5400e9), ("250ms", 0.25e9),
  ])
  func durationsAreRead(text: String, nanoseconds: Double) {
    #expect(Instant.duration(text) == Int64(nanoseconds))
  }

  @Test(arguments: ["", "5", "m", "5 m", "5x", "-5m", "1e9s"])
  func otherDurationsAreRefused(text: String) { #expect(Instant.duration(text) == nil) }

  @Test func tablesStayWithinTheirBudget() {
    var table = Table([.init("name", limit: 6), .init("count", right: true)])
    table.add(["orders", "5"])
    table.add(["payment-service", "12"])
    #expect(table.text(budget: 1000).text == "name    count\norders      5\npayme…     12\n")
    let cut = table.text(budget: 30)
    #expect(cut.shown == 1 && cut.text == "name    count\norders      5\n")
  }
}

import Bytes
import JSON
import KFL
import Testing

@testable import Query

@Suite struct WrittenEntryTests {
  private func entries(_ text: String) throws -> [WrittenEntry] {
    try WrittenEntry.entries(of: Array(text.utf8))
  }

  private func selects(_ text: String, _ entry: WrittenEntry) throws -> Bool {
    try filter(text).evaluate(entry).isSelected
  }

  @Test(arguments: [
    #"{"http": true, "status_code": 503, "src.port": 4242, "src.pod.name": "web-1"}"#,
    #"{"http": true, "status_code": 503, "src": {"port": 4242, "pod": {"name": "web-1"}}}"#,
  ])
  func fieldsAreReadDottedAndNested(_ text: String) throws {
    let entry = try entries(text)[0]
    #expect(try selects("http && status_code == 503 && src.port == 4242", entry))
    #expect(try selects("src.pod.name == \"web-1\" && path == \"\" && grpc_status == -1", entry))
  }

  @Test func everyTypeIsRead() throws {
    let entry = try entries(
      #"""
      {"timestamp": "2026-03-14T22:50:00Z", "namespaces": ["a", "b"], "raw": {"a": {"b": [1, null]}},
       "request": {"headers": {"host": "shop"}}, "tcp_metrics": {"retransmissions": 12, "rate": 0.5},
       "tcp_payload": "abc", "elapsed_time": 1200, "node": {"name": "n"}, "method": null}
      """#)[0]
    for text in [
      "timestamp == timestamp(\"2026-03-14T22:50:00Z\")", "namespaces == [\"a\", \"b\"]",
      "raw.a.b[0] == 1", "request.headers[\"Host\"] == \"shop\"",
      "tcp_metrics[\"retransmissions\"] == 12.0", "tcp_payload == b\"abc\"",
      "elapsed_time == 1200", "node.name == \"n\"", "method == \"\"",
    ] {
      #expect(try selects(text, entry), "\(text)")
    }
  }

  @Test func severalEntriesAreAnArrayOrLines() throws {
    #expect(try entries(#"[{"http": true}, {"dns": true}]"#).count == 2)
    #expect(try entries("{\"http\": true}\n\n{\"dns\": true}\n").count == 2)
    #expect(try entries("{}").count == 1)
    #expect(try entries("[]").isEmpty)
  }

  @Test(arguments: [
    (#"{"statuscode": 1}"#, "there is no field statuscode"),
    (#"{"src": {"nothing": 1}}"#, "there is no field src.nothing"),
    (#"{"status_code": "500"}"#, "status_code must be an integer"),
    (#"{"http": 1}"#, "http must be true or false"),
    (#"{"timestamp": "soon"}"#, "timestamp must be text such as"),
    (#"{"namespaces": ["a", 1]}"#, "namespaces must be an array of texts"),
    (#"{"request.headers": {"a": 1}}"#, "request.headers must be an object of texts"),
    (#"{"raw": 1}"#, "raw must be an object"), ("3", "an entry is a JSON object"),
    ("{", "the entry is not JSON"), ("{}\n{", "line 2 is not JSON"),
  ])
  func aMistakeIsTold(_ text: String, _ message: String) throws {
    do {
      _ = try entries(text)
      Issue.record("taken: \(text)")
    } catch let mistake as WrittenEntry.Mistake {
      #expect(mistake.message.hasPrefix(message), "\(mistake.message)")
    }
  }
}

import Bytes
import Entries
import KFL
import Store
import TestSupport
import Testing

@testable import Query

/// Conditions over columns select what evaluating the filter entry by entry selects.
@Suite struct ScanTests {
  /// Conditions that go every way there is, to be combined.
  static let atoms = [
    "http", "!http", "http2", "grpc", "gql", "dns", "conn", "flow", "tls", "redis", "!tls",
    "!http2",
    "protocol == \"HTTP\"", "protocol != \"DNS\"", "protocol in [\"DNS\", \"TCP\"]",
    "l4proto == \"udp\"", "protocol.startsWith(\"H\")", "status_code >= 500", "status_code != 200",
    "status_code in [404, 500]", "!(status_code in [404, 500])", "status_code > 299.5",
    "status_code / 100 == 5", "elapsed_time / status_code > 1000", "elapsed_time > 2000",
    "elapsed_time == 0", "grpc_status != 0", "grpc_status == -1", "grpc_status > 0",
    "path.startsWith(\"/api\")", "path == \"/health\"", "path == \"\"", "path != \"/\"",
    "path.contains(\"users\")", "path.matches(\"[0-9]+$\")", "size(path) > 4", "path == \"/Über\"",
    "int(path) > 3", "method == \"GET\"", "method in [\"GET\", \"\"]", "url.endsWith(\"id=7\")",
    "query_string[\"id\"] == \"7\"", "map_get(query_string, \"q\", \"\") == \"x,y\"",
    "\"id\" in query_string", "src.pod.name == \"payments\"", "dst.pod.name != \"\"",
    "dst.pod.name.startsWith(\"orders\")", "src.namespace == \"shop\"", "dst.namespace == \"\"",
    "src.name == \"api.example.com\"", "dst.name.contains(\"e\")", "\"shop\" in namespaces",
    "size(pods) == 2", "dst.service.name in [\"orders\", \"payments\"]",
    "local_labels[\"app\"] == \"web\"", "map_get(remote_labels, \"app\", \"\") == \"orders\"",
    "has(local_labels.tier)", "local_process_name == \"java\"", "node[\"name\"] == \"node-1\"",
    "node_name == \"node-2\"", "node_name != \"local\"", "node_name.startsWith(\"loc\")",
    "node_id in [\"local\", \"node-1\"]", "node_id == \"\"", "error", "error_type == \"timeout\"",
    "call_failed", "!call_failed",
    "has_pcap", "index == 0", "id > 16777216", "conn_id % 2 == 0", "stream != \"\"",
    "src.port == 0", "dst.port == 8080", "in_cidr(src.ip, \"10.0.0.0/30\")",
    "timestamp > timestamp(\"2023-11-14T22:13:21Z\")", "timestamp.getSeconds() < 30",
    "timestamp < now() + duration(\"1500ms\")", "dns_rcode == \"NXDOMAIN\"",
    "\"a.example.com\" in dns_questions", "dns_questions[0] == \"c\"", "dns && !dns_response",
    "kafka_topics.exists(t, t == \"payments\")", "kafka_request_summary == \"orders\"",
    "kafka_size > 100", "redis_total_size > 500", "redis_key.startsWith(\"cart\")",
    "mysql && !mysql_success", "conn_state == \"closed\"", "conn_local_pkts > conn_remote_pkts",
    "map_get(tcp_metrics, \"retransmissions\", 0.0) > 0.0",
    "tcp_metrics[\"retransmission_rate\"] > 0.1", "\"TLS\" in conn_l7_detected",
    "request.headers[\"authorization\"].startsWith(\"Token\")", "has(request.headers.cookie)",
    "\"Host\" in request.headers", "request.cookies[\"theme\"] == \"dark\"",
    "request_body.contains(\"coupon\")", "response.headers == {}", "capture_source_code == 3",
    "capture[\"source\"] == \"af_packet\"", "raw.request.method == \"GET\"", "raw.size > 100",
    "flow_id > 4503599627370496", "response.status == 500", "request.path contains \"orders\"",
    "request.nothing == 1", "true", "false",
  ]

  private func text(_ random: inout RandomEntries, _ depth: Int) -> String {
    if depth == 0 || Int.random(in: 0..<3, using: &random.random) == 0 {
      return random.pick(Self.atoms)
    }
    let (a, b) = (text(&random, depth - 1), text(&random, depth - 1))
    return random.pick(["(\(a)) && (\(b))", "(\(a)) || (\(b))", "!(\(a))", "(\(a)) && (\(b))"])
  }

  private func check(_ text: String, _ entries: [Entry], _ store: EntryStore) throws {
    let filter = try filter(text)
    var expected: [String] = []
    var failures = 0
    for entry in entries {
      let record = PlainRecord(EntryRow(entry))
      if filter.evaluate(record).isSelected {
        expected.append("\(entry.timestamp.nanoseconds)/\(entry.stream)/\(entry.index)")
      } else if isFailure(filter, record) {
        failures += 1
      }
    }
    var found: [String] = []
    var failed = 0
    let plan = ScanPlan([filter], window: nil)
    for block in store.snapshot().blocks {
      let columns = BlockColumns(block)
      let scan = try BlockScan(columns, decoder: .plain, sharesTexts: true)
      let selection = try scan.select(plan)
      failed += selection.failures.count
      #expect((selection.failures.count == 0) == (selection.failures.cause == nil))
      selection.rows.forEach { row in
        let view = EntryView(columns, row: row, decoder: .plain)
        found.append("\(view.timestamp.nanoseconds)/\(view.id.stream)/\(view.id.index)")
      }
      switch scan.verdict(plan) {
      case .none: #expect(selection.rows.isEmpty, "\(text)")
      case .all: #expect(selection.rows.count == block.rows, "\(text)")
      case .some: break
      }
      if let count = scan.headerCount(plan, sharing: true) {
        #expect(count == selection.rows.count && selection.failures.count == 0, "\(text)")
      }
      if !block.kinds.intersects(plan.kinds) { #expect(selection.rows.isEmpty, "\(text)") }
    }
    #expect(found.sorted() == expected.sorted(), "\(text)")
    #expect(failed == failures, "\(text)")
  }

  /// Whether a condition failed and none said no. A legacy path that is missing says no.
  private func isFailure(_ filter: Filter, _ record: PlainRecord) -> Bool {
    var failed = false
    for conjunct in filter.conjuncts {
      switch conjunct.evaluate(record) {
      case .yes: break
      case .no, .failed(.absent): return false
      case .failed: failed = true
      }
    }
    return failed
  }

  @Test(arguments: [false, true])
  func everyConditionAloneAgreesWithThePlainFilter(sharingTexts: Bool) throws {
    var random = RandomEntries(seed: 1)
    let entries = (0..<900).map { random.entry(Int64($0) * 3) }
    let store = try store(entries, sharingTexts: sharingTexts)
    for atom in Self.atoms { try check(atom, entries, store) }
  }

  @Test(arguments: [false, true])
  func randomFiltersAgreeWithThePlainFilter(sharingTexts: Bool) throws {
    var random = RandomEntries(seed: 2)
    let entries = (0..<600).map { random.entry(Int64($0) * 3) }
    let store = try store(entries, blockRows: 130, sharingTexts: sharingTexts)
    for _ in 0..<250 { try check(text(&random, 3), entries, store) }
  }

  /// Every field of the catalogue in conditions of every kind its type has, alone.
  @Test func conditionsOnEveryFieldAgreeWithThePlainFilter() throws {
    var random = RandomEntries(seed: 4)
    let entries = (0..<300).map { random.crowdedEntry(Int64($0) * 7) }
    let store = try store(entries, blockRows: 110)
    var conditions = RandomConditions(random: SeededGenerator(seed: 5))
    for variable in FieldSchema.schema.variables {
      for _ in 0..<4 { try check(conditions.condition(on: variable), entries, store) }
    }
  }

  /// The same, combined.
  @Test func randomFiltersOnEveryFieldAgreeWithThePlainFilter() throws {
    var random = RandomEntries(seed: 6)
    let entries = (0..<300).map { random.crowdedEntry(Int64($0) * 7) }
    let store = try store(entries, blockRows: 90)
    var conditions = RandomConditions(random: SeededGenerator(seed: 7))
    for _ in 0..<400 { try check(conditions.filter(3), entries, store) }
  }

  @Test func blocksOfOneKindAreDecidedWhole() throws {
    var random = RandomEntries(seed: 3)
    var entries: [Entry] = []
    while entries.count < 100 {
      let entry = random.entry(Int64(entries.count))
      if entry.kind == .http { entries.append(entry) }
    }
    let store = try store(entries)
    let scan = try BlockScan(BlockColumns(store.snapshot().blocks[0]), decoder: .plain)
    func verdict(_ text: String) throws -> Verdict {
      scan.verdict(ScanPlan([try filter(text)], window: nil))
    }
    #expect(try verdict("http") == .all)
    #expect(try verdict("dns") == .none)
    #expect(try verdict("http && status_code > 600") == .none)
    #expect(try verdict("status_code < 600") == .all)
    #expect(try verdict("path == \"/nowhere\"") == .none)
    #expect(try verdict("path.startsWith(\"/nowhere\")") == .none)
    #expect(try verdict("path == \"/health\"") == .some)
    #expect(try verdict("kafka_size > 0") == .some)
    #expect(try verdict("redis_key == \"x\"") == .none)
    #expect(try verdict("redis_key == \"\"") == .all)
    #expect(try verdict("status_code == 418") == .none)
    #expect(try verdict("src.namespace.startsWith(\"x\")") == .none)
    #expect(try verdict("size(dst.namespace) < 9") == .all)
  }

  /// The scan unpacks headers and bodies of many rows at once; a row by itself would unpack all of
  /// them for each member of its record.
  @Test func rawRecordsAreReadByTheScan() throws {
    var random = RandomEntries(seed: 4)
    let store = try store((0..<100).map { random.entry(Int64($0)) })
    let scan = try BlockScan(BlockColumns(store.snapshot().blocks[0]), decoder: .plain)
    let raw = try #require(Catalogue.all.first { $0.id == .raw })
    for row in 0..<scan.rows {
      let value = scan.value(of: raw, row)
      #expect(scan.lastContents?.row == row)
      #expect(value.equals(Value(EntryView(scan.columns, row: row, decoder: .plain).raw)))
    }
  }

  /// Blocks with so many texts that a summary of them is asked first.
  @Test(arguments: [false, true])
  func partsOfManyTextsAgreeWithThePlainFilter(areRepeated: Bool) throws {
    var random = RandomEntries(seed: 5)
    let entries = (0..<2_500).map { number -> Entry in
      var entry = random.entry(Int64(number))
      let id = String(
        areRepeated
          ? UInt64(number % 300) &* 0x9e37_79b9_7f4a_7c15
          : UInt64.random(in: .min ... .max, using: &random.random), radix: 36)
      entry.fields.set(.path, .text("/api/v\(areRepeated ? 3 : number % 7)/orders/\(id)"))
      return entry
    }
    let store = try store(entries, blockRows: 2_048)
    var needles = ["", "/", "zz", "orders", "/v3/", "ord3rs", "nowhere", "\u{fc}\u{fc}"]
    for _ in 0..<40 {
      guard case .text(let path) = random.pick(entries).fields[.path] else { continue }
      needles.append(String(path.dropFirst(Int.random(in: 0..<20, using: &random.random))))
      needles.append(String(path.prefix(17)) + "x")
    }
    for needle in needles {
      for condition in ["contains", "startsWith", "endsWith"] {
        try check("path.\(condition)(\"\(needle)\")", entries, store)
        try check("!path.\(condition)(\"\(needle)\")", entries, store)
      }
      try check("path == \"\(needle)\"", entries, store)
      try check("path in [\"\(needle)\", \"/\", \"\"]", entries, store)
    }
    let filled = try #require(store.snapshot().blocks.max { $0.rows < $1.rows })
    #expect(
      try filled.grams(.path)?.mayContain(Array("nowhere".utf8)) == (areRepeated ? nil : false))
    #expect(try (filled.texts(.path) != nil) == areRepeated)
  }

  @Test func headersCountWhatTheyCan() throws {
    var random = RandomEntries(seed: 4)
    let entries = (0..<300).map { random.entry(Int64($0)) }
    let store = try store(entries)
    func count(_ text: String, sharing: Bool = false) throws -> Int? {
      var sum = 0
      for block in store.snapshot().blocks {
        let scan = try BlockScan(BlockColumns(block), decoder: .plain)
        let plan = ScanPlan([try filter(text)], window: nil)
        guard let count = scan.headerCount(plan, sharing: sharing) else { return nil }
        sum += count
      }
      return sum
    }
    for text in [
      "http", "status_code >= 500", "protocol == \"DNS\"", "call_failed", "error", "true",
    ] {
      let expected = try entries.count { entry in
        try filter(text).evaluate(PlainRecord(EntryRow(entry))).isSelected
      }
      #expect(try count(text) == expected, "\(text)")
    }
    let users = try filter("path.contains(\"users\")")
    #expect(try count("path.contains(\"users\")") == nil)
    #expect(
      try count("path.contains(\"users\")", sharing: true)
        == entries.count { users.evaluate(PlainRecord(EntryRow($0))).isSelected })
    #expect(try count("call_failed && status_code == 200") == nil)
  }
}

import Bytes
import Entries
import KFL
import Store
import TestSupport
import Testing

@testable import Query

@Suite struct DoctorTests {
  private let entries: [Entry]
  private let source: StoreSource

  init() throws {
    var random = RandomEntries(seed: 31)
    entries = (0..<800).map { random.entry(Int64($0) * 5) }
    source = StoreSource(try store(entries, blockRows: 100))
  }

  private func count(_ text: String) throws -> Int {
    let filter = try filter(text)
    return entries.count { filter.evaluate(PlainRecord(EntryRow($0))).isSelected }
  }

  @Test func eachConditionSaysWhatItRemoves() async throws {
    let parts = ["http", "status_code == 418", "path.startsWith(\"/api\")"]
    let diagnosis = try await source.diagnose(
      Query([try filter(parts.joined(separator: " && "))]))
    #expect(diagnosis.entries == 800 && diagnosis.inWindow == 800 && diagnosis.matching == 0)
    #expect(diagnosis.conditions.map(\.text) == parts)
    for (place, part) in parts.enumerated() {
      let condition = diagnosis.conditions[place]
      #expect(condition.alone == (try count(part)))
      let before = parts[...place].joined(separator: " && ")
      #expect(condition.remaining == (try count(before)))
      var others = parts
      others.remove(at: place)
      #expect(condition.without == (try count(others.joined(separator: " && "))))
    }
    let status = diagnosis.conditions[1]
    #expect(status.field?.id == .statusCode)
    #expect(status.values.contains { $0.value == .int(500) })
    #expect(diagnosis.relaxed?.filter == "http && path.startsWith(\"/api\")")
    #expect(diagnosis.relaxed?.hits == status.without)
    #expect(diagnosis.relaxed?.leftOut == ["status_code == 418"])
    #expect(diagnosis.isComplete)
  }

  @Test func theRelaxedFilterFindsWhatItSays() async throws {
    for text in [
      "http && method == \"PATCH\" && status_code == 500",
      "redis && (path == \"/x\" || status_code == 7) && redis_type == \"GET\"",
      "dns && http && redis", "path == \"/x\" && method == \"NO\"",
    ] {
      let diagnosis = try await source.diagnose(Query([try filter(text)]))
      let relaxed = try #require(diagnosis.relaxed, "\(text)")
      #expect(relaxed.hits > 0)
      #expect(try count(relaxed.filter) == relaxed.hits, "\(text) → \(relaxed.filter)")
    }
  }

  @Test func nearNamesAreProposed() async throws {
    func nearest(_ text: String) async throws -> String? {
      try await source.diagnose(Query([try filter(text)])).conditions[0].nearest
    }
    #expect(try await nearest("dst.service.name == \"Orders\"") == "orders")
    #expect(try await nearest("dst.service.name == \"payment\"") == "payments")
    #expect(try await nearest("dst.service.name == \"oders\"") == "orders")
    #expect(try await nearest("dst.service.name == \"inventory\"") == nil)
    #expect(try await nearest("dst.service.name == \"\"") == nil)
    // The same asked of either side.
    let either = "src.service.name == \"oders\" || dst.service.name == \"oders\""
    #expect(try await nearest(either) == "orders")
  }

  @Test func aNearNameIsAskedForInstead() async throws {
    let text = "http && dst.service.name == \"Payment\" && status_code >= 0"
    let relaxed = try #require(try await source.diagnose(Query([try filter(text)])).relaxed)
    #expect(relaxed.filter == "http && dst.service.name == \"payments\" && status_code >= 0")
    let found = try count(relaxed.filter)
    #expect(found > 0 && relaxed.hits == found)
    #expect(relaxed.leftOut == ["dst.service.name == \"Payment\""])
  }

  @Test func anEmptyWindowIsTheCause() async throws {
    let late = start.advanced(by: 3_600_000_000_000)
    let diagnosis = try await source.diagnose(
      Query([try filter("http")], window: late..<late.advanced(by: 1_000)))
    #expect(diagnosis.inWindow == 0 && diagnosis.relaxed == nil)
    #expect(diagnosis.outsideWindow == (try count("http")))
  }

  @Test func aQueryThatFindsSomethingNeedsNoRemedy() async throws {
    let diagnosis = try await source.diagnose(Query([try filter("http")]))
    #expect(diagnosis.matching == (try count("http")) && diagnosis.relaxed == nil)
  }
}

import Synchronization
import Testing
import ToolKit

@testable import HubClient

struct CatalogueCacheTests {
  private static func catalogue(_ name: String) -> Catalogue {
    Catalogue(name: name, version: "", description: "", tools: [], prompts: [])
  }

  private static let down = ToolError(status: 503, code: "down", message: "down")

  /// Asks at a time, with what the Hub would answer; notes the tag sent along.
  private func ask(
    _ cache: CatalogueCache, at seconds: Int, _ hub: Result<CatalogueCache.Fetched, ToolError>
  ) async -> (answer: String, asked: Bool, tag: String?) {
    var (asked, sent): (Bool, String?) = (false, nil)
    do throws(ToolError) {
      let catalogue = try await cache.catalogue(now: { .seconds(seconds) }) {
        tag throws(ToolError) in
        (asked, sent) = (true, tag)
        return try hub.get()
      }
      return (catalogue.name, asked, sent)
    } catch {
      return (error.code, asked, sent)
    }
  }

  @Test func aCopyIsServedUntilItIsOldAndThenWhileTheHubIsAway() async {
    let cache = CatalogueCache()
    let first = Self.catalogue("first")
    let second = Self.catalogue("second")
    var answer = await ask(cache, at: 0, .success(.catalogue(first, tag: "1")))
    #expect(answer == ("first", true, nil))
    answer = await ask(cache, at: 299, .success(.catalogue(second, tag: "2")))
    #expect(answer == ("first", false, nil))
    answer = await ask(cache, at: 301, .failure(Self.down))
    #expect(answer == ("first", true, "1"))
    answer = await ask(cache, at: 302, .success(.catalogue(second, tag: "2")))
    #expect(answer == ("first", false, nil))
    answer = await ask(cache, at: 304, .success(.unchanged))
    #expect(answer == ("first", true, "1"))
    answer = await ask(cache, at: 605, .success(.catalogue(second, tag: "2")))
    #expect(answer == ("second", true, "1"))
  }

  @Test func aHubThatIsAwayIsNotAskedAgainAtOnce() async {
    let cache = CatalogueCache()
    var answer = await ask(cache, at: 0, .failure(Self.down))
    #expect(answer == ("down", true, nil))
    answer = await ask(cache, at: 1, .success(.catalogue(Self.catalogue("up"), tag: nil)))
    #expect(answer == ("down", false, nil))
    answer = await ask(cache, at: 3, .success(.catalogue(Self.catalogue("up"), tag: nil)))
    #expect(answer == ("up", true, nil))
  }

  @Test func whoeverGivesUpLeavesTheQuestionToTheOthers() async {
    let cache = CatalogueCache()
    let cancelled = ToolError(status: 499, code: "cancelled", message: "")
    var answer = await ask(cache, at: 0, .failure(cancelled))
    #expect(answer == ("cancelled", true, nil))
    answer = await ask(cache, at: 0, .success(.catalogue(Self.catalogue("up"), tag: nil)))
    #expect(answer == ("up", true, nil))
  }
}

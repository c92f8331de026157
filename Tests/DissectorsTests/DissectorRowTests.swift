import Flows
import Testing

@testable import Dissectors

@Suite struct DissectorRowTests {
  /// Whoever has last touches for entries stands in the catalogue as such.
  @Test(arguments: DissectorCatalogue.all.map(\.name))
  func whoCompletesEntriesIsAskedTo(name: String) throws {
    let row = try #require(DissectorCatalogue.all.first { $0.name == name })
    let reader = row.make(Opening(Talk(serverPort: 9).conversation))
    #expect((reader is any CompletingDissector) == (row.complete != nil))
  }
}

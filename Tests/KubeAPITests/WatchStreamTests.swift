import JSON
import Testing

@testable import KubeAPI

struct WatchStreamTests {
  /// A version is given up when the server no longer knows it, or does not know it yet: its store was
  /// set back, and that version may never come.
  @Test func aVersionOfNoUseIsGivenUp() {
    func isOfVersion(_ status: Int, _ reason: String) -> Bool {
      ResourceWatch.Refused(status: status, reason: reason).isOfVersion
    }
    #expect(isOfVersion(410, "too old resource version: 5 (9)"))
    #expect(isOfVersion(504, "Timeout: Too large resource version: 1000, current: 900"))
    #expect(!isOfVersion(504, "Timeout: request did not complete within requested timeout"))
    #expect(!isOfVersion(403, "forbidden") && !isOfVersion(500, "too large resource version"))
  }

  private let wire = """
    {"type":"ADDED","object":{"kind":"Pod","metadata":{"name":"a","resourceVersion":"7"}}}
    {"type":"BOOKMARK","object":{"kind":"Pod","metadata":{"resourceVersion":"12"}}}

    {"type":"DELETED","object":{"kind":"Pod","metadata":{"name":"a","resourceVersion":"13"}}}
    {"type":"ERROR","object":{"kind":"Status","code":410,"message":"too old resource version"}}

    """

  @Test func anySplitGivesTheSameEvents() throws {
    let bytes = Array(wire.utf8)
    for cut in 0...bytes.count {
      var stream = WatchStream()
      var events = try stream.events(adding: bytes[..<cut])
      events += try stream.events(adding: bytes[cut...])
      #expect(events.map(word) == ["put a", "bookmark 12", "removed a", "failed 410"])
    }
  }

  @Test func whatIsNoEventIsTold() {
    var stream = WatchStream()
    #expect(throws: WatchStream.Malformed.self) {
      _ = try stream.events(adding: Array("{\"kind\":\"PodList\"}\n".utf8))
    }
  }

  private func word(_ event: WatchStream.Event) -> String {
    switch event {
    case .put(let object): "put \(object["metadata"]?["name"]?.string ?? "")"
    case .removed(let object): "removed \(object["metadata"]?["name"]?.string ?? "")"
    case .bookmark(let version): "bookmark \(version)"
    case .failed(let status, _): "failed \(status)"
    }
  }
}

import Bytes
import Entries
import Flows
import JSON

@testable import Dissectors

/// What travels in bodies of HTTP: events, however they arrive, documents of GraphQL, and JSON that
/// is cut anywhere.
enum HTTPContentTarget {
  static let target = FuzzTarget("content", "a body of HTTP", maxLength: 4 << 10) {
    bytes throws(BrokenLaw) in
    try events(bytes)
    if let document = GraphQLDocument(bytes, isCut: true) {
      try hold(!document.rootFields.isEmpty, "a document asks for nothing")
    }
    let whole = try? JSONReader.value(of: bytes)
    let cut = JSONReader.value(ofCut: bytes)
    try hold(
      whole == nil || cut == whole, "whole JSON is read as something else when it may be cut")
    if let whole, whole.array != nil || whole.object != nil {
      for length in [bytes.count / 3, bytes.count / 2, max(0, bytes.count - 1)] {
        guard let part = JSONReader.value(ofCut: Array(bytes.prefix(length))) else { continue }
        try hold(isPart(part, of: whole), "a cut made \(part.text) of \(whole.text)")
      }
    }
  }

  /// Events are counted as they come, in whatever pieces, and found again in the whole.
  private static func events(_ bytes: [UInt8]) throws(BrokenLaw) {
    var derived = Derived(bytes)
    let stream = BodyStream(since: Timestamp(nanoseconds: 0))
    var at = 0
    while at < bytes.count {
      let end = min(bytes.count, at + 1 + derived.below(40))
      let moment = Moment(timestamp: Timestamp(nanoseconds: Int64(at) * 1000), packet: 1)
      stream.append(bytes.rawSpan.slice(at..<end), kept: (end - at) / 2, at: moment)
      at = end
    }
    let found = ServerSentEvents(bytes.rawSpan).events
    let streamed = stream.streamed
    try hold(
      streamed.events == found.count, "\(streamed.events) events were counted of \(found.count)")
    try hold(streamed.arrivals.count <= BodyStream.maxArrivals, "too many times are kept")
    try hold(streamed.tail.count <= BodyStream.tailLength, "too much of the end is kept")
  }

  /// Whether a value is what a cut may leave of another.
  private static func isPart(_ part: JSONValue, of whole: JSONValue) -> Bool {
    switch (part, whole) {
    case (.array(let some), .array(let all)):
      some.count <= all.count && zip(some, all).allSatisfy { isPart($0, of: $1) }
    case (.object(let some), .object(let all)):
      some.count <= all.count
        && zip(some.members, all.members).allSatisfy {
          $0.name == $1.name && isPart($0.value, of: $1.value)
        }
    default: part == whole
    }
  }
}

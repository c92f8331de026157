import Bytes
import Decompression
import Entries
import JSON

/// The body of one message of HTTP without its content coding: as JSON, or as events.
struct HTTPBody {
  let bytes: [UInt8]
  /// Not all of it is there.
  let isCut: Bool
  let type: String
  /// Of an event stream: its events, as far as they are kept.
  let events: [ServerSentEvents.Event]
  /// Events it had, kept or not.
  let eventCount: Int
  private let arrivals: [StreamedBody.Arrival]

  init(
    _ content: Content?, _ streamed: StreamedBody?, _ decompressions: inout DecompressionCounters
  ) {
    type = (content?.headers.value(of: "content-type") ?? "").lowercased()
    guard let content, !content.body.isEmpty else {
      (bytes, isCut, events, eventCount, arrivals) = ([], false, [], 0, [])
      return
    }
    var decoded = content.body
    let codings = content.headers.codings
    if let codings {
      let result = ContentCoding.decode(content.body, list: codings, counting: &decompressions)
      decoded = result.bytes
      isCut = content.isCut || result.problem != nil
    } else {
      isCut = content.isCut
    }
    bytes = decoded
    guard type.hasPrefix("text/event-stream") else {
      (events, eventCount, arrivals) = ([], 0, [])
      return
    }
    let tail = codings == nil ? streamed?.tail ?? [] : []
    events = Self.events(decoded, tail, length: content.bodyLength)
    // Places in a coded body tell nothing of its text.
    eventCount = codings == nil ? max(streamed?.events ?? 0, events.count) : events.count
    arrivals = codings == nil ? streamed?.arrivals ?? [] : []
  }

  /// Those of the first bytes, and of the last where they are kept apart.
  private static func events(
    _ head: [UInt8], _ tail: [UInt8], length: Int64
  ) -> [ServerSentEvents.Event] {
    if tail.isEmpty { return ServerSentEvents(head.rawSpan).events }
    if Int64(head.count + tail.count) == length {
      return ServerSentEvents((head + tail).rawSpan).events
    }
    let start = ServerSentEvents.firstStart(in: tail.rawSpan) ?? tail.count
    return ServerSentEvents(head.rawSpan).events
      + ServerSentEvents(tail.rawSpan.suffix(from: start), from: Int(length) - tail.count + start)
      .events
  }

  var isEvents: Bool { type.hasPrefix("text/event-stream") }

  /// The whole as JSON, as far as it goes.
  var json: JSONValue? { bytes.isEmpty ? nil : JSONReader.value(ofCut: bytes) }

  /// What is in it, in order: the data of events that are JSON, lines that are, the elements of a
  /// list, or the one value.
  var values: [(value: JSONValue, event: ServerSentEvents.Event?)] {
    if isEvents {
      return events.compactMap { event in
        (try? JSONReader.value(of: event.data)).map { ($0, event) }
      }
    }
    if type.hasPrefix("application/x-ndjson") {
      return bytes.split(separator: 0x0a).compactMap { line in
        (try? JSONReader.value(of: Array(line))).map { ($0, nil) }
      }
    }
    switch json {
    case .array(let elements)?: return elements.map { ($0, nil) }
    case let value?: return [(value, nil)]
    case nil: return []
    }
  }

  /// When an event was complete, in microseconds from the beginning of the reply; nil when that is
  /// not known.
  func arrival(of event: ServerSentEvents.Event) -> Int64? {
    arrivals.first { $0.end >= event.end }?.time
  }

  /// The same from the beginning of the request.
  func time(of event: ServerSentEvents.Event, in entry: Entry) -> Int64? {
    guard let elapsed = entry.elapsed, let arrival = arrival(of: event) else { return nil }
    return elapsed + arrival
  }
}

import Bytes
import Entries
import JSON

/// The events of a `text/event-stream` (WHATWG HTML §9.2.6), as far as the body is kept.
///
/// An event is what stands between empty lines: fields `event`, `data`, `id` and `retry`, one a
/// line. Lines end with CRLF, LF or CR; those that begin with a colon are comments.
struct ServerSentEvents {
  struct Event {
    /// `message` where the stream does not name it.
    var name = "message"
    /// Lines of data, joined by line feeds.
    var data: [UInt8] = []
    var id: String?
    /// Bytes of the body up to the end of the event.
    var end = 0
  }

  /// Events shown; all are counted.
  static let maxShown = 64
  /// Bytes of an event's data that are shown.
  static let maxData = 512

  private(set) var events: [Event] = []

  /// - Parameters:
  ///   - bytes: the body from its beginning, or what is kept of its end.
  ///   - isWhole: nothing follows: an event without an empty line behind it is dropped (§9.2.6).
  init(_ bytes: RawSpan, from start: Int = 0) {
    var event = Event()
    var hasData = false
    var at = bytes.starts(with: "\u{feff}") ? 3 : 0
    while at < bytes.byteCount {
      var end = at
      while end < bytes.byteCount, bytes.byte(end) != 0x0a, bytes.byte(end) != 0x0d { end += 1 }
      // A line that is cut is none.
      if end == bytes.byteCount { return }
      let isCRLF =
        bytes.byte(end) == 0x0d && end + 1 < bytes.byteCount && bytes.byte(end + 1) == 0x0a
      let next = end + (isCRLF ? 2 : 1)
      if end == at {
        if hasData {
          event.end = start + next
          events.append(event)
        }
        (event, hasData) = (Event(), false)
      } else {
        hasData = event.read(bytes, at..<end, hasData: hasData)
      }
      at = next
    }
  }

  /// Where the first whole event of a piece from the middle begins: behind an empty line.
  static func firstStart(in bytes: RawSpan) -> Int? {
    var at = 0
    while let feed = bytes.firstOffset(of: 0x0a, from: at), feed + 1 < bytes.byteCount {
      if bytes.byte(feed + 1) == 0x0a { return feed + 2 }
      if bytes.byte(feed + 1) == 0x0d, feed + 2 < bytes.byteCount, bytes.byte(feed + 2) == 0x0a {
        return feed + 3
      }
      at = feed + 1
    }
    return nil
  }
}

extension ServerSentEvents.Event {
  /// Takes in one line; gives whether there is data now.
  fileprivate mutating func read(_ bytes: RawSpan, _ line: Range<Int>, hasData: Bool) -> Bool {
    let colon = bytes.firstOffset(of: 0x3a, from: line.lowerBound).map { min($0, line.upperBound) }
    let field = bytes.slice(line.lowerBound..<(colon ?? line.upperBound))
    var start = min((colon ?? line.upperBound) + 1, line.upperBound)
    if start < line.upperBound, bytes.byte(start) == 0x20 { start += 1 }
    let value = bytes.slice(start..<line.upperBound)
    if field.equals("data") {
      if hasData { data.append(0x0a) }
      data.append(value)
      return true
    }
    if field.equals("event") { name = value.isEmpty ? "message" : value.prefix(128).text() }
    if field.equals("id") { id = value.prefix(256).text() }
    return hasData
  }
}

// What an entry says of its events.
extension ServerSentEvents {
  /// Adds how many there were, their names, the last id and when the first came.
  static func complete(_ entry: inout Entry, _ body: HTTPBody) {
    var names: [String] = []
    var id: String?
    for event in body.events {
      if !names.contains(event.name), names.count < 16 { names.append(event.name) }
      if let given = event.id { id = given }
    }
    entry.fields.add(.sseEvents, int: Int64(body.eventCount))
    if !names.isEmpty { entry.fields.add(.sseEventTypes, .texts(names)) }
    if let id { entry.fields.add(.sseLastID, .text(id)) }
    if let first = body.events.first, let time = body.time(of: first, in: entry) {
      entry.fields.add(.sseFirstEvent, int: time)
    }
  }

  /// The member `events` of the reply: name, id, data, and when each came, in milliseconds from
  /// the beginning of the reply.
  static func write(_ body: HTTPBody, to writer: inout JSONWriter) {
    writer.name("eventCount")
    writer.write(body.eventCount)
    writer.name("events")
    writer.beginArray()
    for event in body.events.prefix(maxShown) {
      writer.beginObject()
      if let time = body.arrival(of: event) {
        writer.name("atMs")
        writer.write(Double(time) / 1000)
      }
      writer.name("event")
      writer.write(event.name)
      if let id = event.id {
        writer.name("id")
        writer.write(id)
      }
      writer.name("data")
      writer.write(text: event.data.rawSpan.prefix(maxData))
      if event.data.count > maxData {
        writer.name("dataIsCut")
        writer.write(true)
      }
      writer.endObject()
    }
    writer.endArray()
  }
}

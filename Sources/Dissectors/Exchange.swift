import Bytes
import Entries
import Flows

/// A message with what its runner adds: times, packets, wire bytes, content so far.
struct Half: Sendable {
  var message: Message
  var start: Moment
  /// Newest packet that brought bytes of it.
  var end: Moment
  /// Bytes on the wire, framing included.
  var wireLength: Int64
  /// Bytes of content, kept or not.
  var bodyLength: Int64
  /// Bytes of it that were not captured.
  var lost: Int64 = 0
  var isOpen: Bool

  init(_ message: consuming Message, from start: Moment, to end: Moment, length: Int) {
    isOpen = message.extent != .whole
    bodyLength = Int64(message.body.count)
    self.message = message
    self.start = start
    self.end = end
    wireLength = Int64(length)
  }
}

/// A request and its reply, as far as they have come.
struct Exchange: Sendable {
  var index: UInt32
  var requester: Side
  var request: Half?
  var response: Half?
  /// Name of the dissector's row, by place in the catalogue.
  var row: Int
  /// Last sign of life, for the timeout.
  var touched: Timestamp

  init(index: UInt32, requester: Side, row: Int, touched: Timestamp) {
    (self.index, self.requester, self.row, self.touched) = (index, requester, row, touched)
  }

  /// Nothing more can come.
  var isComplete: Bool {
    if let request {
      if request.isOpen { return false }
      if let response { return !response.isOpen }
      return request.message.partner != .expected
    }
    if let response { return !response.isOpen && response.message.partner != .expected }
    return true
  }

  /// One half is here, finished, and waits for the other.
  var isHalf: Bool {
    switch (request, response) {
    case (let half?, nil), (nil, let half?): !half.isOpen
    default: false
    }
  }

  /// A half is missing that should be there.
  var lacksHalf: Bool {
    switch (request, response) {
    case (let half?, nil), (nil, let half?): half.message.partner != .none
    default: false
    }
  }

  var keptBytes: Int {
    (request?.message.body.count ?? 0) + (response?.message.body.count ?? 0)
  }

  subscript(sender: Side) -> Half? {
    get { sender == requester ? request : response }
    _modify {
      if sender == requester { yield &request } else { yield &response }
    }
  }
}

extension Exchange {
  /// The entry it becomes. `absence` says why a half is missing, when one is.
  consuming func entry(of opening: Opening, stream: UInt64, absence: Entry.Fault) -> Entry {
    let requesterPeer = requester == .client ? opening.client : opening.server
    let answererPeer = requester == .client ? opening.server : opening.client
    let first = request ?? response
    var entry = Entry(
      kind: response?.message.kind ?? request?.message.kind ?? .tcp,
      transport: EntryTransport(opening.transport),
      timestamp: first?.start.timestamp ?? touched,
      source: Endpoint(address: requesterPeer.address, port: requesterPeer.port),
      destination: Endpoint(address: answererPeer.address, port: answererPeer.port),
      stream: stream, index: index)
    var low = UInt64.max
    var high: UInt64 = 0
    var requestDetails = ""
    var expectsOther = true
    if let half = request {
      entry.hasRequest = true
      entry.requestSize = half.wireLength
      entry.fields = half.message.fields
      entry.failed = half.message.failed
      entry.fault = half.fault
      entry.request = half.content
      requestDetails = half.message.details
      expectsOther = half.message.partner != .none
      (low, high) = (half.start.packet, max(half.start.packet, half.end.packet))
    }
    if let half = response {
      entry.hasResponse = true
      entry.responseSize = half.wireLength
      entry.fields.merge(half.message.fields)
      if half.message.failed { entry.failed = true }
      if entry.fault == nil { entry.fault = half.fault }
      entry.response = half.content
      if !entry.hasRequest { expectsOther = half.message.partner != .none }
      low = min(low, half.start.packet)
      high = max(high, half.start.packet, half.end.packet)
      if let request {
        let passed = half.start.timestamp.nanoseconds(since: request.start.timestamp)
        entry.elapsed = max(0, passed / 1000)
      }
    }
    if entry.hasRequest != entry.hasResponse, expectsOther, entry.fault == nil {
      entry.fault = absence
    }
    if low <= high { entry.packets = low...high }
    let details = Self.details(requestDetails, response?.message.details ?? "")
    if !details.isEmpty { entry.fields.set(.details, .text(details)) }
    return entry
  }

  /// `{"request":…,"response":…}` of those that are there.
  private static func details(_ request: String, _ response: String) -> String {
    if request.isEmpty && response.isEmpty { return "" }
    if response.isEmpty { return "{\"request\":" + request + "}" }
    if request.isEmpty { return "{\"response\":" + response + "}" }
    return "{\"request\":" + request + ",\"response\":" + response + "}"
  }
}

extension Half {
  /// What kept it from being whole.
  var fault: Entry.Fault? {
    if let fault = message.fault { return fault }
    if lost > 0 { return Entry.Fault(.dissection, "\(lost) bytes were not captured") }
    if isOpen { return Entry.Fault(.dissection, "the connection ended inside the message") }
    return nil
  }

  var content: Content? {
    if message.headers.isEmpty && bodyLength == 0 { return nil }
    return Content(headers: message.headers, body: message.body, bodyLength: bodyLength)
  }
}

extension FieldValues {
  /// Adds the fields of a reply; where both have one, the reply's wins.
  mutating func merge(_ other: FieldValues) {
    if items.isEmpty {
      self = other
      return
    }
    for item in other.items { set(item.id, item.value) }
  }
}

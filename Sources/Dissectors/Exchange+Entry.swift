import Bytes
import Entries
import Flows
import Layers

/// What all entries of a conversation have in common.
struct Ends {
  var transport: Transport
  var client: Conversation.Peer
  var server: Conversation.Peer
  var tags: VLANTags
  var isDecrypted: Bool
}

extension Entry {
  /// Adds the VLANs that its packets were in, if any.
  @inline(__always)
  mutating func add(_ tags: VLANTags) {
    guard let outer = tags.outer else { return }
    fields.add(.captureVLAN, int: Int64(outer))
    if let inner = tags.inner { fields.add(.captureInnerVLAN, int: Int64(inner)) }
    if tags.isOfProvider { fields.add(.captureVLANIsOfProvider, .bool(true)) }
  }
}

extension Exchange {
  /// The entry it becomes, as far as the conversation and the times tell it: `complete` adds the rest
  /// where it lies.
  @inline(__always)
  func newEntry(of ends: Ends, stream: UInt64) -> Entry {
    let asking = requester == .client ? ends.client : ends.server
    let asked = requester == .client ? ends.server : ends.client
    let hasRequest = requestStatus != .missing
    let hasResponse = responseStatus != .missing
    let answered = responseStart
    let start = requestStart ?? answered
    var packets: ClosedRange<UInt64> = 0...0
    if let start {
      let answer = answered?.packet ?? start.packet
      let last = max(hasRequest ? request.end.packet : 0, hasResponse ? response.end.packet : 0)
      packets = min(start.packet, answer)...max(start.packet, answer, last)
    }
    return Entry(
      kind: hasResponse ? response.message.kind : hasRequest ? request.message.kind : .tcp,
      transport: EntryTransport(ends.transport), timestamp: start?.timestamp ?? touched,
      source: Endpoint(address: asking.address, port: asking.port),
      destination: Endpoint(address: asked.address, port: asked.port), stream: stream, index: index,
      packets: packets, decrypted: ends.isDecrypted)
  }

  /// Gives its entry both halves. `absence` says why one is missing, when one is and more is known than
  /// that it never came.
  func complete(_ entry: inout Entry, of ends: Ends, absence: Entry.Fault?) {
    let lacksHalf = lacksHalf
    let hasRequest = requestStatus != .missing
    let hasResponse = responseStatus != .missing
    give(to: &entry)
    entry.add(ends.tags)
    if hasRequest, hasResponse, let answered = responseStart, let start = requestStart {
      let reached = response.message.isTimedByItsEnd ? response.end : answered
      entry.elapsed = max(0, reached.timestamp.nanoseconds(since: start.timestamp) / 1000)
    }
    if lacksHalf, entry.fault == nil {
      entry.fault = absence ?? Self.absence(ofRequest: !hasRequest)
    }
    let hasDetails =
      hasRequest && !request.message.details.isEmpty
      || hasResponse && !response.message.details.isEmpty
    if hasDetails {
      Self.addDetails(
        hasRequest ? request.message.details : [], hasResponse ? response.message.details : [],
        to: &entry)
    }
    clear()
  }

  /// Why a half is missing, as far as the exchange itself tells.
  private static func absence(ofRequest isRequest: Bool) -> Entry.Fault {
    Entry.Fault(
      .pairNotFound,
      isRequest ? "no request was captured" : "the connection ended without a reply")
  }

  /// `{"request":…,"response":…}` of those that are there.
  private static func addDetails(
    _ request: borrowing [UInt8], _ response: borrowing [UInt8], to entry: inout Entry
  ) {
    entry.fields.set(.details, .none)
    entry.fields.add(.details, .text) { text in
      text.append(0x7b)
      if !request.isEmpty {
        text.append(text: "\"request\":")
        text.append(request.rawSpan)
        if !response.isEmpty { text.append(0x2c) }
      }
      if !response.isEmpty {
        text.append(text: "\"response\":")
        text.append(response.rawSpan)
      }
      text.append(0x7d)
    }
  }
}

extension Half {
  /// Moves what an entry keeps of it.
  mutating func give(to entry: inout Entry, asRequest isRequest: Bool) {
    if message.failed { entry.failed = true }
    if entry.fault == nil, isFaulty { entry.fault = fault }
    entry.hints |= message.hints
    if let stream { entry.streamed = stream.streamed }
    if isRequest {
      entry.hasRequest = true
      entry.requestSize = wireLength
      entry.request = takeContent()
      swap(&entry.fields, &message.fields)
    } else {
      entry.hasResponse = true
      entry.responseSize = wireLength
      entry.response = takeContent()
      entry.fields.merge(message.fields)
    }
  }
}

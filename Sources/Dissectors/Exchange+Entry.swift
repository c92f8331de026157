import Bytes
import Entries
import Flows

extension Exchange {
  /// The entry it becomes; the halves are given away. `absence` says why a half is missing, when
  /// one is and more is known than that it never came.
  func takeEntry(of opening: Opening, stream: UInt64, absence: Entry.Fault?) -> Entry {
    let lacksHalf = lacksHalf
    let client = Endpoint(address: opening.client.address, port: opening.client.port)
    let server = Endpoint(address: opening.server.address, port: opening.server.port)
    var (request, response) = take()
    let start = request?.start ?? response?.start
    var entry = Entry(
      kind: response?.message.kind ?? request?.message.kind ?? .tcp,
      transport: EntryTransport(opening.transport), timestamp: start?.timestamp ?? touched,
      source: requester == .client ? client : server,
      destination: requester == .client ? server : client, stream: stream, index: index,
      decrypted: opening.carrier != nil)
    if let start {
      let answer = response?.start.packet ?? start.packet
      let last = max(request?.end.packet ?? 0, response?.end.packet ?? 0)
      entry.packets = min(start.packet, answer)...max(start.packet, answer, last)
    }
    request?.give(to: &entry, asRequest: true)
    response?.give(to: &entry, asRequest: false)
    if entry.hasRequest, entry.hasResponse, let answer = response?.start, let start {
      entry.elapsed = max(0, answer.timestamp.nanoseconds(since: start.timestamp) / 1000)
    }
    if lacksHalf, entry.fault == nil {
      entry.fault = absence ?? Self.absence(ofRequest: !entry.hasRequest)
    }
    Self.addDetails(request?.message.details ?? [], response?.message.details ?? [], to: &entry)
    return entry
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
    if request.isEmpty && response.isEmpty { return }
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
  /// Moves what an entry keeps of it. A reply comes second: its fields replace the request's.
  fileprivate mutating func give(to entry: inout Entry, asRequest isRequest: Bool) {
    if message.failed { entry.failed = true }
    if entry.fault == nil { entry.fault = fault }
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

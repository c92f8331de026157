import Bytes
import Entries
import Flows

extension Exchange {
  /// The entry it becomes; the halves are given away. `absence` says why a half is missing, when
  /// one is.
  func takeEntry(of opening: Opening, stream: UInt64, absence: Entry.Fault) -> Entry {
    let lacksHalf = lacksHalf
    let client = Endpoint(address: opening.client.address, port: opening.client.port)
    let server = Endpoint(address: opening.server.address, port: opening.server.port)
    let request = request.take()
    let response = response.take()
    let start = request?.start ?? response?.start
    var entry = Entry(
      kind: response?.message.kind ?? request?.message.kind ?? .tcp,
      transport: EntryTransport(opening.transport), timestamp: start?.timestamp ?? touched,
      source: requester == .client ? client : server,
      destination: requester == .client ? server : client, stream: stream, index: index)
    let details = Self.details(request?.message.details ?? "", response?.message.details ?? "")
    if let start {
      let answer = response?.start.packet ?? start.packet
      let last = max(request?.end.packet ?? 0, response?.end.packet ?? 0)
      entry.packets = min(start.packet, answer)...max(start.packet, answer, last)
      if request != nil, let response {
        let passed = response.start.timestamp.nanoseconds(since: start.timestamp)
        entry.elapsed = max(0, passed / 1000)
      }
    }
    if let half = request {
      entry.hasRequest = true
      entry.requestSize = half.wireLength
      entry.failed = half.message.failed
      entry.fault = half.fault
      entry.request = half.content
      entry.fields = half.message.fields
    }
    if let half = response {
      entry.hasResponse = true
      entry.responseSize = half.wireLength
      if half.message.failed { entry.failed = true }
      if entry.fault == nil { entry.fault = half.fault }
      entry.response = half.content
      entry.fields.merge(half.message.fields)
    }
    if lacksHalf, entry.fault == nil { entry.fault = absence }
    if !details.isEmpty { entry.fields.set(.details, .text(details)) }
    return entry
  }

  /// `{"request":…,"response":…}` of those that are there.
  private static func details(_ request: String, _ response: String) -> String {
    if request.isEmpty && response.isEmpty { return "" }
    var text = ""
    text.reserveCapacity(request.utf8.count + response.utf8.count + 24)
    text += "{"
    if !request.isEmpty {
      text += "\"request\":"
      text += request
    }
    if !response.isEmpty {
      text += request.isEmpty ? "\"response\":" : ",\"response\":"
      text += response
    }
    text += "}"
    return text
  }
}

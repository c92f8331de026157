package import Bytes

/// Which packets of a snapshot go into a file, and which kind of file.
package struct ExportRequest: Hashable, Sendable {
  package enum Format: String, Hashable, Sendable, CaseIterable {
    case pcap
    case pcapng

    package var contentType: String { "application/vnd.tcpdump.pcap" }
  }

  /// Its id.
  package var snapshot: String
  package var window: Range<Timestamp>
  /// Names; empty means all.
  package var nodes: [String]
  package var filter: String?
  package var format: Format
  /// Name of the dissection whose calls are noted on their packets, in pcapng.
  package var comments: String?

  package init(
    _ snapshot: Snapshot, start: Timestamp? = nil, end: Timestamp? = nil, nodes: [String] = [],
    filter: String? = nil, format: Format, comments: String? = nil
  ) {
    self.snapshot = snapshot.id
    let first = max(start ?? .distantPast, snapshot.window.lowerBound)
    let last = min(end ?? .distantFuture, snapshot.window.upperBound)
    window = first..<max(first, last)
    (self.nodes, self.filter, self.format) = (nodes, filter, format)
    self.comments = comments
  }
}

/// An export that was made once, so that its length and digest are known before it is sent.
package struct MeasuredExport: Hashable, Sendable {
  package let request: ExportRequest
  package internal(set) var bytes: UInt64 = 0
  package internal(set) var packets: UInt64 = 0
  /// Times of the first and last packet.
  package internal(set) var times: ClosedRange<Timestamp>?
  /// SHA-256 of the file.
  package internal(set) var digest: [UInt8] = []
  /// Names of the nodes with packets in it.
  package internal(set) var nodes: [String] = []

  init(_ request: ExportRequest) { self.request = request }
}

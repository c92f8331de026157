package import Bytes
package import Packets
package import Ring

/// What snapshots are cut from: raw packets of some nodes.
package protocol RawCapture: Sendable {
  /// Whether packets still come.
  var isLive: Bool { get }

  /// A name for this stretch of capturing: another one after each start of a live capture.
  var session: String { get }

  /// Bytes that the packets of a node may take; nil when nobody limits them here.
  var storageBytes: UInt64? { get }

  /// What there is of each node, by name. May read files through: ask it on a thread of its own.
  func nodes() throws(SnapshotError) -> [RawNode]

  /// Closed files with packets in `window`.
  ///
  /// - Parameters:
  ///   - nodes: names; nil means all.
  ///   - rolls: whether what is being written is closed for it; else it is left out.
  func files(
    in window: Range<Timestamp>, nodes: Set<String>?, rolls: Bool
  ) throws(SnapshotError) -> [RawFile]

  /// Names and keys that the captures carry.
  func extras() throws(SnapshotError) -> CaptureExtras

  /// What the latest `files` should have had and could not get: a node and why, for each.
  var missing: [String] { get }
}

extension RawCapture {
  package var missing: [String] { [] }
  package var storageBytes: UInt64? { nil }

  /// A session that there was not before.
  package static func newSession() -> String {
    hex((0..<8).map { _ in UInt8.random(in: 0 ... .max) })
  }
}

/// What there is of one node's packets.
package struct RawNode: Hashable, Sendable {
  package var name: String
  /// Nil when there are none.
  package var times: ClosedRange<Timestamp>?
  package var bytes: UInt64
  package var packets: UInt64
  package var segments: Int
  /// Packets that left, and packets that could not be written.
  package var dropped: UInt64 = 0
  package var lost: UInt64 = 0
  /// Why the latest could not.
  package var failure: String?

  package init(
    name: String, times: ClosedRange<Timestamp>?, bytes: UInt64, packets: UInt64, segments: Int,
    dropped: UInt64 = 0, lost: UInt64 = 0, failure: String? = nil
  ) {
    (self.name, self.times, self.bytes, self.packets) = (name, times, bytes, packets)
    (self.segments, self.dropped, self.lost, self.failure) = (segments, dropped, lost, failure)
  }
}

extension [RawNode] {
  /// From the earliest packet of all to the latest.
  package var times: ClosedRange<Timestamp>? {
    let all = compactMap(\.times)
    guard let first = all.map(\.lowerBound).min(), let last = all.map(\.upperBound).max() else {
      return nil
    }
    return first...last
  }
}

/// Names of addresses and keys of encrypted connections that travel with packets.
package struct CaptureExtras: Hashable, Sendable {
  package var names: [CaptureName] = []
  package var secrets: [CaptureSecrets] = []

  package init(names: [CaptureName] = [], secrets: [CaptureSecrets] = []) {
    (self.names, self.secrets) = (names, secrets)
  }

  package var isEmpty: Bool { names.isEmpty && secrets.isEmpty }

  /// A pcapng file without packets.
  var encoded: [UInt8] {
    var bytes: [UInt8] = []
    let writer = PcapngWriter()
    writer.start(to: &bytes)
    add(to: &bytes, writer)
    return bytes
  }

  /// Their blocks, for a file that has begun.
  func add(to bytes: inout [UInt8], _ writer: PcapngWriter) {
    for start in stride(from: 0, to: names.count, by: 1_000) {
      writer.add(names: Array(names[start..<min(start + 1_000, names.count)]), to: &bytes)
    }
    for key in secrets { writer.add(secrets: key, to: &bytes) }
  }

  /// Those in a file that `encoded` made; none when it cannot be read.
  init(path: String) {
    guard var reader = try? CaptureReader(path: path) else {
      self.init()
      return
    }
    while (try? reader.next()) != nil {}
    self.init(names: reader.summary.names, secrets: reader.summary.secrets)
  }
}

/// The ring as raw capture: live traffic.
package struct RingCapture: RawCapture {
  private let ring: Ring
  package let session = RingCapture.newSession()

  package init(_ ring: Ring) { self.ring = ring }

  package var storageBytes: UInt64? { ring.limits.bytes }

  package var isLive: Bool { true }

  package func nodes() -> [RawNode] {
    ring.status.map { status in
      RawNode(
        name: status.node, times: status.times, bytes: status.bytes, packets: status.packets,
        segments: status.segments, dropped: status.packetsDropped, lost: status.packetsLost,
        failure: status.lastFailure?.description)
    }
  }

  package func files(
    in window: Range<Timestamp>, nodes: Set<String>?, rolls: Bool
  ) -> [RawFile] {
    ring.segments(in: window, nodes: nodes, rolls: rolls).compactMap(RawFile.init)
  }

  package func extras() -> CaptureExtras { CaptureExtras() }
}

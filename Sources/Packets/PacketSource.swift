package import Bytes

/// The packets of one capture, chunk by chunk: what `CaptureMerger` merges with others by time.
package protocol PacketSource: Sendable {
  /// The next packets, or nil at the end.
  mutating func next() throws(CaptureError) -> PacketChunk?

  /// What the capture says beside its packets, as far as it was read.
  var summary: CaptureSummary { get }
  /// Bytes of the file that were read so far.
  var bytesRead: UInt64 { get }
  /// A time before which there is no packet, when that is known without reading: the source is
  /// then not opened before its time comes.
  var begins: Timestamp? { get }
  /// Captures of one group were made by one writer: their interfaces are the same ones.
  var group: String? { get }
}

extension CaptureReader: PacketSource {
  package var begins: Timestamp? { nil }
  package var group: String? { nil }
}

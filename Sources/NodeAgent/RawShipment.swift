import Bytes
import Packets
import Ring
import Shipping
import Snapshots
import Synchronization

/// The raw packets of a window, as an agent sends them: a pcapng file in order of time, made while it
/// is sent.
final class RawShipment: Sendable {
  private let stream: Mutex<ExportStream>

  /// Nil when the ring has nothing of that window.
  init?(_ ring: Ring, _ gathering: AgentOrders.Gathering) {
    let files = ring.segments(in: gathering.window).compactMap(RawFile.init)
    guard !files.isEmpty else { return nil }
    stream = Mutex(
      ExportStream(
        WindowReader.merged(files, window: gathering.window), format: .pcapng,
        linkType: files.first?.index.linkTypes.first ?? .ethernet, extras: CaptureExtras()))
  }

  /// The next bytes, or nil at the end.
  func next() throws(CaptureError) -> [UInt8]? {
    let piece: Result<[UInt8]?, CaptureError> = stream.withLock { stream in
      do throws(CaptureError) { return .success(try stream.nextPiece()) } catch {
        return .failure(error)
      }
    }
    return try piece.get()
  }
}

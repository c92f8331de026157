import Bytes
import Packets
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The segments of one node, oldest first, and what is being written.
final class RingNode: Sendable {
  private struct Shelf {
    var segments: [Segment] = []
    /// What has been written of the segment that is still open.
    var open: Segment?
    var isWriting = false
    var dropped = RingNodeStatus(node: "")
    var next: UInt64 = 1
  }

  let name: String
  let folder: String
  private let shelf: Mutex<Shelf>

  /// Finds the segments in `folder`; what a crash left behind is repaired.
  init(name: String, folder: String) {
    (self.name, self.folder) = (name, folder)
    var found = Shelf()
    for file in FileSystem.names(in: folder) {
      let path = folder + "/" + file
      guard let number = Segment.number(of: file) else {
        let isIndex = file.hasSuffix(".index")
        let capture = path.dropLast(6) + Segment.suffix
        if file.hasSuffix(".new") || isIndex && FileSystem.byteCount(of: String(capture)) == nil {
          FileSystem.remove(path)
        }
        continue
      }
      found.next = max(found.next, number + 1)
      if let segment = Self.recovered(path, number: number, node: name) {
        found.segments.append(segment)
      } else {
        // Not one packet is in it.
        FileSystem.remove(path)
        FileSystem.remove(Segment.indexPath(of: path))
      }
    }
    found.segments.sort { $0.number < $1.number }
    shelf = Mutex(found)
  }

  /// The segment of a file, whose index is made anew when it does not fit.
  private static func recovered(_ path: String, number: UInt64, node: String) -> Segment? {
    guard let bytes = FileSystem.byteCount(of: path) else { return nil }
    let indexPath = Segment.indexPath(of: path)
    var known = FileSystem.read(indexPath).flatMap(CaptureIndex.init(encoded:))
    if known?.bytes != bytes {
      guard let (found, summary, end) = try? CaptureIndex.of(path) else { return nil }
      var index = found
      // The writer ended in the middle of a block: without it the file is a whole one.
      if summary.warnings.last?.kind == .truncated, end < bytes {
        OpenFile(path, O_WRONLY | O_CLOEXEC)?.truncate(to: end)
        index.bytes = FileSystem.byteCount(of: path) ?? end
      }
      try? FileSystem.write(index.encoded, to: indexPath)
      known = index
    }
    guard let index = known, let times = index.times else { return nil }
    return Segment(
      node: node, path: path, number: number, bytes: index.bytes, packets: index.packets,
      times: times)
  }

  var status: RingNodeStatus {
    shelf.withLock { shelf in
      var status = shelf.dropped
      status.node = name
      status.isWriting = shelf.isWriting
      for segment in shelf.segments { status.add(segment) }
      if let open = shelf.open { status.add(open) }
      return status
    }
  }

  /// Closed segments with packets in `window`, oldest first.
  func segments(in window: Range<Timestamp>) -> [Segment] {
    shelf.withLock { $0.segments.filter { $0.overlaps(window) } }
  }

  // MARK: For the writer

  /// A place for the next segment.
  func begin() -> (number: UInt64, path: String) {
    shelf.withLock { shelf in
      defer { shelf.next += 1 }
      shelf.isWriting = true
      return (shelf.next, folder + "/" + Segment.fileName(shelf.next))
    }
  }

  /// Shows how far the open segment has got.
  func show(open segment: Segment) { shelf.withLock { $0.open = segment } }

  /// The open segment is closed; nil when nothing came into it.
  func close(_ segment: Segment?) {
    shelf.withLock { shelf in
      shelf.open = nil
      if let segment { shelf.segments.append(segment) }
    }
  }

  func endWriting() { shelf.withLock { $0.isWriting = false } }

  func lose(packets: UInt64, _ failure: RingError) {
    shelf.withLock { shelf in
      shelf.dropped.packetsLost += packets
      shelf.dropped.lastFailure = failure
    }
  }

  /// Drops the oldest segments until the rest keeps `limits`.
  func enforce(_ limits: RingLimits, now: Timestamp) {
    drop { shelf in
      guard let oldest = shelf.segments.first else { return false }
      let bytes = shelf.segments.reduce(shelf.open?.bytes ?? 0) { $0 + $1.bytes }
      let isOld = limits.age.map { now.nanoseconds(since: oldest.times.upperBound) > $0 } ?? false
      return bytes > limits.bytes || shelf.segments.count >= limits.segments || isOld
    }
  }

  /// Drops the oldest closed segment to make room on the disk; false when there is none.
  func dropOldest() -> Bool {
    var isFirst = true
    return drop { shelf in
      defer { isFirst = false }
      return isFirst && !shelf.segments.isEmpty
    } > 0
  }

  @discardableResult
  private func drop(while condition: (Shelf) -> Bool) -> Int {
    let leaving = shelf.withLock { shelf -> [Segment] in
      var leaving: [Segment] = []
      while condition(shelf), !shelf.segments.isEmpty {
        let segment = shelf.segments.removeFirst()
        shelf.dropped.segmentsDropped += 1
        shelf.dropped.packetsDropped += segment.packets
        shelf.dropped.bytesDropped += segment.bytes
        leaving.append(segment)
      }
      return leaving
    }
    for segment in leaving {
      FileSystem.remove(segment.path)
      FileSystem.remove(segment.indexPath)
    }
    return leaving.count
  }
}

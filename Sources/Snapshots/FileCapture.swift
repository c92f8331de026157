package import Bytes
import Packets
package import Ring
import Synchronization

/// Capture files as raw capture: all tools of snapshots work without live traffic.
///
/// They are read through once, when they are first asked for.
package final class FileCapture: RawCapture {
  private struct Contents: Sendable {
    var files: [RawFile] = []
    var extras = CaptureExtras()
  }

  private let paths: [String]
  private let node: String
  private let contents = Mutex<Contents?>(nil)

  /// - Parameters:
  ///   - paths: regular files that do not grow.
  ///   - node: the name they are known by.
  package init(_ paths: [String], node: String) {
    (self.paths, self.node) = (paths, node)
  }

  package var isLive: Bool { false }
  /// Files are the same after each start.
  package var session: String { "files" }

  package func nodes() throws(SnapshotError) -> [RawNode] {
    let files = try read().files
    guard !files.isEmpty else { return [] }
    let times = files.compactMap(\.index.times)
    let earliest = times.map(\.lowerBound).min()
    return [
      RawNode(
        name: node,
        times: earliest.flatMap { first in times.map(\.upperBound).max().map { first...$0 } },
        bytes: files.reduce(0) { $0 + $1.index.bytes },
        packets: files.reduce(0) { $0 + $1.index.packets }, segments: files.count)
    ]
  }

  package func files(
    in window: Range<Timestamp>, nodes: Set<String>?, rolls: Bool
  ) throws(SnapshotError) -> [RawFile] {
    guard nodes?.contains(node) ?? true else { return [] }
    return try read().files.filter { file in
      guard let times = file.index.times else { return false }
      return times.lowerBound < window.upperBound && window.lowerBound <= times.upperBound
    }
  }

  package func extras() throws(SnapshotError) -> CaptureExtras { try read().extras }

  private func read() throws(SnapshotError) -> Contents {
    // A typed error does not pass through the closure of the library.
    let result: Result<Contents, SnapshotError> = contents.withLock { contents in
      if let contents { return .success(contents) }
      var found = Contents()
      for path in paths {
        do throws(CaptureError) {
          let (index, summary, _) = try CaptureIndex.of(path)
          found.files.append(RawFile(node: node, path: path, index: index))
          found.extras.names += summary.names
          found.extras.secrets += summary.secrets
        } catch let error {
          return .failure(
            SnapshotError(
              .inputOutput, "\(error)", hint: "Check that the capture is still where it was."))
        }
      }
      contents = found
      return .success(found)
    }
    return try result.get()
  }
}

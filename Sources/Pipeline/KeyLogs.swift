import Bytes
package import Dissectors
package import Packets
import Synchronization

/// The key logs that were named, read into the secrets of a pipeline: once, or again and again while
/// they grow. Nothing of what they hold is told to anybody but how much of it there was.
package final class KeyLogs: Sendable {
  /// Bytes that are read of one key log.
  package static let maxBytes: UInt64 = 256 << 20

  private struct Source: Sendable {
    var file: GrowingFile
    var log = KeyLog()
    /// Why it is not read, a clause.
    var trouble: String?
  }

  private struct State: Sendable {
    var sources: [Source]
    /// Decryption secrets of captures that were filed, by capture.
    var taken: [Int] = []
    /// What those held.
    var carried = KeyLog()
  }

  /// What the pipeline's connections ask.
  package let secrets: TLSSecrets
  package let paths: [String]
  private let state: Mutex<State>

  package init(_ paths: [String] = [], into secrets: TLSSecrets = TLSSecrets()) {
    (self.secrets, self.paths) = (secrets, paths)
    state = Mutex(
      State(sources: paths.map { Source(file: GrowingFile(path: $0, maxBytes: Self.maxBytes)) }))
    if !paths.isEmpty { secrets.expect() }
  }

  /// No key log was named.
  package var isEmpty: Bool { paths.isEmpty }

  /// Reads what was appended to the key logs.
  ///
  /// - Parameter isFinal: nothing more will be: a last line needs no end.
  /// - Returns: whether there were secrets among it.
  @discardableResult
  package func read(isFinal: Bool = false) -> Bool {
    let before = secrets.generation
    state.withLock { state in
      for index in state.sources.indices { read(&state.sources[index], isFinal: isFinal) }
    }
    return secrets.generation != before
  }

  private func read(_ source: inout Source, isFinal: Bool) {
    var log = source.log
    do throws(CaptureError) {
      var restarts = false
      let found = try source.file.read(restart: { restarts = true }) { bytes in
        if restarts {
          restarts = false
          log.restart()
        }
        log.take(bytes, into: secrets)
      }
      source.trouble = found == .absent ? "is not there" : nil
    } catch {
      source.trouble = "cannot be read: \(error.problem)"
    }
    if isFinal { log.finish(into: secrets) }
    source.log = log
  }

  /// Files the decryption secrets that captures carry and that are new among `summaries`, which are
  /// those of the same captures each time.
  func take(_ summaries: [CaptureSummary]) {
    state.withLock { state in
      while state.taken.count < summaries.count { state.taken.append(0) }
      for (index, summary) in summaries.enumerated() {
        let new = summary.secrets.dropFirst(state.taken[index])
        // Further ones may come before the packets they belong to, or behind.
        if !new.isEmpty { secrets.mayGrow(true) }
        take(new, &state)
        state.taken[index] = summary.secrets.count
      }
    }
  }

  /// Files secrets that came with packets.
  package func take(_ carried: [CaptureSecrets]) { state.withLock { take(carried[...], &$0) } }

  private func take(_ carried: ArraySlice<CaptureSecrets>, _ state: inout State) {
    for carried in carried where carried.kind == CaptureSecrets.tlsKeyLog {
      state.carried.take(carried.bytes.rawSpan, into: secrets)
      state.carried.finish(into: secrets)
    }
  }

  /// Bytes of secrets that travel with packets: a reader must keep them all.
  private static let maxCarried = 8 << 20

  /// What is known now, to travel with packets; none when no key log was named, since what captures
  /// carried is in them already.
  package func carried() -> [CaptureSecrets] {
    if isEmpty { return [] }
    read()
    let text = secrets.keyLog(maxBytes: Self.maxCarried)
    return text.isEmpty ? [] : [CaptureSecrets(kind: CaptureSecrets.tlsKeyLog, bytes: text)]
  }

  /// What was wrong with the key logs, one sentence each.
  package var warnings: [String] {
    state.withLock { state in
      var warnings: [String] = []
      for source in state.sources {
        let name = lastComponent(source.file.path)
        if let trouble = source.trouble { warnings.append("The key log \(name) \(trouble)") }
        if source.file.isCut {
          warnings.append("The key log \(name) was read up to \(Self.maxBytes >> 20) MiB only")
        }
        warnings += Self.warnings(of: source.log, named: "The key log \(name)")
        if source.trouble == nil, source.log.secrets == 0 {
          warnings.append("The key log \(name) has no secrets that open records")
        }
      }
      warnings += Self.warnings(of: state.carried, named: "The secrets in the capture")
      let dropped = secrets.dropped
      if dropped > 0 {
        warnings.append("Secrets of \(dropped) older handshakes left for newer ones")
      }
      return warnings
    }
  }

  private static func warnings(of log: KeyLog, named name: String) -> [String] {
    log.invalidLines == 0
      ? []
      : ["\(name): \(log.invalidLines) \(log.invalidLines == 1 ? "line is" : "lines are") damaged"]
  }
}

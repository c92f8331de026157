import Logging
import Synchronization

/// The files of a server that are read anew when somebody asks for it, by the flags that name them.
final class RenewedFiles: Sendable {
  private struct File: Sendable {
    var name: String
    var renew: @Sendable () -> String?
  }

  private let files = Mutex<[File]>([])

  /// - Parameters:
  ///   - name: the flags.
  ///   - renew: reads it, and gives why what is there now cannot be used, as a sentence without its
  ///     full stop; nil when it is used from now on.
  func add(_ name: String, renew: @escaping @Sendable () -> String?) {
    files.withLock { $0.append(File(name: name, renew: renew)) }
  }

  /// Reads all of them, and tells what came of it.
  func renew(_ log: Logger) {
    let files = files.withLock { $0 }
    if files.isEmpty { log.info("SIGHUP: there is no file to be read anew") }
    for file in files {
      if let problem = file.renew() {
        log.warning("SIGHUP: \(file.name) was not read anew, and stays as it was: \(problem)")
      } else {
        log.info("SIGHUP: \(file.name) was read anew")
      }
    }
  }
}

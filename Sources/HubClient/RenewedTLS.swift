package import NIOSSL
import Synchronization

/// The TLS of a client, as the files that its settings name are now: whoever renews certificates
/// writes the new ones there.
package final class RenewedTLS: Sendable {
  /// Longest beginning of a file that is compared, in bytes: some authorities come in hundreds.
  private static let maxFile = 1 << 20

  private struct Known {
    var files: [[UInt8]?]
    var tls: TLSConfiguration
  }

  private let settings: HubClientSettings
  private let paths: [String]
  private let known: Mutex<Known>

  /// - Throws: what is wrong with the files now.
  package init(_ settings: HubClientSettings) throws(HubClientSettings.Problem) {
    let paths = [settings.caFile, settings.clientCertificate, settings.clientKey].compactMap { $0 }
    (self.settings, self.paths) = (settings, paths)
    let files = Self.contents(paths)
    let tls = try settings.tls()
    known = Mutex(Known(files: files, tls: tls))
  }

  private static func contents(_ paths: [String]) -> [[UInt8]?] {
    paths.map { TokenSource.beginning(of: $0, limit: maxFile) }
  }

  /// What the client begins with, and what counts where no file is named.
  package var first: TLSConfiguration { known.withLock { $0.tls } }

  /// What a request that begins now goes by; nil where no file is named that could change.
  ///
  /// Files that cannot be used, or not yet, change nothing. Equal settings share connections.
  package var current: TLSConfiguration? {
    guard !paths.isEmpty else { return nil }
    let files = Self.contents(paths)
    return known.withLock { known -> TLSConfiguration in
      if files != known.files, !files.contains(nil) {
        known.files = files
        if let tls = try? settings.tls() { known.tls = tls }
      }
      return known.tls
    }
  }
}

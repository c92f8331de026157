import Ring
import Synchronization

/// A secret that others show, in a file that is read again when it has changed.
package final class SharedToken: Sendable {
  private struct Known {
    var stamp: FileSystem.Stamp?
    var token: [UInt8] = []
  }

  /// What is wrong with the file: a sentence.
  package struct Mistake: Error, Hashable, Sendable {
    package var message: String
  }

  /// Longest file, in bytes.
  private static let maxFile = 64 << 10

  private let path: String
  private let known = Mutex(Known())

  /// - Throws: `Mistake` when the file holds no token now.
  package init(_ path: String) throws(Mistake) {
    self.path = path
    _ = try Self.token(in: path)
  }

  private static func token(in path: String) throws(Mistake) -> [UInt8] {
    let token = read(path)
    guard token.count >= AccessFile.shortest else {
      throw Mistake(
        message: """
          \(path) must hold one token of at least \(AccessFile.shortest) characters; make one with: \
          head -c 24 /dev/urandom | base64 > \(path)
          """)
    }
    return token
  }

  /// Reads the file again, whether it seems to have changed or not.
  ///
  /// - Throws: `Mistake` when it holds no token; the one before counts then.
  package func renew() throws(Mistake) {
    let stamp = FileSystem.stamp(of: path)
    let token = try Self.token(in: path)
    known.withLock { $0 = Known(stamp: stamp, token: token) }
  }

  private static func read(_ path: String) -> [UInt8] {
    (FileSystem.read(path, limit: maxFile) ?? []).filter { (0x21...0x7e).contains($0) }
  }

  /// The token as it is now. When the file cannot be read it is the one before.
  private var token: [UInt8] {
    let stamp = FileSystem.stamp(of: path)
    return known.withLock { known in
      if known.token.isEmpty || stamp != nil && stamp != known.stamp {
        let token = Self.read(path)
        if token.count >= AccessFile.shortest { known = Known(stamp: stamp, token: token) }
      }
      return known.token
    }
  }

  /// Whether a request shows it. Takes as long for a wrong one as for the right one.
  func matches(_ request: HubRequest) -> Bool {
    guard let value = request.header("authorization") else { return false }
    let parts = value.split(separator: " ", maxSplits: 1)
    guard parts.count == 2, parts[0].lowercased() == "bearer" else { return false }
    let token = token
    return !token.isEmpty && isEqualInSameTime(token, Array(parts[1].utf8))
  }
}

import Bytes
import JSON
import Synchronization
import ToolKit

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The token for a gated Hub, which may change while we run.
package final class TokenSource: Sendable {
  package enum Place: Hashable, Sendable {
    case text(String)
    /// A file that is read anew for each request: whoever renews the token writes it there.
    case file(String)
    /// One that whoever opened the way to the Hub gets and renews.
    case minted(MintedToken)
  }

  /// Longest token file that is read, in bytes.
  static let maxFile = 64 << 10

  private let place: Place?

  package init(_ place: Place?) { self.place = place }

  /// The token as it is now; nil when there is none.
  package var token: String? {
    switch place {
    case nil: nil
    case .text(let text): text
    case .file(let path): Self.read(path)
    case .minted(let token): token.text(now: wallClockNow())
    }
  }

  /// Whether there is no token, and none is to come: nobody has named one, or it could not be made.
  var isInVain: Bool {
    switch place {
    case nil: true
    case .text, .file: false
    case .minted(let token): token.wasRefused
    }
  }

  /// What to do about a token that was refused.
  ///
  /// - Parameter now: the time of day.
  func advice(now: Timestamp) -> String {
    let renew = """
      To make one: kubectl create token kubeshark-cli -n <namespace> --audience kubeshark-hub.
      """
    switch place {
    case nil:
      return "Pass a token by --token-file, --token or KUBESHARK_HUB_TOKEN. " + renew
        + " Tokens live about an hour."
    case .text(let token):
      return Self.age(of: token, now) + "Tokens cannot be renewed here: make another and start "
        + "again, or give it by --token-file, which is read anew. " + renew
    case .file(let path):
      guard let token else { return "The token file \(path) cannot be read or is empty. " + renew }
      return Self.age(of: token, now) + "Write a new token to \(path); it is read anew. " + renew
    case .minted(let token): return token.advice
    }
  }

  /// The beginning of a file; nil when it cannot be read.
  static func beginning(of path: String, limit: Int) -> [UInt8]? {
    guard let file = fopen(path, "r") else { return nil }
    defer { fclose(file) }
    return [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
      count = fread(buffer.baseAddress, 1, limit, file)
    }
  }

  private static func read(_ path: String) -> String? {
    guard let bytes = beginning(of: path, limit: maxFile) else { return nil }
    let text = String(decoding: bytes, as: UTF8.self).trimmed
    guard !text.isEmpty, text.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else { return nil }
    return text
  }

  /// "The token expired 4 min ago. " for a JSON Web Token that did (RFC 7519 §4.1.4).
  static func age(of token: String, _ now: Timestamp) -> String {
    let parts = token.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 3, let payload = bytes(ofBase64: parts[1]) else { return "" }
    let claims: JSONValue
    do throws(JSONError) { claims = try JSONReader.value(of: payload) } catch { return "" }
    guard let expiry = claims["exp"]?.double, abs(expiry) < 1e12 else { return "" }
    let seconds = Int64(Double(now.milliseconds) / 1000 - expiry)
    guard seconds >= 0 else { return "" }
    let age =
      switch seconds {
      case ..<120: "\(seconds) s"
      case ..<7_200: "\(seconds / 60) min"
      default: "\(seconds / 3_600) h"
      }
    return "The token expired \(age) ago. "
  }
}

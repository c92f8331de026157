import NIOSSL
import Ring
import Synchronization

/// A certificate with its key, in files that are read again when they have changed: whoever renews
/// certificates writes the new ones there.
///
/// Handshakes that begin afterwards show the new one; connections that are open stay as they are.
final class ServerCertificate: Sendable {
  /// A certificate with those of its issuers, and its key.
  struct Pair: Sendable {
    var chain: [NIOSSLCertificateSource]
    var key: NIOSSLPrivateKeySource

    /// The settings of a server that shows it.
    var configuration: TLSConfiguration {
      var configuration = TLSConfiguration.makeServerConfiguration(
        certificateChain: chain, privateKey: key)
      configuration.minimumTLSVersion = .tlsv12
      return configuration
    }
  }

  private struct Known {
    var stamps: [FileSystem.Stamp?]
    var pair: Pair
  }

  private let certificate: String
  private let key: String
  private let flags: String
  private let tell: @Sendable (String) -> Void
  private let known: Mutex<Known>

  /// - Parameters:
  ///   - certificate: PEM file with the certificate, then those of its issuers.
  ///   - key: PEM file with its private key.
  ///   - flags: what the flags that name them begin with, for the sentences.
  ///   - tell: gets a sentence when new files cannot be used.
  init(
    certificate: String, key: String, flags: String, tell: @escaping @Sendable (String) -> Void
  ) throws(HubTLS.Mistake) {
    (self.certificate, self.key) = (certificate, key)
    (self.flags, self.tell) = (flags, tell)
    let stamps = Self.stamps(certificate, key)
    let pair = try Self.read(certificate, key, flags)
    known = Mutex(Known(stamps: stamps, pair: pair))
  }

  /// What a handshake that begins now is to show.
  var pair: Pair {
    let stamps = Self.stamps(certificate, key)
    let (pair, problem) = known.withLock { known -> (Pair, String?) in
      guard stamps != known.stamps, !stamps.contains(nil) else { return (known.pair, nil) }
      // Of two files one is written first: what does not go together is not read again before it
      // has changed once more.
      known.stamps = stamps
      do throws(HubTLS.Mistake) {
        known.pair = try Self.read(certificate, key, flags)
        return (known.pair, nil)
      } catch { return (known.pair, error.message) }
    }
    if let problem { tell("the certificate so far is still shown: \(problem)") }
    return pair
  }

  /// Reads both files again, whether they seem to have changed or not.
  ///
  /// - Throws: why they cannot be used; the certificate so far is shown then.
  func renew() throws(HubTLS.Mistake) {
    let stamps = Self.stamps(certificate, key)
    let pair = try Self.read(certificate, key, flags)
    known.withLock { $0 = Known(stamps: stamps, pair: pair) }
  }

  private static func stamps(_ certificate: String, _ key: String) -> [FileSystem.Stamp?] {
    [FileSystem.stamp(of: certificate), FileSystem.stamp(of: key)]
  }

  private static func read(
    _ certificate: String, _ key: String, _ flags: String
  ) throws(HubTLS.Mistake) -> Pair {
    let chain: [NIOSSLCertificate]
    let none = HubTLS.Mistake(
      message: "\(flags)-cert \(certificate) holds no certificate in PEM form")
    do { chain = try NIOSSLCertificate.fromPEMFile(certificate) } catch { throw none }
    guard !chain.isEmpty else { throw none }
    let secret: NIOSSLPrivateKey
    do { secret = try NIOSSLPrivateKey(file: key, format: .pem) } catch {
      throw HubTLS.Mistake(message: "\(flags)-key \(key) holds no private key in PEM form")
    }
    let pair = Pair(chain: chain.map { .certificate($0) }, key: .privateKey(secret))
    do { _ = try NIOSSLContext(configuration: pair.configuration) } catch {
      throw HubTLS.Mistake(
        message: "the key in \(key) does not belong to the certificate in \(certificate)")
    }
    return pair
  }
}

import Dispatch
import NIOCore
import NIOSSL

/// The certificate that the server shows, as its files are when a connection begins.
package struct HubTLS: Sendable {
  let configuration: TLSConfiguration
  private let shown: ServerCertificate

  /// Why the files cannot be used: one sentence.
  package struct Mistake: Error {
    package var message: String
  }

  /// - Parameters:
  ///   - certificate: PEM file with the certificate, then those of its issuers.
  ///   - key: PEM file with its private key.
  ///   - flags: what the flags that name them begin with, for the sentences.
  ///   - tell: gets a sentence when files that have changed cannot be used.
  package init(
    certificate: String, key: String, flags: String = "--tls",
    tell: @escaping @Sendable (String) -> Void
  ) throws(Mistake) {
    let shown = try ServerCertificate(
      certificate: certificate, key: key, flags: flags, tell: tell)
    var configuration = shown.pair.configuration
    // Not on the connection's own thread: what goes wrong with reading the files is kept for that
    // thread by the TLS library, which would take it for a failure of the handshake.
    let queue = DispatchQueue(label: "certificate")
    configuration.sslContextCallback = { _, promise in
      queue.async {
        let pair = shown.pair
        var change = NIOSSLContextConfigurationOverride()
        (change.certificateChain, change.privateKey) = (pair.chain, pair.key)
        promise.succeed(change)
      }
    }
    (self.configuration, self.shown) = (configuration, shown)
  }

  /// Reads the files again, whether they seem to have changed or not.
  ///
  /// - Throws: why they cannot be used; the certificate so far is shown then.
  package func renew() throws(Mistake) { try shown.renew() }
}

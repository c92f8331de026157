import NIOSSL

/// The certificate that the server shows.
package struct HubTLS: Sendable {
  let configuration: TLSConfiguration

  /// Why the files cannot be used: one sentence.
  package struct Mistake: Error {
    package var message: String
  }

  /// - Parameters:
  ///   - certificate: PEM file with the certificate, then those of its issuers.
  ///   - key: PEM file with its private key.
  ///   - flags: what the flags that name them begin with, for the sentences.
  package init(
    certificate: String, key: String, flags: String = "--tls"
  ) throws(Mistake) {
    let chain: [NIOSSLCertificate]
    let none = Mistake(message: "\(flags)-cert \(certificate) holds no certificate in PEM form")
    do { chain = try NIOSSLCertificate.fromPEMFile(certificate) } catch { throw none }
    guard !chain.isEmpty else { throw none }
    let secret: NIOSSLPrivateKey
    do { secret = try NIOSSLPrivateKey(file: key, format: .pem) } catch {
      throw Mistake(message: "\(flags)-key \(key) holds no private key in PEM form")
    }
    var configuration = TLSConfiguration.makeServerConfiguration(
      certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(secret))
    configuration.minimumTLSVersion = .tlsv12
    do { _ = try NIOSSLContext(configuration: configuration) } catch {
      throw Mistake(
        message: "the key in \(key) does not belong to the certificate in \(certificate)")
    }
    self.configuration = configuration
  }
}

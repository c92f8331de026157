import AsyncHTTPClient
package import NIOSSL

/// How a Hub elsewhere is reached: credentials, certificates, proxies.
package struct HubClientSettings: Sendable {
  /// What is wrong with a file that was named.
  package struct Problem: Error, Hashable, Sendable {
    package var message: String
  }

  /// What the Hub's own paths are below: a front takes `/api` off, and our Hub takes both. The
  /// published product's Hub itself has them at its root.
  package var root = "/api"
  package var token: TokenSource.Place?
  /// The licence key that a Hub of the published product takes, where no token can be had.
  package var license: String?
  /// Authorities (PEM) that count besides those of the system.
  package var caFile: String?
  package var clientCertificate: String?
  package var clientKey: String?
  package var verifiesCertificates = true
  package var proxies = ProxyRules(http: nil, https: nil, exceptions: "")

  package init() {}

  /// The settings of TLS.
  package func tls() throws(Problem) -> TLSConfiguration {
    var tls = TLSConfiguration.makeClientConfiguration()
    if !verifiesCertificates { tls.certificateVerification = .none }
    if let caFile {
      tls.additionalTrustRoots = [.certificates(try certificates(caFile, flag: "--ca-file"))]
    }
    if let clientCertificate, let clientKey {
      tls.certificateChain = try certificates(clientCertificate, flag: "--client-cert")
        .map { .certificate($0) }
      do {
        tls.privateKey = .privateKey(try NIOSSLPrivateKey(file: clientKey, format: .pem))
      } catch {
        throw Problem(
          message: "--client-key: \(clientKey) holds no private key in PEM that is readable")
      }
    }
    return tls
  }

  private func certificates(_ path: String, flag: String) throws(Problem) -> [NIOSSLCertificate] {
    let found: [NIOSSLCertificate]
    do { found = try NIOSSLCertificate.fromPEMFile(path) } catch {
      throw Problem(message: "\(flag): \(path) holds no certificates in PEM, or cannot be read")
    }
    guard !found.isEmpty else { throw Problem(message: "\(flag): \(path) holds no certificates") }
    return found
  }
}

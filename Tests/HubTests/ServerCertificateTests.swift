import Foundation
import NIOSSL
import Synchronization
import TestSupport
import Testing

@testable import Hub

/// Certificates that are renewed while a server shows them.
struct ServerCertificateTests {
  private let certificate: URL
  private let key: URL

  init() throws {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("certificate-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    certificate = folder.appendingPathComponent("tls.crt")
    key = folder.appendingPathComponent("tls.key")
    try MadeCertificate.write(MadeCertificate.first.certificate, to: certificate, second: 0)
    try MadeCertificate.write(MadeCertificate.first.key, to: key, second: 0)
  }

  private func chain(_ made: MadeCertificate) throws -> [NIOSSLCertificateSource] {
    [.certificate(try NIOSSLCertificate(bytes: Array(made.certificate.utf8), format: .pem))]
  }

  @Test func aRenewedCertificateIsShownOnceItsKeyIsThereToo() throws {
    let first = try chain(.first)
    let second = try chain(.second)
    let said = Mutex<[String]>([])
    let shown = try ServerCertificate(
      certificate: certificate.path, key: key.path, flags: "--tls",
      tell: { sentence in said.withLock { $0.append(sentence) } })
    #expect(shown.pair.chain == first)
    #expect(said.withLock { $0 }.isEmpty)

    // Half of it: what was shown so far stays, and that is told once.
    try MadeCertificate.write(MadeCertificate.second.certificate, to: certificate, second: 1)
    #expect(shown.pair.chain == first)
    #expect(shown.pair.chain == first)
    #expect(said.withLock { $0 }.count == 1)
    #expect(said.withLock { $0 }.first?.contains("does not belong") == true)

    try MadeCertificate.write(MadeCertificate.second.key, to: key, second: 1)
    #expect(shown.pair.chain == second)
    #expect(said.withLock { $0 }.count == 1)

    // Files that are taken away do not take the certificate with them.
    try FileManager.default.removeItem(at: certificate)
    #expect(shown.pair.chain == second)
  }

  /// Whoever asks for it learns at once whether the new files can be used.
  @Test func filesAreReadAgainWhenSomebodyAsksForIt() throws {
    let (first, second) = (try chain(.first), try chain(.second))
    let said = Mutex<[String]>([])
    let shown = try ServerCertificate(
      certificate: certificate.path, key: key.path, flags: "--tls",
      tell: { sentence in said.withLock { $0.append(sentence) } })
    try shown.renew()
    #expect(shown.pair.chain == first)
    // Of the same age as those before, which nothing else would notice.
    try MadeCertificate.write(MadeCertificate.second.certificate, to: certificate, second: 0)
    #expect(throws: HubTLS.Mistake.self) { try shown.renew() }
    try MadeCertificate.write(MadeCertificate.second.key, to: key, second: 0)
    try shown.renew()
    #expect(shown.pair.chain == second && said.withLock { $0 }.isEmpty)
  }

  @Test func filesThatCannotBeUsedAreToldAtTheStart() throws {
    func problem() -> String? {
      do throws(HubTLS.Mistake) {
        _ = try HubTLS(certificate: certificate.path, key: key.path, tell: { _ in })
        return nil
      } catch { return error.message }
    }
    #expect(problem() == nil)
    try MadeCertificate.write(MadeCertificate.second.key, to: key, second: 1)
    #expect(problem()?.contains("does not belong to the certificate") == true)
    try MadeCertificate.write("nothing", to: key, second: 2)
    #expect(problem()?.contains("no private key") == true)
    try MadeCertificate.write("nothing", to: certificate, second: 2)
    #expect(problem()?.contains("no certificate") == true)
  }
}

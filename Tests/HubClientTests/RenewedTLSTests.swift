import Foundation
import NIOSSL
import TestSupport
import Testing

@testable import HubClient

struct RenewedTLSTests {
  private func roots(_ made: MadeCertificate) throws -> [NIOSSLAdditionalTrustRoots] {
    [
      .certificates([
        try NIOSSLCertificate(bytes: Array(made.certificate.utf8), format: .pem)
      ])
    ]
  }

  @Test func authoritiesAreReadAnew() throws {
    let file = FileManager.default.temporaryDirectory
      .appendingPathComponent("authorities-\(UUID().uuidString).pem")
    try MadeCertificate.write(MadeCertificate.first.certificate, to: file, second: 0)
    var settings = HubClientSettings()
    settings.caFile = file.path
    let tls = try RenewedTLS(settings)
    let (first, second) = try (roots(.first), roots(.second))
    #expect(tls.first.additionalTrustRoots == first)
    #expect(tls.current?.additionalTrustRoots == first)

    try MadeCertificate.write(MadeCertificate.second.certificate, to: file, second: 1)
    #expect(tls.current?.additionalTrustRoots == second)

    // What cannot be used, or is not there, changes nothing.
    try MadeCertificate.write("nothing", to: file, second: 2)
    #expect(tls.current?.additionalTrustRoots == second)
    try FileManager.default.removeItem(at: file)
    #expect(tls.current?.additionalTrustRoots == second)
    try MadeCertificate.write(MadeCertificate.first.certificate, to: file, second: 3)
    #expect(tls.current?.additionalTrustRoots == first)
  }

  @Test func withoutFilesNothingIsLookedAt() throws {
    let isNone = try RenewedTLS(HubClientSettings()).current == nil
    #expect(isNone)
  }
}

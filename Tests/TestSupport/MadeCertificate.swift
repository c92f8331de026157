package import Foundation

/// A certificate that signs itself, with its key: made for tests, and trusted by nobody.
package struct MadeCertificate: Sendable {
  /// Both in PEM.
  package let certificate: String
  package let key: String

  /// Writes a text, and sets the time of that: two writes may be closer than file systems tell.
  package static func write(_ text: String, to file: URL, second: Int) throws {
    try text.write(to: file, atomically: true, encoding: .utf8)
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSince1970: 1_800_000_000 + Double(second))],
      ofItemAtPath: file.path)
  }

  package static let first = MadeCertificate(
    certificate: """
      -----BEGIN CERTIFICATE-----
      MIIBbzCCARWgAwIBAgIUcIafJKuotykOCfCASGKNPTuSJvUwCgYIKoZIzj0EAwIw
      DDEKMAgGA1UEAwwBYTAgFw0yNjExMjgyMTA0NDhaGA8yMTI2MTEwNDIxMDQ0OFow
      DDEKMAgGA1UEAwwBYTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABGqqQ+RsGiTF
      HgXCfRdcYpIP8ttjvROg8Pe7P3kgSn38uQMmlAeIorJD02dInYBnr0bhVbFq7Nut
      3twkROhXMzujUzBRMB0GA1UdDgQWBBQyIoReiT2L8GrHGcqBc9OSGksUejAfBgNV
      HSMEGDAWgBQyIoReiT2L8GrHGcqBc9OSGksUejAPBgNVHRMBAf8EBTADAQH/MAoG
      CCqGSM49BAMCA0gAMEUCIBsx8v8VJl6EG/g71j1UtcLsx/fbMU0d9p7xMijGwvcW
      AiEAruMS/BNPzQuWF0uyswrD6F+ntu1fKLRP/ZNdvbFkaJA=
      -----END CERTIFICATE-----
      """,
    key: """
      -----BEGIN PRIVATE KEY-----
      MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg/6WOmoh3HQaN9Fry
      7sIh2uGRiB79hyuzCol3HugpQiKhRANCAARqqkPkbBokxR4Fwn0XXGKSD/LbY70T
      oPD3uz95IEp9/LkDJpQHiKKyQ9NnSJ2AZ69G4VWxauzbrd7cJEToVzM7
      -----END PRIVATE KEY-----
      """)

  package static let second = MadeCertificate(
    certificate: """
      -----BEGIN CERTIFICATE-----
      MIIBbjCCARWgAwIBAgIUILpbZcj3lRBAQyURX8gC9D5nghwwCgYIKoZIzj0EAwIw
      DDEKMAgGA1UEAwwBYjAgFw0yNjExMjgyMTA0NDhaGA8yMTI2MTEwNDIxMDQ0OFow
      DDEKMAgGA1UEAwwBYjBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABDED/i68zOyA
      Og+3aX8kUbbtI8Y2iGKwUFS9MFjU25pFIUPYFkKT6QnJf4wX6KYlIyrPzOfkncar
      qzCYL7SMGTqjUzBRMB0GA1UdDgQWBBTKjwkg5dcyT5NlmZf/5rj3T/WGGzAfBgNV
      HSMEGDAWgBTKjwkg5dcyT5NlmZf/5rj3T/WGGzAPBgNVHRMBAf8EBTADAQH/MAoG
      CCqGSM49BAMCA0cAMEQCIAywWfslLRjH3uUUs37LJevhWSlRwvCKUTJu0TV+W9u7
      AiAe0THZUkIYpLPt9OEguBGrL+kyktK1Jv5Watmtr+7Qpg==
      -----END CERTIFICATE-----
      """,
    key: """
      -----BEGIN PRIVATE KEY-----
      MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgL5vCWN8jxo63O1kr
      n+tVaSn7VMUIDgwrpp0N1XHmkSuhRANCAAQxA/4uvMzsgDoPt2l/JFG27SPGNohi
      sFBUvTBY1NuaRSFD2BZCk+kJyX+MF+imJSMqz8zn5J3Gq6swmC+0jBk6
      -----END PRIVATE KEY-----
      """)
}

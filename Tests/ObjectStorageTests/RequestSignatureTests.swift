import Bytes
import Crypto
import Testing

@testable import ObjectStorage

/// The worked examples of the S3 reference, "Authenticating Requests: Using the Authorization Header".
@Suite struct RequestSignatureTests {
  private static let signature = RequestSignature(
    credentials: .init(
      accessKey: "AKIAIOSFODNN7EXAMPLE", secretKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
    region: "us-east-1")
  private static let host = (name: "host", value: "examplebucket.s3.amazonaws.com")

  private func signed(
    _ method: String, _ path: String, query: [(name: String, value: String)] = [],
    headers: [(name: String, value: String)] = [], body: String = ""
  ) -> String? {
    let request = RequestSignature.Request(
      method: method, path: path, query: query, headers: headers + [Self.host],
      payload: Array(SHA256.hash(data: Array(body.utf8))))
    let added = Self.signature.headers(for: request, time: "20130524T000000Z")
    return added.first { $0.name == "authorization" }?.value.split(separator: "=").last
      .map(String.init)
  }

  @Test func anObjectIsReadInPart() {
    #expect(
      signed("GET", "/test.txt", headers: [("range", "bytes=0-9")])
        == "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41")
  }

  @Test func anObjectIsWritten() {
    let headers = [
      (name: "date", value: "Fri, 24 May 2013 00:00:00 GMT"),
      (name: "x-amz-storage-class", value: "REDUCED_REDUNDANCY"),
    ]
    #expect(
      signed(
        "PUT", "/test%24file.text", headers: headers, body: "Welcome to Amazon S3.")
        == "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd")
  }

  @Test func aQueryWithoutValueIsSigned() {
    #expect(
      signed("GET", "/", query: [("lifecycle", "")])
        == "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543")
  }

  @Test func aListingIsSigned() {
    #expect(
      signed("GET", "/", query: [("prefix", "J"), ("max-keys", "2")])
        == "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7")
  }

  @Test func aTokenOfKeysThatEndIsSignedToo() {
    var signature = Self.signature
    signature = RequestSignature(
      credentials: .init(accessKey: "a", secretKey: "b", sessionToken: "token"), region: "eu-west-1"
    )
    let request = RequestSignature.Request(
      method: "GET", path: "/", headers: [Self.host], payload: [])
    let added = signature.headers(for: request, time: "20130524T000000Z")
    #expect(added.contains { $0.name == "x-amz-security-token" && $0.value == "token" })
    let authorization = added.first { $0.name == "authorization" }?.value
    #expect(authorization?.contains(";x-amz-security-token") == true)
    #expect(authorization?.contains("/20130524/eu-west-1/s3/aws4_request") == true)
  }
}

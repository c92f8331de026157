import Testing

@testable import ObjectStorage

@Suite struct StorageSettingsTests {
  private static let keys = ["SNAPSHOT_AWS_ACCESS_KEY": "a", "SNAPSHOT_AWS_SECRET_KEY": "b"]

  private func storage(
    _ address: String?, _ variables: [String: String] = [:]
  ) -> Result<any ObjectStorage, StorageError>? {
    StorageSettings.storage(address) { variables[$0] }
  }

  private func place(_ address: String?, _ variables: [String: String] = [:]) -> StoragePlace? {
    try? storage(address, variables)?.get().place
  }

  private func problem(_ address: String?, _ variables: [String: String] = [:]) -> String? {
    guard case .failure(let error)? = storage(address, variables) else { return nil }
    return error.code == .settings ? error.message : nil
  }

  @Test func nothingNamedIsNothing() {
    #expect(storage(nil) == nil)
    #expect(storage(nil, ["SNAPSHOT_AWS_BUCKET": ""]) == nil)
  }

  @Test func addressesAndTheEnvironmentNameAPlace() {
    #expect(
      place("file:///mnt/kept", ["SNAPSHOT_CLOUD_PREFIX": "/team/"])
        == StoragePlace(provider: "file", bucket: "/mnt/kept", prefix: "team/"))
    #expect(
      place("s3://bucket/a/b/", Self.keys)
        == StoragePlace(provider: "s3", bucket: "bucket", prefix: "a/b/"))
    var variables = Self.keys
    variables["SNAPSHOT_AWS_BUCKET"] = "other"
    variables["SNAPSHOT_CLOUD_PREFIX"] = "team"
    #expect(
      place(nil, variables) == StoragePlace(provider: "s3", bucket: "other", prefix: "team/"))
    #expect(
      place("s3://bucket", ["AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"])?.bucket
        == "bucket")
  }

  /// What cannot be used is reported; nothing keeps the Hub from starting.
  @Test func whatIsWrongIsSaid() {
    #expect(problem("s3://bucket")?.contains("no keys") == true)
    #expect(problem("s3://b", Self.keys)?.contains("name of a bucket") == true)
    #expect(problem("http://bucket", Self.keys)?.contains("no storage") == true)
    #expect(problem("file://relative")?.contains("no storage") == true)
    #expect(problem(nil, ["SNAPSHOT_AZBLOB_CONTAINER": "c"])?.contains("azblob") == true)
    #expect(problem(nil, ["SNAPSHOT_GCS_BUCKET": "c"])?.contains("gcs") == true)
    var role = Self.keys
    role["SNAPSHOT_AWS_ROLE_ARN"] = "arn:aws:iam::1:role/x"
    #expect(problem("s3://bucket", role)?.contains("role") == true)
    var endpoint = Self.keys
    endpoint["SNAPSHOT_AWS_ENDPOINT"] = "ftp://x"
    #expect(problem("s3://bucket", endpoint)?.contains("ENDPOINT") == true)
    endpoint["SNAPSHOT_AWS_ENDPOINT"] = "://"
    #expect(problem("s3://bucket", endpoint)?.contains("ENDPOINT") == true)
    endpoint["SNAPSHOT_AWS_ENDPOINT"] = "http://bob:planted@store.test"
    let told = problem("s3://bucket", endpoint)
    #expect(told?.contains("@store.test") == true && told?.contains("planted") == false)
    #expect(problem("s3://bucket/../x", Self.keys)?.contains("cannot begin") == true)
  }

  @Test func aBucketIsInThePathOrTheName() throws {
    let own = S3Client.Bucket(name: "b", scheme: "http", host: "h:1", isInPath: true)
    #expect(own.path("a b/ü") == "/b/a%20b/%C3%BC" && own.path("") == "/b/")
    let named = S3Client.Bucket(name: "b", scheme: "https", host: "b.s3.x", isInPath: false)
    #expect(named.path("files/1") == "/files/1")
  }
}

/// Where snapshots go when they are kept elsewhere, by an address and the environment.
///
///     file:///mnt/snapshots                     a folder
///     s3://bucket/prefix                        a bucket of S3
///     SNAPSHOT_AWS_BUCKET, …_REGION, …_ACCESS_KEY, …_SECRET_KEY, SNAPSHOT_CLOUD_PREFIX
///     SNAPSHOT_AWS_ENDPOINT                     another server that speaks S3
package enum StorageSettings {
  /// Variables that name a provider we have no client for, and its name.
  private static let unsupported = [
    ("SNAPSHOT_AZBLOB_STORAGE_ACCOUNT", "azblob"), ("SNAPSHOT_AZBLOB_CONTAINER", "azblob"),
    ("SNAPSHOT_GCS_BUCKET", "gcs"),
  ]

  /// The storage, why there is none though one is named, or nil when none is.
  ///
  /// - Parameters:
  ///   - address: as above; nil for what the environment says.
  ///   - variable: the value of a variable of the environment.
  package static func storage(
    _ address: String?, variable: (String) -> String?
  ) -> Result<any ObjectStorage, StorageError>? {
    do throws(StorageError) {
      return try storage(address, given: { variable($0).flatMap { $0.isEmpty ? nil : $0 } })
        .map { .success($0) }
    } catch { return .failure(error) }
  }

  private static func storage(
    _ address: String?, given variable: (String) -> String?
  ) throws(StorageError) -> (any ObjectStorage)? {
    let prefix = try prefix(variable("SNAPSHOT_CLOUD_PREFIX") ?? "")
    guard let address else {
      if let bucket = variable("SNAPSHOT_AWS_BUCKET") {
        return try bucketStorage(bucket, prefix, variable)
      }
      if let (name, provider) = unsupported.first(where: { variable($0.0) != nil }) {
        throw StorageError(
          .settings, "\(name) names storage of the provider \(provider), which is not supported.",
          hint: "Supported are s3, with everything that speaks its protocol, and file.")
      }
      return nil
    }
    let parts = address.split(separator: "://", maxSplits: 1).map(String.init)
    switch parts.first {
    case "file" where parts.count == 2 && parts[1].hasPrefix("/"):
      return FolderStorage(parts[1], prefix: prefix)
    case "s3" where parts.count == 2:
      let path = parts[1].split(separator: "/", maxSplits: 1).map(String.init)
      guard let bucket = path.first else { break }
      return try bucketStorage(
        bucket, path.count > 1 ? try Self.prefix(path[1]) : prefix, variable)
    default: break
    }
    throw StorageError(
      .settings, "\(address.prefix(200)) is no storage for snapshots.",
      hint: "Write s3://BUCKET/PREFIX or file:///FOLDER.")
  }

  private static func bucketStorage(
    _ bucket: String, _ prefix: String, _ variable: (String) -> String?
  ) throws(StorageError) -> S3Storage {
    guard variable("SNAPSHOT_AWS_ROLE_ARN") == nil else {
      throw StorageError(
        .settings, "SNAPSHOT_AWS_ROLE_ARN names a role to assume, which is not supported.",
        hint: "Give the keys of the role, or of a user: SNAPSHOT_AWS_ACCESS_KEY, …_SECRET_KEY.")
    }
    guard let credentials = credentials(variable) else {
      throw StorageError(
        .settings, "There are no keys for the bucket \(bucket).",
        hint: "Set SNAPSHOT_AWS_ACCESS_KEY and SNAPSHOT_AWS_SECRET_KEY, or AWS_ACCESS_KEY_ID and "
          + "AWS_SECRET_ACCESS_KEY.")
    }
    let region = variable("SNAPSHOT_AWS_REGION") ?? variable("AWS_REGION") ?? "us-east-1"
    let client = S3Client(
      bucket: try place(of: bucket, region, endpoint: variable("SNAPSHOT_AWS_ENDPOINT")),
      signature: RequestSignature(credentials: credentials, region: region))
    return S3Storage(client, prefix: prefix)
  }

  /// The keys of our own variables, else those that everybody uses.
  private static func credentials(
    _ variable: (String) -> String?
  ) -> RequestSignature.Credentials? {
    for (access, secret, token) in [
      ("SNAPSHOT_AWS_ACCESS_KEY", "SNAPSHOT_AWS_SECRET_KEY", "SNAPSHOT_AWS_SESSION_TOKEN"),
      ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"),
    ] {
      guard let access = variable(access), let secret = variable(secret) else { continue }
      return .init(accessKey: access, secretKey: secret, sessionToken: variable(token))
    }
    return nil
  }

  private static func place(
    of bucket: String, _ region: String, endpoint: String?
  ) throws(StorageError) -> S3Client.Bucket {
    guard
      (3...255).contains(bucket.utf8.count),
      bucket.utf8.allSatisfy({
        (0x30...0x39).contains($0) || (0x61...0x7a).contains($0 | 0x20)
          || [0x2d, 0x2e, 0x5f].contains($0)
      })
    else {
      throw StorageError(
        .settings, "\(bucket.prefix(80)) cannot be the name of a bucket.",
        hint: "Names have 3 to 63 lower-case letters, digits, dots and hyphens.")
    }
    guard let endpoint else {
      return S3Client.Bucket(
        name: bucket, scheme: "https", host: "\(bucket).s3.\(region).amazonaws.com",
        isInPath: false)
    }
    let parts = endpoint.split(separator: "://", maxSplits: 1).map(String.init)
    let host = parts.count == 2 ? parts[1].prefix { $0 != "/" } : ""
    guard let scheme = parts.first, ["http", "https"].contains(scheme), !host.isEmpty,
      !host.contains("@")
    else {
      // A password may stand before the @, and whoever may ask the Hub reads this.
      let shown = endpoint.lastIndex(of: "@").map { "…" + endpoint[$0...] } ?? endpoint
      throw StorageError(
        .settings, "SNAPSHOT_AWS_ENDPOINT is no address: \(shown.prefix(200)).",
        hint: "Write http://HOST:PORT or https://HOST, without a user.")
    }
    return S3Client.Bucket(name: bucket, scheme: scheme, host: String(host), isInPath: true)
  }

  /// With a slash at its end, unless it is empty.
  private static func prefix(_ text: String) throws(StorageError) -> String {
    let parts = text.split(separator: "/")
    guard !parts.contains(".."), text.utf8.count <= 512 else {
      throw StorageError(
        .settings, "\(text.prefix(80)) cannot begin the keys of objects.",
        hint: "Write names with slashes between them.")
    }
    return parts.isEmpty ? "" : parts.joined(separator: "/") + "/"
  }
}

import Bytes
import Crypto
import NIOHTTP1
import Ring

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A bucket of S3, or of what is compatible with it.
///
/// Large files are sent in parts. What was sent of a file stays with the bucket until the file is
/// whole; asked again, its parts are compared by MD5 and only those that miss are sent.
package struct S3Storage: ObjectStorage {
  /// Bytes of a part, unless a file would have too many: S3 takes 5 MiB at least.
  package static let standardPart: UInt64 = 8 << 20
  /// Parts of a file, at most, as S3 has it.
  private static let maxParts: UInt64 = 10_000
  /// Objects of a listing.
  private static let maxListed = 100_000
  /// Attempts where somebody waits for the answer.
  private static let hasty = 2
  private static let digestHeader = "x-amz-meta-sha256"

  package let place: StoragePlace
  private let client: S3Client
  private let part: UInt64

  init(_ client: S3Client, prefix: String, part: UInt64 = S3Storage.standardPart) {
    place = StoragePlace(provider: "s3", bucket: client.bucket.name, prefix: prefix)
    (self.client, self.part) = (client, part)
  }

  package func check() async throws(StorageError) {
    _ = try await client.send(
      .GET, query: [("list-type", "2"), ("max-keys", "1"), ("prefix", place.prefix)],
      attempts: Self.hasty)
  }

  package func list(_ prefix: String) async throws(StorageError) -> [StoredObject] {
    var objects: [StoredObject] = []
    var token: String?
    repeat {
      var query = [(name: "list-type", value: "2"), (name: "prefix", value: prefix)]
      if let token { query.append((name: "continuation-token", value: token)) }
      let page = try await xml(of: client.send(.GET, query: query, attempts: Self.hasty))
      for row in page.all("Contents") {
        guard let key = row["Key"]?.text, let bytes = row["Size"].flatMap({ UInt64($0.text) })
        else { continue }
        objects.append(StoredObject(key: key, bytes: bytes, tag: row["ETag"]?.text ?? ""))
      }
      token = page["NextContinuationToken"]?.text
    } while token?.isEmpty == false && objects.count < Self.maxListed
    return objects.sorted { $0.key < $1.key }
  }

  package func read(_ key: String, limit: Int) async throws(StorageError) -> [UInt8] {
    let bytes = try await client.send(.GET, key).body
    guard bytes.count <= limit else {
      throw StorageError(
        .refused, "The object \(key) is longer than \(limit) bytes.", hint: "It is not one of ours."
      )
    }
    return bytes
  }

  package func write(_ bytes: [UInt8], at key: String) async throws(StorageError) {
    _ = try await client.send(.PUT, key, body: bytes)
  }

  // MARK: Up

  package func upload(
    _ file: StoredFile, at key: String, report: @Sendable (UInt64) -> Void
  ) async throws(StorageError) {
    if try await isThere(file, key) { return report(file.bytes) }
    guard let source = OpenFile(file.path, O_RDONLY | O_CLOEXEC) else {
      throw .unreadable(file.path)
    }
    let headers = [(name: Self.digestHeader, value: hex(file.digest))]
    guard file.bytes > part else {
      let bytes = try piece(of: source, file, 0..<file.bytes)
      _ = try await client.send(.PUT, key, headers: headers, body: bytes)
      return report(file.bytes)
    }
    let length = max(part, (file.bytes + Self.maxParts - 1) / Self.maxParts)
    let upload = try await begun(key, headers)
    let known = try await parts(of: upload, key)
    var tags: [String] = []
    for (index, start) in stride(from: 0, to: file.bytes, by: Int(length)).enumerated() {
      let number = index + 1
      let bytes = try piece(of: source, file, start..<min(start + length, file.bytes))
      let tag = hex(Insecure.MD5.hash(data: bytes))
      if let known = known[number], known.bytes == bytes.count, unquoted(known.tag) == tag {
        tags.append(known.tag)
      } else {
        let query = [
          (name: "partNumber", value: String(number)), (name: "uploadId", value: upload),
        ]
        let reply = try await client.send(.PUT, key, query: query, body: bytes)
        tags.append(reply.header("etag") ?? "\"\(tag)\"")
      }
      report(start + UInt64(bytes.count))
    }
    try await complete(upload, key, tags, file)
  }

  private func isThere(_ file: StoredFile, _ key: String) async throws(StorageError) -> Bool {
    // Who may write need not be allowed to look.
    let reply = try await client.send(.HEAD, key, allowed: [403, 404])
    return reply.status == 200 && reply.header("content-length") == String(file.bytes)
      && reply.header(Self.digestHeader) == hex(file.digest)
  }

  private func piece(
    of source: OpenFile, _ file: StoredFile, _ range: Range<UInt64>
  ) throws(StorageError) -> [UInt8] {
    let bytes = source.read(at: range.lowerBound, count: range.count)
    guard let bytes, bytes.count == range.count else { throw .unreadable(file.path) }
    return bytes
  }

  /// An upload of that key that was begun and not completed, or a new one.
  private func begun(
    _ key: String, _ headers: [(name: String, value: String)]
  ) async throws(StorageError) -> String {
    let query = [(name: "uploads", value: ""), (name: "prefix", value: key)]
    // Who may upload need not be allowed to list, and not every server can.
    let list = try await client.send(.GET, query: query, allowed: [403, 404, 501])
    let known = (list.status == 200 ? list.xml?.all("Upload") ?? [] : []).filter {
      $0["Key"]?.text == key
    }
    .max { ($0["Initiated"]?.text ?? "") < ($1["Initiated"]?.text ?? "") }
    if let id = known?["UploadId"]?.text { return id }
    let reply = try await xml(
      of: client.send(.POST, key, query: [("uploads", "")], headers: headers))
    guard let id = reply["UploadId"]?.text, !id.isEmpty else { throw strange(key) }
    return id
  }

  private func parts(
    of upload: String, _ key: String
  ) async throws(StorageError) -> [Int: (tag: String, bytes: Int)] {
    var parts: [Int: (tag: String, bytes: Int)] = [:]
    var marker: String?
    repeat {
      var query = [(name: "uploadId", value: upload)]
      if let marker { query.append((name: "part-number-marker", value: marker)) }
      let page = try await xml(of: client.send(.GET, key, query: query))
      for row in page.all("Part") {
        guard let number = row["PartNumber"].flatMap({ Int($0.text) }),
          let bytes = row["Size"].flatMap({ Int($0.text) }), let tag = row["ETag"]?.text
        else { continue }
        parts[number] = (tag, bytes)
      }
      marker = page["IsTruncated"]?.text == "true" ? page["NextPartNumberMarker"]?.text : nil
    } while marker != nil && parts.count < Self.maxParts
    return parts
  }

  private func complete(
    _ upload: String, _ key: String, _ tags: [String], _ file: StoredFile
  ) async throws(StorageError) {
    let parts = tags.enumerated().map { index, tag in
      "<Part><PartNumber>\(index + 1)</PartNumber><ETag>\"\(unquoted(tag))\"</ETag></Part>"
    }
    let body = "<CompleteMultipartUpload>\(parts.joined())</CompleteMultipartUpload>"
    let reply = try await client.send(
      .POST, key, query: [("uploadId", upload)], headers: [("content-type", "application/xml")],
      body: Array(body.utf8), allowed: [404])
    // Asked twice, the second answer is that there is no such upload; and an error may come with the
    // status of success.
    guard reply.status == 404 || reply.xml?.name == "Error" else { return }
    guard try await isThere(file, key) else {
      throw StorageError(
        .refused, "The upload of \(key) was not completed: \(reply.xml?["Message"]?.text ?? "").",
        hint: "Ask again: it goes on where it was.")
    }
  }

  // MARK: Down

  package func download(
    _ key: String, to path: String, bytes: UInt64, report: @Sendable (UInt64) -> Void
  ) async throws(StorageError) {
    let file = try GrowingFile(path, limit: bytes)
    try await client.fetch(key, into: file, bytes: bytes, report: report)
  }

  // MARK: Answers

  private func xml(of reply: S3Client.Reply) async throws(StorageError) -> XMLElement {
    guard let xml = reply.xml else { throw strange("") }
    return xml
  }

  private func strange(_ key: String) -> StorageError {
    StorageError(
      .refused, "What answers at \(client.bucket.host) does not speak like S3.",
      hint: "Check the endpoint of the storage.")
  }

  private func unquoted(_ tag: String) -> String { tag.filter { $0 != "\"" } }
}

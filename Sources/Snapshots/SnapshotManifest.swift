import Bytes
import JSON
import Ring

/// What has to be kept elsewhere so that a snapshot can be had again: its description, and which
/// files belong to it.
package struct SnapshotManifest: Hashable, Sendable {
  /// A file in the snapshot's folder.
  package struct Part: Hashable, Sendable {
    /// Its path there.
    package var name: String
    package var bytes: UInt64
    /// SHA-256.
    package var digest: [UInt8]

    package init(name: String, bytes: UInt64, digest: [UInt8]) {
      (self.name, self.bytes, self.digest) = (name, bytes, digest)
    }
  }

  private static let version: Int64 = 1
  /// Longest manifest that is read, in bytes.
  package static let maxBytes = 16 << 20

  package let snapshot: Snapshot
  package let parts: [Part]

  /// Bytes of all files.
  package var bytes: UInt64 {
    parts.reduce(0) { $0.addingReportingOverflow($1.bytes).partialValue }
  }

  package init(_ snapshot: Snapshot, parts: [Part]) {
    (self.snapshot, self.parts) = (snapshot, parts)
  }

  package var encoded: [UInt8] {
    let object: JSONObject = [
      "version": .int(Self.version), "snapshot": .object(snapshot.json),
      "parts": .array(
        parts.map {
          [
            "name": .string($0.name), "bytes": JSONValue($0.bytes),
            "sha256": .string(hex($0.digest)),
          ]
        }),
    ]
    return Array(JSONValue.object(object).text.utf8)
  }

  /// Nil when the bytes are no manifest, or one that would lead out of the snapshot's folder.
  package init?(encoded bytes: [UInt8]) {
    guard let object = try? JSONReader.value(of: bytes).object,
      object["version"]?.int == Self.version,
      let snapshot = object["snapshot"]?.object.flatMap(Snapshot.init(json:)),
      snapshot.status == .completed, Ring.isName(snapshot.id), Ring.isName(snapshot.name),
      let rows = object["parts"]?.array
    else { return nil }
    var parts: [Part] = []
    for row in rows {
      guard let name = row["name"]?.string, Self.isPath(name),
        let bytes = row["bytes"]?.int.flatMap({ UInt64(exactly: $0) }),
        let digest = row["sha256"]?.string.flatMap(Self.bytes), digest.count == 32
      else { return nil }
      parts.append(Part(name: name, bytes: bytes, digest: digest))
    }
    let names = Set(parts.map(\.name))
    guard names.count == parts.count,
      snapshot.files.allSatisfy({ names.contains("files/" + $0.name) && $0.stamp == nil })
    else { return nil }
    self.init(snapshot, parts: parts)
  }

  private static func isPath(_ name: String) -> Bool {
    let parts = name.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    return (1...2).contains(parts.count) && parts.allSatisfy(Ring.isName)
      && (parts.count == 1 || parts[0] == "files")
  }

  private static func bytes(ofHex text: String) -> [UInt8]? {
    let digits = Array(text.utf8)
    guard digits.count % 2 == 0 else { return nil }
    var bytes: [UInt8] = []
    for at in stride(from: 0, to: digits.count, by: 2) {
      guard let byte = UInt8(String(decoding: digits[at..<(at + 2)], as: UTF8.self), radix: 16)
      else { return nil }
      bytes.append(byte)
    }
    return bytes
  }
}

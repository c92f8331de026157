import Bytes
package import JSON

// Kept beside an indexed capture, so that its coverage is the same on the next start.

extension Statistics {
  package var json: JSONObject {
    [
      "sources": .array(sources.map { .string($0) }), "packets": JSONValue(packets),
      "bytes": JSONValue(bytes), "oldest": oldest.map { .int($0.nanoseconds) } ?? .null,
      "newest": newest.map { .int($0.nanoseconds) } ?? .null, "cut": JSONValue(cutPackets),
      "dropped": JSONValue(droppedPackets), "duplicates": JSONValue(duplicates),
      "bytesLost": JSONValue(bytesLost), "conversations": JSONValue(conversations),
      "wrongChecksums": Self.json(wrongChecksums), "notFollowed": Self.json(notFollowed),
      "fragmentTroubles": Self.json(fragmentTroubles), "flowTroubles": Self.json(flowTroubles),
      "dissectionTroubles": Self.json(dissectionTroubles), "entries": JSONValue(entries),
      "unrecognised": JSONValue(unrecognised), "expired": JSONValue(entriesExpired),
      "expiredBlocks": JSONValue(blocksExpired), "expiredBytes": JSONValue(bytesExpired),
      "lost": JSONValue(entriesLost),
      "warnings": .array(warnings.map { .string($0) }),
    ]
  }

  /// Nil when a figure is missing: then the capture is read again.
  package init?(json: JSONObject) {
    func count(_ name: String) -> UInt64? { json[name]?.int.flatMap { UInt64(exactly: $0) } }
    guard let sources = json["sources"]?.array?.compactMap(\.string),
      let packets = count("packets"),
      let bytes = count("bytes"), let cut = count("cut"), let dropped = count("dropped"),
      let duplicates = count("duplicates"), let lost = count("bytesLost"),
      let conversations = count("conversations"), let entries = count("entries"),
      let unrecognised = count("unrecognised"),
      let warnings = json["warnings"]?.array?.compactMap(\.string),
      let notFollowed = Self.named(json["notFollowed"]),
      let wrongChecksums = Self.named(json["wrongChecksums"]),
      let flowTroubles = Self.named(json["flowTroubles"]),
      let dissectionTroubles = Self.named(json["dissectionTroubles"])
    else { return nil }
    self.init()
    (self.sources, self.packets, self.bytes) = (sources, packets, bytes)
    oldest = json["oldest"]?.int.map { Timestamp(nanoseconds: $0) }
    newest = json["newest"]?.int.map { Timestamp(nanoseconds: $0) }
    (cutPackets, droppedPackets, self.duplicates) = (cut, dropped, duplicates)
    (bytesLost, self.conversations, self.entries) = (lost, conversations, entries)
    (self.unrecognised, self.warnings) = (unrecognised, warnings)
    (entriesExpired, blocksExpired) = (count("expired") ?? 0, count("expiredBlocks") ?? 0)
    (bytesExpired, entriesLost) = (count("expiredBytes") ?? 0, count("lost") ?? 0)
    self.wrongChecksums = wrongChecksums
    fragmentTroubles = Self.named(json["fragmentTroubles"]) ?? []
    (self.notFollowed, self.flowTroubles) = (notFollowed, flowTroubles)
    self.dissectionTroubles = dissectionTroubles
    isComplete = true
  }

  private static func json(_ counts: [Named]) -> JSONValue {
    .array(counts.map { [.string($0.name), JSONValue($0.count)] })
  }

  private static func named(_ value: JSONValue?) -> [Named]? {
    value?.array?.compactMap { pair in
      guard let name = pair[0]?.string, let count = pair[1]?.int.flatMap({ UInt64(exactly: $0) })
      else { return nil }
      return Named(name: name, count: count)
    }
  }
}

import Bytes
import Dissectors
import JSON
import Pipeline
import Store

// Kept in a store that is being filled, so that another process can go on: an object in JSON on a
// line of its own, then the flows.

extension Checkpoint {
  /// Name of the note that has it.
  static let note = "checkpoint"
  /// Name of the note that says which number the last block before it has since it was merged.
  static let mergedNote = "checkpoint.merged"
  private static let newline = UInt8(ascii: "\n")

  /// - Parameter capture: the key of what it is a place in.
  func stored(of capture: String) -> [UInt8] {
    let object: JSONObject = [
      "capture": .string(capture), "packets": JSONValue(packets), "sequence": .int(sequence),
      "firstStream": JSONValue(firstStream), "open": .array(open.map { JSONValue($0) }),
      "topics": .array(
        topics.news.map {
          [.string($0.topic.id.text), .string($0.topic.name), JSONValue($0.packet)]
        }), "topicsRefused": JSONValue(topics.refused),
      "read": .object(read.json), "followed": .object(followed.json),
    ]
    return Array(JSONValue.object(object).text.utf8) + [Self.newline] + flows.stored
  }

  /// The key of a capture and a place in it; nil when a part is missing or damaged: then reading
  /// begins anew.
  static func stored(in bytes: [UInt8]) -> (capture: String, place: Checkpoint)? {
    guard let end = bytes.firstIndex(of: newline),
      let json = try? JSONReader.value(of: Array(bytes[..<end])).object,
      let capture = json["capture"]?.string, var place = Checkpoint(json: json)
    else { return nil }
    do throws(WireError) {
      place.flows = try FlowBook(stored: Array(bytes[(end + 1)...]).span.bytes)
    } catch { return nil }
    return (capture, place)
  }

  /// What is noted together with a merge of blocks that are all before the checkpoint: its number
  /// of blocks is that of the merged one from then on.
  func merged(into block: Int64) -> [String: [UInt8]?] {
    let numbers: JSONValue = [.int(sequence), .int(block)]
    return [Self.mergedNote: Array(numbers.text.utf8)]
  }

  /// The checkpoint in a store and the key of its capture; nil when there is none.
  static func noted(in store: EntryStore) throws(StoreError) -> (
    capture: String, place: Checkpoint
  )? {
    guard let bytes = try store.note(note), var found = stored(in: bytes) else { return nil }
    if let bytes = try store.note(mergedNote),
      let numbers = try? JSONReader.value(of: bytes).array?.compactMap(\.int), numbers.count == 2,
      numbers[0] == found.place.sequence
    {
      found.place.sequence = max(found.place.sequence, numbers[1])
    }
    return found
  }

  /// Without the flows.
  private init?(json: JSONObject) {
    func count(_ name: String) -> UInt64? { json[name]?.int.flatMap { UInt64(exactly: $0) } }
    guard let packets = count("packets"), let sequence = json["sequence"]?.int,
      let firstStream = count("firstStream"), let numbers = json["open"]?.array,
      let read = json["read"]?.object.flatMap(Statistics.init(json:)),
      let followed = json["followed"]?.object.flatMap(Statistics.init(json:))
    else { return nil }
    let open = numbers.compactMap { $0.int.flatMap { UInt64(exactly: $0) } }
    guard open.count == numbers.count else { return nil }
    self.init(packets: packets, sequence: sequence, firstStream: firstStream, read: read)
    (self.open, self.followed) = (open, followed)
    let told = (json["topics"]?.array ?? []).compactMap { item -> KafkaTopicNews? in
      guard let id = item[0]?.string.flatMap(KafkaTopicID.init(text:)),
        let name = item[1]?.string, let packet = item[2]?.int.flatMap({ UInt64(exactly: $0) })
      else { return nil }
      return KafkaTopicNews(KafkaTopic(id: id, name: name), in: packet)
    }
    topics = KafkaTopicBook(told, refused: count("topicsRefused") ?? 0)
    self.read.isComplete = false
  }
}

import Bytes
import Dissectors
import JSON
import Pipeline

// Kept in a store that is being filled, so that another process can go on: an object in JSON on a
// line of its own, then the flows.

extension Checkpoint {
  /// Name of the note that has it.
  static let note = "checkpoint"
  private static let newline = UInt8(ascii: "\n")

  /// - Parameter capture: the key of what it is a place in.
  func stored(of capture: String) -> [UInt8] {
    let object: JSONObject = [
      "capture": .string(capture), "packets": JSONValue(packets), "sequence": .int(sequence),
      "firstStream": JSONValue(firstStream), "open": .array(open.map { JSONValue($0) }),
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
    self.read.isComplete = false
  }
}

import Bytes
import Entries
import JSON

/// How one side refuses a handshake: by an alert, which in QUIC is the code of a closed connection.
enum TLSRefusal {
  /// What a server says in the place of its ServerHello.
  ///
  /// - Parameter quic: what its packets told, a JSON object; empty when it came in records.
  static func reply(_ name: String, key: UInt64, quic: [UInt8] = []) -> Message {
    var message = Message(.response, .tlsx, key: key)
    message.failed = true
    message.fields.add(.statusText, .text(name))
    var writer = JSONWriter()
    writer.beginObject()
    writer.name("alert")
    writer.write(name)
    writer.quic(quic)
    writer.endObject()
    message.details = writer.bytes
    return message
  }

  /// The end of a handshake that the client gives up, behind what the server has said so far.
  static func ofClient(_ name: String, behind answer: TLSAnswer?) -> Ending {
    var ending = Ending()
    if var answer {
      answer.alert = name
      ending = answer.ending(isComplete: false)
    } else {
      ending.fields.add(.statusText, .text(name))
      ending.failed = true
    }
    ending.fault = Entry.Fault(.connection, "the client ended the handshake: \(name)")
    return ending
  }
}

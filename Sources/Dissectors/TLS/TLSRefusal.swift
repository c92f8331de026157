import Bytes
import Entries
import JSON

/// How one side refuses a handshake: by an alert, which in QUIC is the code of a closed connection.
enum TLSRefusal {
  /// What a server says in the place of its ServerHello.
  static func reply(
    _ name: String, key: UInt64, over carrier: TLSCarrier = .records
  ) -> Message {
    var message = Message(.response, .tlsx, key: key)
    message.failed = true
    message.fields.add(.statusText, .text(name))
    var writer = JSONWriter()
    writer.beginObject()
    writer.name("alert")
    writer.write(name)
    writer.write(carrier)
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

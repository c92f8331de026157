import Bytes
import Entries
import JSON

/// How one side refuses a handshake: by an alert, which in QUIC is the code of a closed connection, or
/// by an answer in clear.
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

  /// What a server of HTTP without TLS says in the place of its ServerHello.
  static func inHTTP(_ status: Int, _ reason: RawSpan) -> Message {
    var message = Message(.response, .tlsx, key: 0)
    message.failed = true
    message.fault = Entry.Fault(.connection, "the server answered in HTTP, without TLS")
    message.fields.add(.statusText, .text("not TLS"))
    var writer = JSONWriter()
    writer.beginObject()
    writer.name("plain")
    writer.write("HTTP \(status) \(reason.prefix(64).text())")
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

import Bytes
import Decompression
import JSON

/// What the details of a message are made of when somebody asks: the message as it came off the wire,
/// but for its record batches, of which only what is shown is kept (`KafkaRecords`), and byte strings, of
/// which the length is: a byte behind it says whether they are whole.
///
///     0    what it is (`Head.Flags`)
///     1    number of the API, 2 bytes
///     3    version of the body, 2 bytes
///     5    correlation id, 4 bytes
///     9    the body
enum KafkaFacts {
  /// Bytes of facts that are kept. Details of a message with more are made at once, as far as they are
  /// shown.
  static let limit = 16 << 10

  struct Head {
    struct Flags: OptionSet {
      let rawValue: UInt8
      static let response = Flags(rawValue: 1)
      /// Not all of the message is there.
      static let part = Flags(rawValue: 2)
      /// There is a body that can be read.
      static let body = Flags(rawValue: 4)
      static let flexible = Flags(rawValue: 8)
      /// The body gets no further than its first field.
      static let firstField = Flags(rawValue: 16)
    }

    static let length = 9

    var flags: Flags
    var key: Int16
    var version: Int16
    var correlation: Int32

    func append(to facts: inout [UInt8]) {
      facts.append(flags.rawValue)
      facts.append(
        little: UInt64(UInt16(bitPattern: key)) | UInt64(UInt16(bitPattern: version)) << 16
          | UInt64(UInt32(bitPattern: correlation)) << 32)
    }
  }

  /// The details that facts tell; empty when they are none.
  static func details(of facts: RawSpan) -> [UInt8] {
    guard facts.byteCount >= Head.length else { return [] }
    let head = Head(
      flags: Head.Flags(rawValue: facts.byte(0)), key: Int16(bitPattern: facts.little16(1)),
      version: Int16(bitPattern: facts.little16(3)),
      correlation: Int32(bitPattern: facts.little32(5)))
    return details(head, facts.suffix(from: Head.length), isPacked: true).json
  }

  /// The details of a message.
  ///
  /// - Parameters:
  ///   - bytes: the body.
  ///   - isPacked: it is a part of facts.
  /// - Returns: a JSON object, and how decompressions ended.
  static func details(
    _ head: Head, _ bytes: RawSpan, isPacked: Bool
  ) -> (json: [UInt8], ends: [Decompressed.End]) {
    let isResponse = head.flags.contains(.response)
    var writer = JSONWriter(reserving: 512)
    writer.beginObject()
    if !isResponse {
      writer.name("apiVersion")
      writer.write(Int(head.version))
    }
    writer.name("correlationID")
    writer.write(Int(head.correlation))
    var isCut = head.flags.contains(.part)
    var ends: [Decompressed.End] = []
    if head.flags.contains(.body), let schema = KafkaSchemaTable.body(head.key) {
      writer.name("payload")
      var fields = isResponse ? schema.response : schema.request
      if head.flags.contains(.firstField) { fields = Array(fields.prefix(1)) }
      var body = KafkaBody(
        version: head.version, isFlexible: head.flags.contains(.flexible), isPacked: isPacked)
      var input = Cursor(bytes)
      // A body that ends too early is shown as far as it goes.
      try? body.structure(fields, &input)
      writer.raw(body.writer.bytes.rawSpan)
      if body.isCut { isCut = true }
      ends = body.decompressions
    }
    if isCut {
      writer.name("truncated")
      writer.write(true)
    }
    writer.endObject()
    return (writer.bytes, ends)
  }
}

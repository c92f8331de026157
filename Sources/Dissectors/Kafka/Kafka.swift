package import Bytes
import Entries
package import Flows
import JSON
import Layers

/// Kafka: requests and responses paired by correlation id, within one connection.
///
/// Each message has its length in front. A response tells neither its API nor its version: both
/// come from the request. Bodies of the APIs in `KafkaSchemaTable` are read, of others the header.
/// Of messages longer than `maxHeld` the beginning is read and the rest passed over.
package struct Kafka: Dissector {
  package static let row = DissectorRow(
    Kafka.self, name: "kafka", kinds: [.kafka], transports: [.tcp],
    ports: [9092, 9093, 9094, 19_092, 29_092], priority: 2)

  /// Bytes of a message that may wait for its end.
  static let maxHeld = 256 << 10
  /// Longest message, in bytes: what brokers accept is 100 MiB unless told otherwise.
  static let maxMessage = 1 << 30
  /// Requests that wait for their responses; of older ones API and version are forgotten.
  static let maxAsked = 8192

  /// Requests without an answer that are remembered.
  private static let maxUnanswered = 64

  /// A request that waits.
  private struct Asked: Sendable {
    var correlation: Int32
    var key: UInt64
    var api: KafkaAPI?
    var version: Int16
    var isKnown: Bool
    var namesTopics: Bool
    /// It has topics of which the ids alone are known.
    var hasUnnamed: Bool
  }

  private enum Phase: Sendable {
    case frame
    /// Inside a long message; bytes to its end, and bytes of it that were not captured.
    case rest(UInt64, left: Int, lost: Int)
    case search
  }

  private var phases = BySide(client: Phase.frame, server: Phase.frame)
  private var requester: Side?
  private var asked: [Asked] = []
  /// Correlation ids of the latest requests that wanted no answer. Some brokers answer all the same.
  private var unanswered: [Int32] = []
  private var ordinal: UInt64 = 0
  private var names = KafkaTopicNames()
  /// Bytes were missing: a response without request will not get one.
  private var hasGaps: Bool
  /// After SASL_HANDSHAKE version 0 come tokens without header, until a request comes again.
  private var isAuthenticating = false

  package init(_ opening: Opening) {
    hasGaps = opening.isMidway
    if !opening.isMidway || Self.row.ports.contains(opening.server.port) {
      requester = .client
    } else if Self.row.ports.contains(opening.client.port) {
      requester = .server
    }
    if opening.isMidway { phases = BySide(client: .search, server: .search) }
  }

  package mutating func next(in bytes: RawSpan, from side: Side) throws(WireError) -> Step {
    switch phases[side] {
    case .frame: return try frame(bytes, side)
    case .rest(let key, let left, let lost):
      let count = min(left, bytes.byteCount)
      if count < left {
        phases[side] = .rest(key, left: left - count, lost: lost)
        return .content([], of: key, length: count)
      }
      phases[side] = .frame
      var ending = Ending()
      if lost > 0 { ending.fault = Entry.Fault(.dissection, "\(lost) bytes were not captured") }
      return .end(of: key, ending, length: count)
    case .search: return search(bytes, side)
    }
  }

  package mutating func broken(_ side: Side, by cause: Break) -> Recovery {
    if cause == .end { return .stop }
    hasGaps = true
    if case .gap(let count) = cause, case .rest(let key, let left, let lost) = phases[side],
      count < left
    {
      phases[side] = .rest(key, left: left - count, lost: lost + count)
      return .resume
    }
    phases[side] = .search
    return .resynchronise
  }

  package mutating func salvage(_ bytes: RawSpan, from side: Side) -> Message? {
    guard case .frame = phases[side], bytes.byteCount >= 8 else { return nil }
    let length = Int(Int32(bitPattern: bytes.big32(0)))
    let isWhole = length == bytes.byteCount - 4
    let body = bytes.suffix(from: 4)
    if side == requester ?? .client {
      guard let header = try? KafkaRequestHeader(body) else { return nil }
      return request(header, body, isPart: true)
    }
    if isWhole, place(of: body) == nil {
      var message = orphan(body)
      message.fault = Entry.Fault(.pairNotFound, "no request was captured")
      return message
    }
    return response(body, isPart: true)
  }

  // MARK: Frames

  private mutating func frame(_ bytes: RawSpan, _ side: Side) throws(WireError) -> Step {
    guard bytes.byteCount >= 4 else { return .needs(4) }
    let isRequest = side == requester ?? .client
    let length = Int(Int32(bitPattern: bytes.big32(0)))
    guard
      length >= (isRequest ? KafkaRequestHeader.minLength : 4) || isAuthenticating && length >= 0
    else { throw WireError(.invalid) }
    guard length <= Self.maxMessage else { throw WireError(.tooLarge) }
    let held = min(length, Self.maxHeld)
    guard bytes.byteCount >= 4 + held else { return .needs(4 + held) }
    let body = bytes.slice(4..<4 + held)
    if isAuthenticating, isToken(body, length, isRequest: isRequest) { return .skip(4 + length) }
    var message: Message
    if isRequest {
      message = request(try KafkaRequestHeader(body), body, isPart: held < length)
    } else {
      // Packets captured out of order: the request may be here in a moment.
      if !hasGaps, place(of: body) == nil, !isUnwanted(body), bytes.byteCount == 4 + length {
        return .needs(bytes.byteCount + 1)
      }
      message = response(body, isPart: held < length)
    }
    if held < length {
      message.extent = .open
      phases[side] = .rest(message.key, left: length - held, lost: 0)
    }
    return .message(message, length: 4 + held)
  }

  /// Whether a message without header is expected, and this is one.
  private mutating func isToken(_ body: RawSpan, _ length: Int, isRequest: Bool) -> Bool {
    if !isRequest { return body.byteCount < 4 || place(of: body) == nil }
    if KafkaShape.isRequest(body, length: length) {
      isAuthenticating = false
      return false
    }
    return true
  }

  // MARK: Requests

  private mutating func request(
    _ header: KafkaRequestHeader, _ bytes: RawSpan, isPart: Bool
  ) -> Message {
    var message = Message(
      .request, .kafka, key: ordinal << 32 | UInt64(UInt32(bitPattern: header.correlation)))
    ordinal += 1
    message.fields.reserve(bytes: 192)
    message.fields.add(.kafkaAPIKey, .int(Int64(header.key)))
    message.fields.add(.kafkaAPIKeyName, .text(header.name))
    if let client = header.clientID { message.fields.add(.kafkaClientID, .text(client)) }
    var payload: KafkaBody?
    if header.isKnown, let schema = KafkaSchemaTable.body(header.key) {
      payload = read(
        schema.request, bytes.suffix(from: header.length), header.version,
        header.api?.isFlexible(header.version) ?? false, isPart, &message)
    }
    if let topics = payload?.topics, !topics.isEmpty {
      message.fields.add(.kafkaTopics, .texts(topics))
    }
    if let ids = payload?.unnamed, !ids.isEmpty {
      message.fields.add(.kafkaTopicIDs, .bytes(KafkaTopicID.bytes(ids)))
    }
    if let groups = payload?.groups, !groups.isEmpty {
      message.fields.add(.kafkaGroups, .texts(groups))
    }
    message.details = details(
      payload, correlation: header.correlation, version: header.version, isPart)
    if Self.isUnanswered(header, bytes) {
      message.partner = .none
      if unanswered.count >= Self.maxUnanswered { unanswered.removeFirst() }
      unanswered.append(header.correlation)
    } else {
      ask(header, message.key, payload)
    }
    return message
  }

  /// Produce with no acknowledgements wanted.
  private static func isUnanswered(_ header: KafkaRequestHeader, _ bytes: RawSpan) -> Bool {
    guard header.key == 0, header.isKnown else { return false }
    var input = Cursor(bytes, at: header.length)
    let isFlexible = header.api?.isFlexible(header.version) ?? false
    do {
      if header.version >= 3 {
        let count = try input.kafkaStringLength(isFlexible: isFlexible)
        if count > 0 { try input.skip(count) }
      }
      return try input.big16() == 0
    } catch {
      return false
    }
  }

  private mutating func ask(
    _ header: KafkaRequestHeader, _ key: UInt64, _ payload: KafkaBody?
  ) {
    if asked.count >= Self.maxAsked { asked.removeFirst(Self.maxAsked / 2) }
    asked.append(
      Asked(
        correlation: header.correlation, key: key, api: header.api, version: header.version,
        isKnown: header.isKnown, namesTopics: payload?.topics.isEmpty == false,
        hasUnnamed: payload?.unnamed.isEmpty == false))
  }

  // MARK: Responses

  /// Place of the request that a response answers.
  private mutating func place(of bytes: RawSpan) -> Int? {
    let correlation = Int32(bitPattern: bytes.big32(0))
    return asked.firstIndex { $0.correlation == correlation }
  }

  /// Whether a response answers a request that wanted none.
  private mutating func isUnwanted(_ bytes: RawSpan) -> Bool {
    unanswered.contains(Int32(bitPattern: bytes.big32(0)))
  }

  /// A response whose request was not captured, or wanted none.
  private mutating func orphan(_ bytes: RawSpan) -> Message {
    if isUnwanted(bytes) { return Message(.interim, .kafka, key: .max - ordinal) }
    var message = Message(.response, .kafka, key: .max - ordinal)
    ordinal += 1
    message.partner = .lost
    message.details = details(
      nil, correlation: Int32(bitPattern: bytes.big32(0)), version: nil, false)
    return message
  }

  private mutating func response(_ bytes: RawSpan, isPart: Bool) -> Message {
    guard let place = place(of: bytes) else { return orphan(bytes) }
    let asked = asked.remove(at: place)
    var message = Message(.response, .kafka, key: asked.key)
    var payload: KafkaBody?
    if let api = asked.api, asked.isKnown, let schema = KafkaSchemaTable.body(api.key) {
      var version = asked.version
      var isFlexible = api.isFlexible(version)
      var start = 4
      var fields = schema.response
      if api.key == KafkaAPI.apiVersions {
        // Its header has no tagged fields, and a broker that does not know the version of the
        // request answers in version 0; some get no further than the error right.
        if bytes.byteCount >= 6,
          Int16(bitPattern: bytes.big16(4)) == KafkaErrorTable.unsupportedVersion
        {
          (version, isFlexible) = (0, false)
          if !fits(fields, bytes.suffix(from: 4)) { fields = Array(fields.prefix(1)) }
        }
      } else if isFlexible {
        var input = Cursor(bytes, at: 4)
        try? input.skipKafkaTags()
        start = input.offset
      }
      // A replica is away, and the partition works all the same.
      let harmless = api.key == KafkaAPI.metadata ? KafkaErrorTable.replicaNotAvailable : 0
      payload = read(
        fields, bytes.suffix(from: start), version, isFlexible, isPart, &message,
        harmless: harmless)
    }
    if let payload {
      message.topics = payload.identities.filter { names.learn($0) }
      // Of a session a request names only what changes, and the response what has records.
      if asked.api?.key == KafkaAPI.fetch, !asked.namesTopics {
        if !payload.topics.isEmpty { message.fields.add(.kafkaTopics, .texts(payload.topics)) }
        if !asked.hasUnnamed, !payload.unnamed.isEmpty {
          message.fields.add(.kafkaTopicIDs, .bytes(KafkaTopicID.bytes(payload.unnamed)))
        }
      }
      if payload.error != 0 {
        message.failed = true
        message.fields.add(.statusText, .text(KafkaErrorTable.name(payload.error)))
      } else if asked.api?.key == KafkaAPI.saslHandshake, asked.version == 0 {
        isAuthenticating = true
      }
    }
    message.details = details(
      payload, correlation: asked.correlation, version: nil, isPart)
    return message
  }

  // MARK: Bodies

  /// Whether these fields, in version 0, are all there is.
  private mutating func fits(_ fields: [KafkaField], _ bytes: RawSpan) -> Bool {
    var body = KafkaBody(version: 0, isFlexible: false, names: names)
    var input = Cursor(bytes)
    return (try? body.structure(fields, &input)) != nil && input.isAtEnd
  }

  private mutating func read(
    _ fields: [KafkaField], _ bytes: RawSpan, _ version: Int16, _ isFlexible: Bool,
    _ isPart: Bool, _ message: inout Message, harmless: Int16 = 0
  ) -> KafkaBody {
    var body = KafkaBody(
      version: version, isFlexible: isFlexible, names: names, harmless: harmless)
    var input = Cursor(bytes)
    do {
      try body.structure(fields, &input)
    } catch {
      // A long message is read as far as it is held.
      if !isPart { message.fault = Entry.Fault(.dissection, error.reason) }
    }
    message.decompressions = body.decompressions
    return body
  }

  private mutating func details(
    _ payload: KafkaBody?, correlation: Int32, version: Int16?, _ isPart: Bool
  ) -> [UInt8] {
    var writer = JSONWriter(reserving: 64 + (payload?.writer.bytes.count ?? 0))
    writer.beginObject()
    if let version {
      writer.name("apiVersion")
      writer.write(Int(version))
    }
    writer.name("correlationID")
    writer.write(Int(correlation))
    if let payload {
      writer.name("payload")
      writer.raw(payload.writer.bytes.rawSpan)
    }
    if isPart || payload?.isCut == true {
      writer.name("truncated")
      writer.write(true)
    }
    writer.endObject()
    return writer.bytes
  }

  // MARK: Finding the way back

  /// Passes over everything before the next message that is surely one: a request by its shape, a
  /// response by the correlation id of a request that waits.
  private mutating func search(_ bytes: RawSpan, _ side: Side) -> Step {
    if requester == nil {
      requester =
        KafkaShape.isRequest(bytes.suffix(from: min(4, bytes.byteCount)), length: nil)
        ? side : side.other
    }
    let isRequest = side == requester
    // Many may wait, and each place is compared with all of them.
    let waiting: Set<Int32> = isRequest ? [] : Set(asked.map(\.correlation))
    var at = 0
    while bytes.byteCount - at >= 8 {
      let length = Int(Int32(bitPattern: bytes.big32(at)))
      let body = bytes.suffix(from: at + 4)
      let isBeginning =
        isRequest
        ? KafkaShape.isRequest(body, length: length)
        : 4...Self.maxMessage ~= length
          && (waiting.contains(Int32(bitPattern: body.big32(0)))
            || at == 0 && asked.isEmpty && KafkaShape.areResponses(bytes))
      if isBeginning {
        phases[side] = .frame
        return .skip(at)
      }
      at += 1
    }
    return .skip(bytes.byteCount)
  }
}

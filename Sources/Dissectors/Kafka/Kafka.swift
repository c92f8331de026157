package import Bytes
import Entries
package import Flows
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
    /// Number of the API.
    var api: Int16
    var version: Int16
    var isKnown: Bool
    var isFlexible: Bool
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
  private var skim = KafkaSkim()
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

  package static func details(of facts: RawSpan) -> [UInt8] { KafkaFacts.details(of: facts) }

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
    var head = KafkaFacts.Head(
      flags: header.isFlexible ? [.flexible] : [], key: header.key, version: header.version,
      correlation: header.correlation)
    let plan = header.isKnown ? KafkaPlan.request(header.key, header.version) : nil
    read(bytes.suffix(from: header.length), plan, &head, isPart, &message)
    message.fields.add(.kafkaAPIKey, int: Int64(header.key))
    header.addName(to: &message.fields)
    if let client = header.clientID {
      message.fields.add(.kafkaClientID, text: bytes.slice(client))
    }
    add(topics: true, unnamed: true, to: &message.fields)
    let groups = skim.groups
    if !groups.isEmpty {
      message.fields.add(.kafkaGroups, .texts) { $0.append(groups.bytes.rawSpan) }
    }
    if Self.isUnanswered(header, bytes) {
      message.partner = .none
      if unanswered.count >= Self.maxUnanswered { unanswered.removeFirst() }
      unanswered.append(header.correlation)
    } else {
      ask(header, message.key)
    }
    return message
  }

  /// Adds the topics that the message names, and those of which it tells the ids alone.
  private func add(topics: Bool, unnamed: Bool, to fields: inout FieldValues) {
    if topics, !skim.topics.isEmpty {
      fields.add(.kafkaTopics, .texts) { $0.append(skim.topics.bytes.rawSpan) }
    }
    if unnamed, !skim.unnamed.isEmpty {
      fields.add(.kafkaTopicIDs, .bytes(KafkaTopicID.bytes(skim.unnamed)))
    }
  }

  /// Produce with no acknowledgements wanted.
  private static func isUnanswered(_ header: KafkaRequestHeader, _ bytes: RawSpan) -> Bool {
    guard header.key == 0, header.isKnown else { return false }
    var input = Cursor(bytes, at: header.length)
    do {
      if header.version >= 3 {
        let count = try input.kafkaStringLength(isFlexible: header.isFlexible)
        if count > 0 { try input.skip(count) }
      }
      return try input.big16() == 0
    } catch {
      return false
    }
  }

  private mutating func ask(_ header: KafkaRequestHeader, _ key: UInt64) {
    if asked.count >= Self.maxAsked { asked.removeFirst(Self.maxAsked / 2) }
    asked.append(
      Asked(
        correlation: header.correlation, key: key, api: header.key, version: header.version,
        isKnown: header.isKnown, isFlexible: header.isFlexible, namesTopics: !skim.topics.isEmpty,
        hasUnnamed: !skim.unnamed.isEmpty))
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
    var head = KafkaFacts.Head(
      flags: [.response], key: 0, version: 0, correlation: Int32(bitPattern: bytes.big32(0)))
    read(RawSpan(), nil, &head, false, &message)
    return message
  }

  private mutating func response(_ bytes: RawSpan, isPart: Bool) -> Message {
    guard let place = place(of: bytes) else { return orphan(bytes) }
    let asked = asked.remove(at: place)
    var message = Message(.response, .kafka, key: asked.key)
    var head = KafkaFacts.Head(
      flags: [.response], key: asked.api, version: asked.version, correlation: asked.correlation)
    var plan = asked.isKnown ? KafkaPlan.response(asked.api, asked.version) : nil
    var start = 4
    if plan != nil, asked.api == KafkaAPI.apiVersions {
      // Its header has no tagged fields, and a broker that does not know the version of the
      // request answers in version 0; some get no further than the error right.
      if asked.isFlexible { head.flags.insert(.flexible) }
      if bytes.byteCount >= 6,
        Int16(bitPattern: bytes.big16(4)) == KafkaErrorTable.unsupportedVersion
      {
        head.version = 0
        head.flags.remove(.flexible)
        plan = KafkaPlan.response(asked.api, 0)
        if let versions = plan, !KafkaSkim.fits(bytes.suffix(from: 4), versions) {
          plan = KafkaPlan.versionsError
          head.flags.insert(.firstField)
        }
      }
    } else if asked.isFlexible {
      head.flags.insert(.flexible)
      // A header that ends too early leaves nothing behind it.
      try? bytes.skipKafkaTags(&start)
    }
    // A replica is away, and the partition works all the same.
    let harmless = asked.api == KafkaAPI.metadata ? KafkaErrorTable.replicaNotAvailable : 0
    read(bytes.suffix(from: start), plan, &head, isPart, &message, harmless: harmless)
    if plan == nil { return message }
    if !skim.identities.isEmpty {
      message.topics = skim.identities.filter { skim.names.learn($0) }
    }
    // Of a session a request names only what changes, and the response what has records.
    if asked.api == KafkaAPI.fetch, !asked.namesTopics {
      add(topics: true, unnamed: !asked.hasUnnamed, to: &message.fields)
    }
    if skim.error != 0 {
      message.failed = true
      message.fields.add(.statusText, .text(KafkaErrorTable.name(skim.error)))
    } else if asked.api == KafkaAPI.saslHandshake, asked.version == 0 {
      isAuthenticating = true
    }
    return message
  }

  // MARK: Bodies

  /// Reads a body by its plan, nil when it cannot be read, and keeps in the message what its details
  /// are made of.
  private mutating func read(
    _ bytes: RawSpan, _ plan: KafkaPlan?, _ head: inout KafkaFacts.Head, _ isPart: Bool,
    _ message: inout Message, harmless: Int16 = 0
  ) {
    if isPart { head.flags.insert(.part) }
    if let plan {
      head.flags.insert(.body)
      do {
        try skim.read(bytes, plan, head, harmless: harmless)
      } catch {
        // A long message is read as far as it is held.
        if !isPart { message.fault = Entry.Fault(.dissection, error.reason) }
      }
    } else {
      skim.begin(head)
    }
    message.fields.reserve(bytes: skim.facts.count + 160)
    if skim.facts.isEmpty {
      let made = KafkaFacts.details(head, bytes, isPacked: false)
      message.details = made.json
      message.decompressions = made.ends
    } else {
      message.fields.add(
        head.flags.contains(.response) ? .responseFacts : .requestFacts,
        bytes: skim.facts.rawSpan)
      message.decompressions = skim.decompressions
    }
  }

  // MARK: Finding the way back

  /// Passes over everything before the next message that is surely one: a request by its shape, a
  /// response by the correlation id of a request that waits.
  private mutating func search(_ bytes: RawSpan, _ side: Side) -> Step {
    if requester == nil {
      if KafkaShape.isRequest(bytes.suffix(from: min(4, bytes.byteCount)), length: nil) {
        requester = side
      } else if KafkaShape.mayBeginRequest(bytes) {
        return .needs(bytes.byteCount + 1)
      } else {
        requester = side.other
      }
    }
    let isRequest = side == requester
    // Many may wait, and each place is compared with all of them.
    let waiting: Set<Int32> = isRequest ? [] : Set(asked.map(\.correlation))
    for at in 0..<bytes.byteCount {
      let rest = bytes.suffix(from: at)
      // A message may begin with a packet that has its length alone.
      var mayBegin = isRequest && KafkaShape.mayBeginRequest(rest)
      if rest.byteCount >= 8 {
        let length = Int(Int32(bitPattern: rest.big32(0)))
        let isBeginning =
          isRequest
          ? KafkaShape.isRequest(rest.suffix(from: 4), length: length)
          : 4...Self.maxMessage ~= length
            && (waiting.contains(Int32(bitPattern: rest.big32(4)))
              || at == 0 && asked.isEmpty && KafkaShape.areResponses(rest))
        if isBeginning {
          phases[side] = .frame
          return .skip(at)
        }
      } else if !isRequest, !waiting.isEmpty {
        mayBegin = KafkaShape.mayBeginResponse(rest)
      }
      if mayBegin { return at > 0 ? .skip(at) : .needs(bytes.byteCount + 1) }
    }
    return .skip(bytes.byteCount)
  }
}

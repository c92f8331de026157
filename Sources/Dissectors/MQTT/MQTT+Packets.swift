import Bytes
import Entries
import Flows
import JSON

// What each packet says, and which of them belong together.
extension MQTT {
  /// Topics kept of one subscription.
  private static let maxTopics = 32
  /// Aliases remembered for one side.
  private static let maxAliases = 1024
  /// Messages of quality 2 of one side whose release is awaited.
  private static let maxUnreleased = 4096
  /// Bytes kept of a name as a field.
  private static let maxName = 512

  // MARK: Messages

  /// A message: its head is read, what it carries is passed on as it is.
  mutating func publish(
    _ header: MQTTHeader, _ bytes: RawSpan, _ side: Side
  ) throws(WireError) -> Step {
    let start = header.headLength
    guard bytes.byteCount >= start + 2 else { return .needs(start + 2) }
    let topicEnd = start + 2 + Int(bytes.big16(start))
    var end = topicEnd + (header.qos > 0 ? 2 : 0)
    guard end <= header.length else { throw WireError(.invalid, at: start) }
    var propertiesStart = end
    if version == .v5 {
      guard let size = try MQTTProperties.size(bytes, at: end, limit: header.length) else {
        return .needs(bytes.byteCount + 1)
      }
      propertiesStart = size.start
      end = size.end
      guard end <= header.length else { throw WireError(.invalid, at: start) }
    }
    if end > Self.maxPacket {
      ways[side].oversize = header.length
      throw WireError(.tooLarge)
    }
    guard bytes.byteCount >= end else { return .needs(end) }

    var topic = bytes.slice(start + 2..<topicEnd).text()
    var message: Message
    var identifier: UInt16?
    if header.qos > 0 {
      let number = bytes.big16(topicEnd)
      identifier = number
      // What answers one quality answers no message of the other.
      let step: MQTTType = header.qos == 2 ? .publishComplete : .publishACK
      message = Message(.request, .mqtt, key: Self.key(step, number))
      if header.qos == 2, !ways[side].unreleased.contains(number) {
        if ways[side].unreleased.count < Self.maxUnreleased {
          ways[side].unreleased.insert(number)
        } else {
          forgotten += 1
        }
      }
    } else {
      message = Message(.request, .mqtt, key: loneKey())
      message.partner = .none
    }
    var writer = JSONWriter(reserving: 256)
    writer.beginObject()
    writer.name("type")
    writer.write("publish")
    var properties = MQTTProperties()
    if version == .v5 {
      properties.read(bytes.slice(propertiesStart..<end))
      if let alias = properties.topicAlias {
        if !topic.isEmpty {
          if !ways[side].name(topic, alias, limit: Self.maxAliases) { forgotten += 1 }
        } else if let known = ways[side].aliases[alias] {
          topic = known
        }
      }
    }
    writer.name("topic")
    writer.write(topic)
    if let identifier {
      writer.name("packetId")
      writer.write(Int(identifier))
    }
    writer.name("qos")
    writer.write(Int(header.qos))
    writer.name("retain")
    writer.write(header.isRetained)
    writer.name("duplicate")
    writer.write(header.isDuplicate)
    writer.name("payloadLength")
    writer.write(header.length - end)
    properties.write(to: &writer)
    writer.endObject()

    common("publish", &message)
    message.fields.add(.mqttTopic, .text(Self.shortened(topic)))
    message.fields.add(.mqttQoS, int: Int64(header.qos))
    message.fields.add(.mqttRetain, .bool(header.isRetained))
    if let type = properties.contentType { message.fields.add(.requestContentType, .text(type)) }
    message.headers = properties.userProperties
    message.details = writer.bytes
    message.extent = .body(header.length - end)
    if !properties.isWhole { message.fault = Self.malformed }
    return .message(message, length: end)
  }

  // MARK: The other packets

  /// The message of a packet that is all there; nil for steps within an exchange.
  mutating func packet(_ header: MQTTHeader, _ content: RawSpan, _ side: Side) -> Message? {
    switch header.type {
    case .connect: return connect(content)
    case .connectACK: return connectACK(content)
    case .publishACK, .publishReceived, .publishComplete:
      return acknowledgement(header, content)
    case .subscribe, .unsubscribe: return subscription(header, content)
    case .subscribeACK, .unsubscribeACK: return subscriptionACK(header, content)
    case .pingRequest, .pingResponse:
      // One ping waits at most; a second one is the first sent again.
      var message = Message(
        header.type == .pingRequest ? .request : .response, .mqtt, key: Self.key(.pingRequest, 0))
      if header.type == .pingRequest { common("ping", &message) }
      return message
    case .disconnect, .auth: return notice(header, content)
    case .publishRelease: return release(content, side)
    case .publish, nil: return nil
    }
  }

  /// PUBREL, the publisher's second step of three. Where the message was sent in an earlier connection
  /// (MQTT 5 §4.4), or has been released before, it is all there is to be answered.
  private mutating func release(_ content: RawSpan, _ side: Side) -> Message? {
    let identifier = content.big16(0)
    if ways[side].unreleased.remove(identifier) != nil { return nil }
    var message = Message(.request, .mqtt, key: Self.key(.publishComplete, identifier))
    var writer = JSONWriter()
    writer.beginObject()
    writer.name("type")
    writer.write("pubrel")
    writer.name("packetId")
    writer.write(Int(identifier))
    writer.endObject()
    message.details = writer.bytes
    common("pubrel", &message)
    message.fields.add(.mqttQoS, int: 2)
    return message
  }

  private mutating func connect(_ content: RawSpan) -> Message {
    var message = Message(.request, .mqtt, key: Self.key(.connect, 0))
    var writer = JSONWriter(reserving: 256)
    writer.beginObject()
    writer.name("type")
    writer.write("connect")
    do throws(WireError) {
      var cursor = Cursor(content)
      try cursor.skip(Int(cursor.big16()))
      let level = try cursor.uint8() & 0x7f
      version = Version(rawValue: level)
      let flags = try cursor.uint8()
      writer.name("version")
      writer.write(version?.name ?? "level \(level)")
      writer.name("keepAliveSeconds")
      writer.write(Int(try cursor.big16()))
      writer.name("cleanStart")
      writer.write(flags & 2 != 0)
      var properties = MQTTProperties()
      if version == .v5 { try properties.read(&cursor) }
      clientID = Self.shortened(try cursor.mqttText())
      writer.name("clientId")
      writer.write(clientID ?? "")
      if flags & 4 != 0 { try will(flags, &cursor, &writer) }
      if flags & 0x80 != 0 {
        let user = Self.shortened(try cursor.mqttText())
        message.fields.add(.mqttUser, .text(user))
        writer.name("user")
        writer.write(user)
      }
      if flags & 0x40 != 0 {
        try cursor.skip(Int(cursor.big16()))
        writer.name("password")
        writer.write("[redacted]")
      }
      properties.write(to: &writer)
      message.headers = properties.userProperties
    } catch {
      message.fault = Self.malformed
    }
    writer.endObject()
    message.details = writer.bytes
    common("connect", &message)
    return message
  }

  /// What the broker publishes when the client is lost.
  private func will(
    _ flags: UInt8, _ cursor: inout Cursor, _ writer: inout JSONWriter
  ) throws(WireError) {
    var properties = MQTTProperties()
    if version == .v5 { try properties.read(&cursor) }
    let topic = try cursor.mqttText()
    let length = Int(try cursor.big16())
    try cursor.skip(length)
    writer.name("will")
    writer.beginObject()
    writer.name("topic")
    writer.write(topic)
    writer.name("qos")
    writer.write(Int(flags >> 3 & 3))
    writer.name("retain")
    writer.write(flags & 0x20 != 0)
    writer.name("payloadLength")
    writer.write(length)
    properties.write(to: &writer)
    writer.endObject()
  }

  private mutating func connectACK(_ content: RawSpan) -> Message {
    var message = Message(.response, .mqtt, key: Self.key(.connect, 0))
    // Only version 5 says more than two bytes.
    if version == nil { version = content.byteCount > 2 ? .v5 : .v311 }
    let code = content.byte(1)
    let reason =
      version == .v5 ? MQTTReasons.name(code, of: .connectACK) : MQTTReasons.connectReturn(code)
    var properties = MQTTProperties()
    if version == .v5 { properties.read(counted: content.suffix(from: 2)) }
    if let assigned = properties.assignedClientID {
      clientID = Self.shortened(assigned)
      message.fields.add(.mqttClientID, .text(Self.shortened(assigned)))
    }
    answer(code, reason, failed: code != 0, properties, &message) { writer in
      writer.name("sessionPresent")
      writer.write(content.byte(0) & 1 != 0)
    }
    return message
  }

  /// PUBACK, PUBREC, PUBCOMP: packet identifier, and in version 5 perhaps a reason.
  private mutating func acknowledgement(_ header: MQTTHeader, _ content: RawSpan) -> Message {
    let step: MQTTType = header.type == .publishACK ? .publishACK : .publishComplete
    let key = Self.key(step, content.big16(0))
    let code = content.byteCount > 2 ? content.byte(2) : 0
    // A message that is refused gets no further steps (MQTT 5 §4.3.3).
    if header.type == .publishReceived, code < 0x80 { return Message(.interim, .mqtt, key: key) }
    if content.byteCount > 2 { version = version ?? .v5 }
    var message = Message(.response, .mqtt, key: key)
    var properties = MQTTProperties()
    if content.byteCount > 3 { properties.read(counted: content.suffix(from: 3)) }
    let reason = MQTTReasons.name(code, of: .publishACK)
    answer(code, reason, failed: code >= 0x80, properties, &message)
    return message
  }

  private mutating func subscription(_ header: MQTTHeader, _ content: RawSpan) -> Message {
    let isSubscribe = header.type == .subscribe
    var message = Message(
      .request, .mqtt, key: Self.key(isSubscribe ? .subscribe : .unsubscribe, content.big16(0)))
    let name = isSubscribe ? "subscribe" : "unsubscribe"
    var writer = JSONWriter(reserving: 256)
    writer.beginObject()
    writer.name("type")
    writer.write(name)
    writer.name("packetId")
    writer.write(Int(content.big16(0)))
    var filters: [String] = []
    var highest: UInt8 = 0
    writer.name("topics")
    writer.beginArray()
    var properties = MQTTProperties()
    do throws(WireError) {
      var cursor = Cursor(content, at: 2)
      if version == nil, content.byteCount > 5, content.byte(2) == 0, content.byte(3) == 0 {
        // An empty topic filter is none: this is a length of properties.
        version = .v5
      }
      if version == .v5 { try properties.read(&cursor) }
      while !cursor.isAtEnd {
        let filter = try cursor.mqttText()
        let options: UInt8 = try isSubscribe ? cursor.uint8() : 0
        highest = max(highest, options & 3)
        guard filters.count < Self.maxTopics else { continue }
        filters.append(Self.shortened(filter))
        writer.beginObject()
        writer.name("filter")
        writer.write(filter)
        if isSubscribe {
          writer.name("qos")
          writer.write(Int(options & 3))
          MQTTOptions.write(options, &writer)
        }
        writer.endObject()
      }
    } catch {
      message.fault = Self.malformed
    }
    writer.endArray()
    properties.write(to: &writer)
    writer.endObject()
    message.details = writer.bytes
    message.headers = properties.userProperties
    common(name, &message)
    message.fields.add(.mqttTopic, .text(filters.first ?? ""))
    message.fields.add(.mqttTopics, .texts(filters))
    if isSubscribe { message.fields.add(.mqttQoS, int: Int64(highest)) }
    return message
  }

  /// A code for each topic filter; the worst stands for all.
  private mutating func subscriptionACK(_ header: MQTTHeader, _ content: RawSpan) -> Message {
    let isSubscribe = header.type == .subscribeACK
    var message = Message(
      .response, .mqtt, key: Self.key(isSubscribe ? .subscribe : .unsubscribe, content.big16(0)))
    var properties = MQTTProperties()
    var codes = content.suffix(from: 2)
    if version == .v5 {
      let used = properties.read(counted: codes)
      codes = codes.suffix(from: used)
    }
    let all = codes.prefix(Self.maxTopics).array()
    let worst = codes.array().max() ?? 0
    let type = header.type ?? .subscribeACK
    answer(worst, MQTTReasons.name(worst, of: type), failed: worst >= 0x80, properties, &message) {
      writer in
      writer.name("codes")
      writer.beginArray()
      for code in all { writer.write(MQTTReasons.name(code, of: type)) }
      writer.endArray()
    }
    return message
  }

  /// DISCONNECT and AUTH: nobody answers them by their number.
  private mutating func notice(_ header: MQTTHeader, _ content: RawSpan) -> Message {
    let type = header.type ?? .disconnect
    let name = type == .auth ? "auth" : "disconnect"
    var message = Message(.request, .mqtt, key: loneKey())
    message.partner = .none
    if !content.isEmpty || type == .auth { version = version ?? .v5 }
    let code = content.isEmpty ? 0 : content.byte(0)
    let reason = MQTTReasons.name(code, of: type)
    var properties = MQTTProperties()
    if content.byteCount > 1 { properties.read(counted: content.suffix(from: 1)) }
    answer(code, reason, failed: code >= 0x80, properties, &message) { writer in
      writer.name("type")
      writer.write(name)
    }
    common(name, &message)
    return message
  }

  // MARK: Shared

  private static let malformed = Entry.Fault(.dissection, "the packet is malformed")

  private static func key(_ type: MQTTType, _ identifier: UInt16) -> UInt64 {
    UInt64(type.rawValue) << 32 | UInt64(identifier)
  }

  private static func shortened(_ text: String) -> String {
    text.utf8.count <= maxName ? text : String(text.prefix(maxName / 4)) + "…"
  }

  /// Fields of every request.
  private func common(_ type: String, _ message: inout Message) {
    message.fields.add(.mqttType, .text(type))
    if let clientID, !clientID.isEmpty { message.fields.add(.mqttClientID, .text(clientID)) }
    if let version { message.fields.add(.mqttVersion, .text(version.name)) }
  }

  /// Fields and details of what reports how something ended.
  private func answer(
    _ code: UInt8, _ reason: String, failed: Bool, _ properties: MQTTProperties,
    _ message: inout Message, _ details: (inout JSONWriter) -> Void = { _ in }
  ) {
    message.fields.add(.mqttReason, .text(reason))
    message.fields.add(.mqttReasonCode, int: Int64(code))
    message.failed = failed
    var writer = JSONWriter(reserving: 128)
    writer.beginObject()
    details(&writer)
    writer.name("reasonCode")
    writer.write(Int(code))
    writer.name("reason")
    writer.write(reason)
    properties.write(to: &writer)
    writer.endObject()
    message.details = writer.bytes
    message.headers = properties.userProperties
    if !properties.isWhole { message.fault = Self.malformed }
  }
}

extension Cursor {
  /// A text with its length before it (MQTT 5 §1.5.4).
  mutating func mqttText() throws(WireError) -> String { try take(Int(big16())).text() }
}

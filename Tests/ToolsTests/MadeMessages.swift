import TestSupport

/// Packets of MQTT and Diameter, as much as tests of redaction need.
enum MadeMessages {
  private static func text(_ text: String) -> [UInt8] {
    let length: [UInt8] = [UInt8(text.utf8.count >> 8), UInt8(text.utf8.count & 255)]
    return length + text.utf8
  }

  static func mqttConnect(
    _ version: UInt8, password: String? = nil, will: String? = nil
  ) -> [UInt8] {
    let flags: UInt8 = 2 | (password == nil ? 0 : 0xc0) | (will == nil ? 0 : 4)
    var content = text("MQTT")
    content += [version, flags, 0, 60]
    if version == 5 { content.append(0) }
    content += text("meter")
    if let will { content += text("gone") + text(will) }
    if let password { content += text("bob") + text(password) }
    return mqttPacket(0x10, content)
  }

  static func mqttPublish(
    _ version: UInt8, _ payload: String, property: (String, String)? = nil
  ) -> [UInt8] {
    var properties: [UInt8] = []
    if let property {
      properties.append(38)
      properties += text(property.0)
      properties += text(property.1)
    }
    var content = text("a/1")
    if version == 5 {
      content.append(UInt8(properties.count))
      content += properties
    }
    content += payload.utf8
    return mqttPacket(0x30, content)
  }

  static func mqttAuth(_ data: String) -> [UInt8] {
    var properties: [UInt8] = [21]
    properties += text("PLAIN")
    properties.append(22)
    properties += text(data)
    return mqttPacket(0xf0, [24, UInt8(properties.count)] + properties)
  }

  private static func big32(_ number: UInt32) -> [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: number >> (24 - 8 * $0)) }
  }

  static func avp(_ code: UInt32, vendor: UInt32 = 0, _ value: [UInt8]) -> [UInt8] {
    let head: [UInt8] = vendor == 0 ? [] : big32(vendor)
    let length = UInt32(8 + head.count + value.count)
    let flags: UInt32 = vendor == 0 ? 0x40 : 0xc0
    var avp = big32(code)
    avp += big32(flags << 24 | length)
    avp += head
    avp += value
    return avp + [UInt8](repeating: 0, count: -value.count & 3)
  }

  /// An AA request with these AVPs.
  static func diameter(_ avps: [UInt8]) -> [UInt8] {
    var message = big32(1 << 24 | UInt32(avps.count + 20))
    for number in [0x8000_0000 | 265, 1, 7, 9] as [UInt32] { message += big32(number) }
    return message + avps
  }
}

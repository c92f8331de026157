/// A packet of MQTT: its first byte, the length of what follows in bytes of 7 bits (MQTT 5 §1.5.5), and
/// that.
package func mqttPacket(_ first: UInt8, _ content: [UInt8]) -> [UInt8] {
  var length: [UInt8] = []
  var left = content.count
  repeat {
    length.append(UInt8(left & 0x7f) | (left > 0x7f ? 0x80 : 0))
    left >>= 7
  } while left > 0
  return [first] + length + content
}

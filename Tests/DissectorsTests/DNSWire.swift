/// Builds DNS messages.
struct DNSWire {
  var id: UInt16
  var flags: UInt16 = 0x0100
  var counts: [UInt16] = [0, 0, 0, 0]
  var body: [UInt8] = []

  init(id: UInt16, flags: UInt16 = 0x0100) { (self.id, self.flags) = (id, flags) }

  static func big(_ value: UInt16) -> [UInt8] { [UInt8(value >> 8), UInt8(value & 255)] }
  static func big(_ value: UInt32) -> [UInt8] {
    big(UInt16(value >> 16)) + big(UInt16(value & 0xffff))
  }

  static func name(_ text: String) -> [UInt8] {
    text.split(separator: ".").flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) } + [0]
  }

  func asking(_ name: String, _ type: UInt16) -> DNSWire {
    var wire = self
    wire.body += Self.name(name) + Self.big(type) + [0, 1]
    wire.counts[0] += 1
    return wire
  }

  func answering(
    _ name: String, _ type: UInt16, _ ttl: UInt32, _ data: [UInt8], _ recordClass: UInt16 = 1
  ) -> DNSWire {
    record(name, type, ttl, data, recordClass, section: 1)
  }

  /// A record of the authority section, or of the updates of an UPDATE.
  func updating(
    _ name: String, _ type: UInt16, _ ttl: UInt32, _ data: [UInt8], _ recordClass: UInt16 = 1
  ) -> DNSWire {
    record(name, type, ttl, data, recordClass, section: 2)
  }

  private func record(
    _ name: String, _ type: UInt16, _ ttl: UInt32, _ data: [UInt8], _ recordClass: UInt16,
    section: Int
  ) -> DNSWire {
    var wire = self
    wire.body += Self.name(name) + Self.big(type) + Self.big(recordClass) + Self.big(ttl)
    wire.body += Self.big(UInt16(data.count)) + data
    wire.counts[section] += 1
    return wire
  }

  /// The data of an SOA record of the version with that number.
  static func start(_ serial: UInt32) -> [UInt8] {
    name("ns") + name("admin") + big(serial) + [UInt8](repeating: 1, count: 16)
  }

  func option(_ size: UInt16, _ ttl: UInt32, _ data: [UInt8]) -> DNSWire {
    var wire = self
    wire.body += [0, 0, 41] + Self.big(size) + Self.big(ttl) + Self.big(UInt16(data.count)) + data
    wire.counts[3] += 1
    return wire
  }

  var bytes: [UInt8] { Self.big(id) + Self.big(flags) + counts.flatMap(Self.big) + body }
  var framed: [UInt8] { Self.big(UInt16(bytes.count)) + bytes }
}

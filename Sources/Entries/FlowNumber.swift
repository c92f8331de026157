/// `flow_id`: the number of all connections from one client to one server port.
package enum FlowNumber {
  /// Columns it is made of.
  static let columns: [FieldID] = [.sourceIP, .destinationIP, .destinationPort, .transport]

  /// That of the flow an entry belongs to.
  static func of(_ row: any FieldRow) -> Int64 {
    of(
      client: row.text(.sourceIP), server: row.text(.destinationIP),
      port: row.int(.destinationPort) ?? 0, transport: row.int(.transport) ?? 0)
  }

  /// A digest (FNV-1a) of client, server, server port and transport in 53 bits, so that it
  /// survives readers of JSON that hold numbers as doubles.
  ///
  /// - Parameter transport: raw value of an `EntryTransport`.
  package static func of(
    client: String, server: String, port: Int64, transport: Int64
  ) -> Int64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    func add(_ byte: UInt8) { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    for byte in client.utf8 { add(byte) }
    add(0)
    for byte in server.utf8 { add(byte) }
    add(0)
    add(UInt8(truncatingIfNeeded: port >> 8))
    add(UInt8(truncatingIfNeeded: port))
    add(UInt8(truncatingIfNeeded: transport))
    return Int64((hash ^ hash >> 53) & 0x1f_ffff_ffff_ffff)
  }
}

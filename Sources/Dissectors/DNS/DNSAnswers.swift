package import Bytes

/// What a DNS reply says about addresses, from which the ends of other calls get their names.
package enum DNSAnswers {
  /// Addresses of one reply that are told, at most.
  static let maxAddresses = 64

  /// The name that was asked for, in lower case, and the addresses it has.
  ///
  /// - Parameter bytes: a message without the length that TCP puts in front.
  /// - Returns: nil for anything but a reply without error to one question about addresses. Of a
  ///   reply that is cut, what is there counts.
  package static func addresses(
    in bytes: RawSpan
  ) -> (name: String, addresses: [IPAddress])? {
    guard bytes.byteCount >= DNSHeader.length else { return nil }
    let header = DNSHeader(bytes)
    guard header.isResponse, header.opcode == 0, header.rcode == 0, header.questions == 1,
      header.answers > 0
    else { return nil }
    var name: [UInt8] = []
    var addresses: [IPAddress] = []
    do throws(WireError) {
      var offset = DNSHeader.length
      guard try DNSName.read(bytes, &offset, into: &name), bytes.byteCount - offset >= 4,
        bytes.big16(offset) == ipv4 || bytes.big16(offset) == ipv6
      else { return nil }
      offset += 4
      for _ in 0..<header.answers where addresses.count < maxAddresses {
        try DNSName.skip(bytes, &offset)
        let record = try DNSRecord(bytes, &offset)
        if record.type == ipv4, record.data.count == 4 {
          addresses.append(IPAddress(v4: bytes.big32(record.data.lowerBound)))
        } else if record.type == ipv6, record.data.count == 16 {
          addresses.append(IPAddress(v6: bytes, at: record.data.lowerBound))
        }
      }
    } catch {
      // What came before stays.
    }
    guard !addresses.isEmpty else { return nil }
    return (String(decoding: name.map(lower), as: UTF8.self), addresses)
  }

  private static let ipv4: UInt16 = 1
  private static let ipv6: UInt16 = 28

  private static func lower(_ byte: UInt8) -> UInt8 { byte &- 0x41 < 26 ? byte | 0x20 : byte }
}

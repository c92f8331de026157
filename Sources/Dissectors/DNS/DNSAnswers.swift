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
    var name: [UInt8] = []
    var addresses: [IPAddress] = []
    read(bytes) { (bytes, offset) throws(WireError) in
      try DNSName.read(bytes, &offset, into: &name)
    } tell: {
      addresses.append($0)
    }
    guard !addresses.isEmpty else { return nil }
    return (String(decoding: name.map(lower), as: UTF8.self), addresses)
  }

  /// Whether a reply says anything that `isKnown` does not say is known.
  ///
  /// - Parameter isKnown: is given each address with a hash of the name that was asked for, which is
  ///   the same however it is written.
  package static func isNews(
    _ bytes: RawSpan, _ isKnown: (_ name: UInt64, _ address: IPAddress) -> Bool
  ) -> Bool {
    var name = hashSeed
    var isNews = false
    read(bytes) { (bytes, offset) throws(WireError) in
      try DNSName.mix(bytes, &offset, into: &name)
    } tell: {
      if !isNews, !isKnown(name, $0) { isNews = true }
    }
    return isNews
  }

  /// Reads a reply without error to one question about addresses, and nothing else. Of a reply that
  /// is cut, what is there counts.
  @inline(__always)
  private static func read(
    _ bytes: RawSpan, name: (RawSpan, inout Int) throws(WireError) -> Bool,
    tell: (IPAddress) -> Void
  ) {
    guard bytes.byteCount >= DNSHeader.length else { return }
    let header = DNSHeader(bytes)
    guard header.isResponse, header.opcode == 0, header.rcode == 0, header.questions == 1,
      header.answers > 0
    else { return }
    do throws(WireError) {
      var offset = DNSHeader.length
      guard try name(bytes, &offset), bytes.byteCount - offset >= 4,
        bytes.big16(offset) == ipv4 || bytes.big16(offset) == ipv6
      else { return }
      offset += 4
      var count = 0
      for _ in 0..<header.answers where count < maxAddresses {
        // Mostly a pointer to the name that was asked for, which is whole.
        if bytes.byteCount - offset >= 2,
          bytes.big16(offset) == 0xc000 | UInt16(DNSHeader.length)
        {
          offset += 2
        } else {
          try DNSName.skip(bytes, &offset)
        }
        let record = try DNSRecord(bytes, &offset)
        if record.type == ipv4, record.data.count == 4 {
          tell(IPAddress(v4: bytes.big32(record.data.lowerBound)))
          count += 1
        } else if record.type == ipv6, record.data.count == 16 {
          tell(IPAddress(v6: bytes, at: record.data.lowerBound))
          count += 1
        }
      }
    } catch {
      // What came before stays.
    }
  }

  private static let ipv4: UInt16 = 1
  private static let ipv6: UInt16 = 28

  private static func lower(_ byte: UInt8) -> UInt8 { byte &- 0x41 < 26 ? byte | 0x20 : byte }
}

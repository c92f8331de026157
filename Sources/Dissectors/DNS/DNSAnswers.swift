package import Bytes

/// What a DNS reply says about addresses, from which the ends of other calls get their names: the name
/// that was asked for, and the addresses one after the other.
///
/// Of a reply that is cut, what is there counts.
package struct DNSAnswers: Sendable {
  /// Addresses of one reply that are told, at most.
  static let maxAddresses = 64

  /// A hash of the name that was asked for: the same however it is written.
  package let nameHash: UInt64
  /// Where the next record begins.
  private var offset: Int
  private var recordsLeft: Int
  private var addressesLeft = Self.maxAddresses

  /// The answers of a message without the length that TCP puts in front; nil for anything but a reply
  /// without error to one question about addresses.
  package init?(_ bytes: RawSpan) {
    guard bytes.byteCount >= DNSHeader.length else { return nil }
    let header = DNSHeader(bytes)
    // A reply to a query, without error.
    guard header.flags & 0xf80f == 0x8000, header.questions == 1, header.answers > 0 else {
      return nil
    }
    var offset = DNSHeader.length
    if let labels = DNSName.labels(bytes, offset) {
      nameHash = DNSName.mixed(bytes, labels, into: hashSeed)
      offset = labels.upperBound + 1
    } else {
      var hash = hashSeed
      guard (try? DNSName.mix(bytes, &offset, into: &hash)) == true else { return nil }
      nameHash = hash
    }
    guard bytes.byteCount - offset >= 4,
      bytes.big16(offset) == Self.ipv4 || bytes.big16(offset) == Self.ipv6
    else { return nil }
    self.offset = offset + 4
    recordsLeft = header.answers
  }

  /// The next address; nil when there is none.
  ///
  /// - Parameter bytes: the message.
  package mutating func next(in bytes: RawSpan) -> IPAddress? {
    while recordsLeft > 0, addressesLeft > 0 {
      recordsLeft -= 1
      // Mostly a pointer to the name that was asked for, which is whole.
      if bytes.byteCount - offset >= 2,
        bytes.big16(offset) == 0xc000 | UInt16(DNSHeader.length)
      {
        offset += 2
      } else if (try? DNSName.skip(bytes, &offset)) == nil {
        break
      }
      guard let record = try? DNSRecord(bytes, &offset) else { break }
      if record.type == Self.ipv4, record.data.count == 4 {
        addressesLeft -= 1
        return IPAddress(v4: bytes.big32(record.data.lowerBound))
      }
      if record.type == Self.ipv6, record.data.count == 16 {
        addressesLeft -= 1
        return IPAddress(v6: bytes, at: record.data.lowerBound)
      }
    }
    // Nothing is read behind what is malformed.
    recordsLeft = 0
    return nil
  }

  /// The name that was asked for, in lower case.
  ///
  /// - Parameter bytes: the message.
  package func name(in bytes: RawSpan) -> String {
    var name: [UInt8] = []
    var offset = DNSHeader.length
    // It was read before: it is whole.
    _ = try? DNSName.read(bytes, &offset, into: &name)
    for at in name.indices { name[at] = Self.lower(name[at]) }
    return String(decoding: name, as: UTF8.self)
  }

  private static let ipv4: UInt16 = 1
  private static let ipv6: UInt16 = 28

  private static func lower(_ byte: UInt8) -> UInt8 { byte &- 0x41 < 26 ? byte | 0x20 : byte }
}

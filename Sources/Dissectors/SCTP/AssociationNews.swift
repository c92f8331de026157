import Bytes
import Layers

/// What a packet of SCTP says of its association: tags, addresses and numbers (RFC 9260 §3.3).
struct AssociationNews: Sendable {
  /// Chunks of a packet that are looked at. Those that say something of the association come first,
  /// but for what authenticates them.
  private static let maxChunks = 8
  /// Addresses taken of one chunk.
  static let maxAddresses = 16

  /// INIT and INIT ACK: the tag that packets to the sender carry from now on.
  private(set) var ownTag: UInt32?
  /// Addresses that the sender says are its own.
  private(set) var addresses: [IPAddress] = []
  /// It has no others.
  private(set) var isWholeList = false
  /// The tag in its header is the sender's own, for it knows no other (RFC 9260 §8.5.1).
  private(set) var isTagReflected = false
  /// Number of the first chunk with data.
  private(set) var number: UInt32?

  /// - Parameter packet: the captured part of one.
  init(_ packet: RawSpan) {
    var chunks = SCTPChunks(declared: SCTPDetails.longestPacket)
    for _ in 0..<Self.maxChunks {
      guard let chunk = try? chunks.next(in: packet) else { return }
      let value = packet.slice(chunk.value)
      switch SCTPChunkType(rawValue: chunk.type) {
      case .data, .iData:
        if value.byteCount >= 4 { number = value.big32(0) }
        return
      case .initiation, .initiationACK:
        guard value.byteCount >= 16, value.big32(0) != 0 else { return }
        ownTag = value.big32(0)
        isWholeList = true
        parameters(value.suffix(from: 16), isCut: value.byteCount < chunk.length)
        return
      case .abort, .shutdownComplete: isTagReflected = chunk.flags & 1 != 0
      case .addressChange: change(value)
      default: break
      }
    }
  }

  /// Optional parameters of INIT and INIT ACK: type, length of all of it, value, padding.
  private mutating func parameters(_ bytes: RawSpan, isCut: Bool) {
    if isCut { isWholeList = false }
    var at = 0
    while bytes.byteCount - at >= 4 {
      let length = Int(bytes.big16(at + 2))
      guard length >= 4, length <= bytes.byteCount - at else {
        isWholeList = false
        return
      }
      let value = bytes.slice(at + 4..<at + length)
      switch bytes.big16(at) {
      // A name stands for whatever it is resolved to.
      case 11: isWholeList = false
      case 5, 6: if let address = Self.address(bytes.big16(at), value) { add(address) }
      default: break
      }
      at += (length + 3) & ~3
    }
  }

  /// ASCONF (RFC 5061 §4.1.1): a number, an address of the sender, then what changes, each with a
  /// number before the address. What is deleted stays: late packets come from there.
  private mutating func change(_ value: RawSpan) {
    var at = 4
    var isFirst = true
    while value.byteCount - at >= 4 {
      let length = Int(value.big16(at + 2))
      guard length >= 4, length <= value.byteCount - at else { return }
      let type = value.big16(at)
      if isFirst {
        isFirst = false
      } else if type == 0xc001, length >= 12 {
        let inner = value.slice(at + 8..<at + length)
        let count = Int(inner.big16(2))
        if count >= 4, count <= inner.byteCount,
          let address = Self.address(inner.big16(0), inner.slice(4..<count))
        {
          add(address)
        }
      }
      at += (length + 3) & ~3
    }
  }

  private mutating func add(_ address: IPAddress) {
    // The unspecified one stands for the address that the packet came from.
    if address.isUnspecified || addresses.contains(address) { return }
    if addresses.count < Self.maxAddresses { addresses.append(address) } else { isWholeList = false }
  }

  private static func address(_ type: UInt16, _ value: RawSpan) -> IPAddress? {
    switch type {
    case 5 where value.byteCount == 4: IPAddress(v4: value.big32(0))
    case 6 where value.byteCount == 16: IPAddress(high: value.big64(0), low: value.big64(8))
    default: nil
    }
  }
}

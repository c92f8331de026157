import Bytes
import Layers

/// An SCTP association as `AssociationBook` knows it: two ends, and what leads to it.
///
/// Client is who sent its first packet, as far as this is concerned.
struct Association: Sendable {
  /// One end.
  struct End: Sendable {
    /// Addresses of an end, at most: those it told and those its packets came from or went to.
    static let maxAddresses = AssociationNews.maxAddresses + 1

    /// Its address in the association's first packet.
    let address: IPAddress
    let port: UInt16
    /// What packets to it carry; 0 while that is not known.
    var tag: UInt32 = 0
    /// It told its addresses: it has no others.
    var isListed = false
    /// The highest number of the data it sent.
    var newest: UInt32?
    private var others: [IPAddress] = []

    init(address: IPAddress, port: UInt16) { (self.address, self.port) = (address, port) }

    var peer: Conversation.Peer { Conversation.Peer(address: address, port: port) }

    func has(_ address: IPAddress) -> Bool { address == self.address || others.contains(address) }

    mutating func add(_ address: IPAddress) {
      if has(address) || others.count >= Self.maxAddresses - 1 { return }
      others.append(address)
    }

    /// What is known of the same end from elsewhere.
    mutating func take(_ other: End) {
      add(other.address)
      for address in other.others { add(address) }
      if other.isListed { isListed = true }
      newest = newest ?? other.newest
    }
  }

  private var client: End
  private var server: End
  /// Number of its first packet.
  let start: UInt64
  /// When it was heard of last.
  var last: Timestamp
  /// It was heard of since it began, and lately.
  var isHeard = false
  /// Under which it is filed, by ports.
  var tags: [AssociationBook.Tag] = []

  init(_ packet: borrowing Decoded) {
    client = End(address: packet.source, port: packet.sourcePort)
    server = End(address: packet.destination, port: packet.destinationPort)
    (start, last) = (packet.number, packet.timestamp)
  }

  subscript(side: Side) -> End {
    _read { if side == .client { yield client } else { yield server } }
    _modify { if side == .client { yield &client } else { yield &server } }
  }

  /// The end that a packet between the addresses of the first one goes to.
  func receiver(of packet: borrowing Decoded) -> Side {
    packet.destination == server.address && packet.destinationPort == server.port
      ? .server : .client
  }
}

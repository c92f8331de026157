import Bytes
import Flows
import Layers

/// One SCTP association (RFC 9260): what its ends have said, on whatever paths its packets travel.
///
/// A path is a conversation of its own (`SCTPPath`), with its own record. What they share is here: the
/// numbers of the data, by which each chunk counts once, fragments of messages, and the calls that wait
/// for their other half.
///
/// Client is who sent its first packet, as far as this is concerned.
package final class SCTPAssociation {
  /// What one end has said.
  struct End {
    /// Addresses that are remembered of an end, at most.
    static let maxAddresses = 32

    /// Verification tag of its data: another one is another association of the same ends
    /// (RFC 9260 §8.5).
    var tag: UInt32 = 0
    var seen = SCTPSequence()
    var fragments = SCTPFragments()
    /// Addresses that it has named, and those of the paths.
    private(set) var addresses: [IPAddress] = []
    /// It has named all it has: others are not its own.
    var isListed = false

    init(_ address: IPAddress) { addresses = [address] }

    mutating func add(_ address: IPAddress) {
      if addresses.contains(address) || addresses.count >= Self.maxAddresses { return }
      addresses.append(address)
    }

    /// It begins anew with these addresses.
    mutating func begin(at address: IPAddress, _ news: AssociationNews) {
      addresses = [address]
      for address in news.addresses { add(address) }
      isListed = news.isWholeList
    }

    /// Numbers of data begin anew.
    mutating func reset(to tag: UInt32 = 0) {
      (self.tag, seen, fragments) = (tag, SCTPSequence(), SCTPFragments())
    }

    /// Takes over what is known of it elsewhere: of its data only where nothing is known here.
    mutating func take(_ other: inout End) {
      for address in other.addresses { add(address) }
      isListed = isListed || other.isListed
      guard seen.newest == nil else { return }
      (tag, seen, fragments) = (other.tag, other.seen, other.fragments)
      other.fragments = SCTPFragments()
    }
  }

  /// Calls of which a half is missing, whichever paths they take.
  var pairing = Pairing()
  /// Conversations that are paths of it and not over.
  var paths = 1
  /// Tags of its packets, the latest last.
  var tags: [AssociationBook.Tag] = []
  /// The one that it turned out to be, and whether client there is server here.
  var successor: (association: SCTPAssociation, isReversed: Bool)?
  private var client: End
  private var server: End

  init(client: IPAddress, server: IPAddress) {
    (self.client, self.server) = (End(client), End(server))
  }

  subscript(side: Side) -> End {
    _read { if side == .client { yield client } else { yield server } }
    _modify { if side == .client { yield &client } else { yield &server } }
  }

  /// Bytes of fragments that wait for others.
  var waitingBytes: Int { client.fragments.byteCount + server.fragments.byteCount }

  /// What waits is given up.
  func dropFragments() {
    client.fragments = SCTPFragments()
    server.fragments = SCTPFragments()
  }

  /// Whether a packet with that tag, from an end to the other, may be its own, with data of that number.
  ///
  /// A tag alone is no proof, for it may be chosen carelessly. Where an end has named its addresses,
  /// others are not taken for its own; where that was not captured, a tag counts that is likely to be
  /// random, as long as the numbers of its data go on.
  func mayHave(
    _ tag: UInt32, from sender: Side, at source: IPAddress, to destination: IPAddress,
    number: UInt32?
  ) -> Bool {
    let (own, other) = (self[sender], self[sender.other])
    let isSender = own.addresses.contains(source)
    let isReceiver = other.addresses.contains(destination)
    if isSender, isReceiver { return true }
    guard isSender || !own.isListed, isReceiver || !other.isListed, tag > Self.largestPlainTag
    else { return false }
    guard let number, own.tag == tag, let newest = own.seen.newest else { return true }
    return Int32(bitPattern: number &- newest).magnitude < Self.reach
  }

  /// Tags up to this one are not chosen at random by anybody.
  private static let largestPlainTag: UInt32 = 0xffff
  /// How far the numbers of data on another path may be from those before.
  private static let reach: UInt32 = 1 << 16

  /// Becomes one with another association. Its calls stay here, and fragments that have no place there.
  func join(_ other: SCTPAssociation, isReversed: Bool) {
    other.paths += paths
    successor = (other, isReversed)
    for side in Side.allCases { other[isReversed ? side.other : side].take(&self[side]) }
  }
}

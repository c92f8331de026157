import Bytes
package import Flows
import Layers

/// Which paths are of one SCTP association: its packets may take any path between the addresses of its
/// ends (RFC 9260 §6.4), and share ports and the tag that each end chose for what is sent to it (§8.5).
///
/// Each conversation begins as an association of its own. When a packet of it carries the tag of another
/// one whose ends may have its addresses, both become one.
package struct AssociationBook {
  /// Tags remembered of one association: restarts bring further ones. Of more the oldest goes.
  package static let maxTags = 8

  /// Tags that made room for others.
  package private(set) var forgotten: UInt64 = 0
  private var places: [Tag: Place] = [:]

  /// What packets of one way share, whatever their path.
  struct Tag: Hashable {
    var from: UInt16
    var to: UInt16
    var tag: UInt32
  }

  /// An association, and which of its sides the sender is.
  private struct Place {
    var association: SCTPAssociation
    var sender: Side
  }

  package init() {}

  /// Takes note of a packet that a side of the path's conversation sent. Gives the association that the
  /// path has left, if the packet showed that it is another one: what it holds has to go there too.
  @discardableResult
  package mutating func note(
    _ packet: RawSpan, on path: SCTPPath, from side: Side
  ) -> SCTPAssociation? {
    guard let header = try? SCTPHeader(packet) else { return nil }
    path.follow()
    let news = AssociationNews(packet)
    var left: SCTPAssociation?
    // A tag that is the sender's own names nothing that the other end knows.
    if header.verificationTag != 0, !news.isTagReflected {
      let tag = Tag(
        from: header.sourcePort, to: header.destinationPort, tag: header.verificationTag)
      if let place = places[tag] {
        left = join(place, tag.tag, path, side, news)
      } else {
        file(tag, Place(association: path.association, sender: path.side(side)))
      }
    }
    let sender = path.side(side)
    if let own = news.ownTag {
      path.association[sender].begin(at: path.ends[side].address, news)
      file(
        Tag(from: header.destinationPort, to: header.sourcePort, tag: own),
        Place(association: path.association, sender: sender.other))
    } else {
      for address in news.addresses { path.association[sender].add(address) }
    }
    return left
  }

  /// A path is over. Gives whether its association is.
  mutating func close(_ path: SCTPPath) -> Bool {
    path.follow()
    let association = path.association
    association.paths -= 1
    guard association.paths == 0 else { return false }
    for tag in association.tags where places[tag]?.association === association {
      places[tag] = nil
    }
    return true
  }

  /// Makes one of the association of a path and the one that the tag of its packet leads to, if that may
  /// have it. Gives the one that is no more.
  private mutating func join(
    _ place: Place, _ tag: UInt32, _ path: SCTPPath, _ side: Side, _ news: AssociationNews
  ) -> SCTPAssociation? {
    let (own, other) = (path.association, place.association)
    guard own !== other,
      other.mayHave(
        tag, from: place.sender, at: path.ends[side].address, to: path.ends[side.other].address,
        number: news.number)
    else { return nil }
    let isReversed = place.sender != path.side(side)
    own.join(other, isReversed: isReversed)
    path.follow()
    for tag in own.tags {
      guard let place = places[tag], place.association === own else { continue }
      file(
        tag, Place(association: other, sender: isReversed ? place.sender.other : place.sender))
    }
    own.tags = []
    return own
  }

  private mutating func file(_ tag: Tag, _ place: Place) {
    places[tag] = place
    let association = place.association
    if association.tags.contains(tag) { return }
    association.tags.append(tag)
    guard association.tags.count > Self.maxTags else { return }
    let oldest = association.tags.removeFirst()
    if places[oldest]?.association === association { places[oldest] = nil }
    forgotten += 1
  }
}

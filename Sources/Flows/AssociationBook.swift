import Bytes
package import Layers

/// SCTP associations whose ends have several addresses (RFC 9260 §6.4), and which packets are theirs.
///
/// Packets of one association may take any path between its ends. What they share are the ports and
/// the tag that each end chose for what is sent to it. A packet of another path is given the addresses
/// of the association's first packet: then all of it is one conversation, which one worker follows.
/// Packets must come in the order of the capture, before they are handed out.
///
/// A tag alone is no proof, for it may be chosen carelessly. Where an end told its addresses (INIT,
/// INIT ACK, ASCONF), others are not taken for its own. Where that was not captured, a tag proves what
/// has 32 bits and was heard of lately, as long as the numbers of its data go on.
package struct AssociationBook: Sendable {
  /// Associations remembered; beyond, those go that were not heard of for longest.
  package static let maxAssociations = 16_384
  /// Associations of one tag between the same ports.
  private static let maxNamesakes = 8
  /// Tags of one association: restarts and crossing INITs bring further ones.
  private static let maxTags = 8
  /// Tags up to this one are not chosen at random by anybody: they tell nothing by themselves.
  private static let largestPlainTag: UInt32 = 0xffff
  /// How long a tag alone says which association it is, in nanoseconds: as long as a conversation may
  /// be silent.
  private static let patience: Int64 = 1_200_000_000_000
  /// How far the numbers of data on another path may be from those before.
  private static let reach: Int32 = 1 << 16

  /// Associations that made room for others.
  package private(set) var forgotten: UInt64 = 0

  private var associations: [Association] = []
  /// Those of them that became one with others.
  private var free: [Int32] = []
  /// Where those are that have a tag, and to which of their ends it leads.
  private var tags: [Tag: [Place]] = [:]
  /// The association whose first packet was between these ends, the latest one.
  private var pairs: [Pair: Int32] = [:]
  /// Where the next one is looked for that may be forgotten.
  private var hand = 0

  /// What packets of one way share, whatever their path.
  struct Tag: Hashable, Sendable {
    var from: UInt16
    var to: UInt16
    var tag: UInt32
  }

  /// An association, and which of its ends a packet goes to.
  private struct Place: Hashable, Sendable {
    var index: Int32
    var receiver: Side

    var opposite: Place { Place(index: index, receiver: receiver.other) }
  }

  /// Two ends, whoever sends.
  private struct Pair: Hashable, Sendable {
    private var low: Conversation.Peer
    private var high: Conversation.Peer

    init(_ a: Conversation.Peer, _ b: Conversation.Peer) {
      let isLow = (a.address, a.port) <= (b.address, b.port)
      (low, high) = isLow ? (a, b) : (b, a)
    }

    init(_ packet: borrowing Decoded) {
      self.init(
        Conversation.Peer(address: packet.source, port: packet.sourcePort),
        Conversation.Peer(address: packet.destination, port: packet.destinationPort))
    }

    init(_ association: Association) {
      self.init(association[.client].peer, association[.server].peer)
    }
  }

  package init() {}

  /// Takes note of a packet and gives it the addresses of its association.
  ///
  /// - Parameter payload: the captured part of the packet, from its common header.
  package mutating func take(_ packet: inout Decoded, payload: RawSpan) {
    guard packet.transport == .sctp, let header = try? SCTPHeader(payload) else { return }
    let news = AssociationNews(payload, declared: packet.declaredPayload)
    guard let place = place(of: packet, header.verificationTag, news) else { return }
    note(packet, news, place)
    let source = self[place.receiver.other, of: place.index].address
    let destination = self[place.receiver, of: place.index].address
    guard source != packet.source || destination != packet.destination else { return }
    packet.detour = Detour(source: packet.source, destination: packet.destination)
    (packet.source, packet.destination) = (source, destination)
  }

  // MARK: Which association it is

  private mutating func place(
    of packet: borrowing Decoded, _ tag: UInt32, _ news: AssociationNews
  ) -> Place? {
    if case .initiation(let own) = news.kind {
      guard tag == 0 else { return nil }
      // The tag is that of packets to come, the other way.
      return find(packet, own, isOfSender: true, news) ?? open(packet, sendersTag: own)
    }
    guard tag != 0 else { return nil }
    let isOfSender = news.isTagReflected
    let found = find(packet, tag, isOfSender: isOfSender, news)
    guard !isOfSender else { return found ?? open(packet, sendersTag: tag) }
    // Of an association whose first packet went the same way, or back, the tag may be new.
    if let index = pairs[Pair(packet)], index != found?.index {
      let here = Place(index: index, receiver: associations[Int(index)].receiver(of: packet))
      if self[here.receiver, of: index].tag == 0 {
        guard let found else {
          file(tag, to: here)
          return here
        }
        if complete(found, here) { return united(found, here) }
      }
    }
    return found ?? open(packet, receiversTag: tag)
  }

  /// The place of the association that the packet is of, by a tag; first of those that are known to
  /// have its addresses.
  ///
  /// - Parameter isOfSender: the tag is the sender's own, and not the receiver's.
  private func find(
    _ packet: borrowing Decoded, _ tag: UInt32, isOfSender: Bool, _ news: AssociationNews
  ) -> Place? {
    let key =
      isOfSender
      ? Tag(from: packet.destinationPort, to: packet.sourcePort, tag: tag)
      : Tag(from: packet.sourcePort, to: packet.destinationPort, tag: tag)
    var likely: Place?
    for owner in tags[key] ?? [] {
      let place = isOfSender ? owner.opposite : owner
      switch match(packet, tag, news, place) {
      case .no: break
      case .likely: likely = likely ?? place
      case .yes: return place
      }
    }
    return likely
  }

  private enum Match { case no, likely, yes }

  private func match(
    _ packet: borrowing Decoded, _ tag: UInt32, _ news: AssociationNews, _ place: Place
  ) -> Match {
    let association = associations[Int(place.index)]
    let (sender, receiver) = (association[place.receiver.other], association[place.receiver])
    let isSender = sender.has(packet.source)
    let isReceiver = receiver.has(packet.destination)
    if isSender, isReceiver { return .yes }
    guard isSender || !sender.isListed, isReceiver || !receiver.isListed else { return .no }
    let silence = packet.timestamp.nanoseconds(since: association.last)
    guard tag > Self.largestPlainTag, silence <= Self.patience else { return .no }
    guard let number = news.number, let newest = sender.newest else { return .likely }
    let ahead = Int32(bitPattern: number &- newest)
    return ahead > -Self.reach && ahead < Self.reach ? .likely : .no
  }

  /// Whether two were heard of by one way each: of the ends that a packet lies between, one knows
  /// the receiver's tag and the other does not, and they do not contradict each other.
  private func complete(_ found: Place, _ other: Place) -> Bool {
    let known = self[found.receiver.other, of: found.index].tag
    let own = self[other.receiver.other, of: other.index].tag
    return known == 0 || own == 0 || known == own
  }

  // MARK: Keeping them

  private mutating func open(
    _ packet: borrowing Decoded, sendersTag: UInt32 = 0, receiversTag: UInt32 = 0
  ) -> Place {
    let association = Association(packet)
    let index: Int32
    if let place = free.popLast() {
      index = place
      associations[Int(index)] = association
    } else if associations.count < Self.maxAssociations {
      index = Int32(associations.count)
      associations.append(association)
    } else {
      index = emptied()
      associations[Int(index)] = association
    }
    pairs[Pair(packet)] = index
    let place = Place(index: index, receiver: .server)
    if sendersTag != 0 { file(sendersTag, to: place.opposite) }
    if receiversTag != 0 { file(receiversTag, to: place) }
    return place
  }

  /// The place of one that was not heard of since the hand passed it last.
  private mutating func emptied() -> Int32 {
    while associations[hand].isHeard {
      associations[hand].isHeard = false
      hand = (hand + 1) % associations.count
    }
    let index = Int32(hand)
    hand = (hand + 1) % associations.count
    forgotten += 1
    remove(index)
    return index
  }

  /// Takes an association out of the indexes.
  private mutating func remove(_ index: Int32) {
    for key in associations[Int(index)].tags {
      tags[key]?.removeAll { $0.index == index }
      if tags[key]?.isEmpty == true { tags[key] = nil }
    }
    associations[Int(index)].tags = []
    let pair = Pair(associations[Int(index)])
    if pairs[pair] == index { pairs[pair] = nil }
  }

  /// Notes the tag of packets to the receiver of a place.
  private mutating func file(_ tag: UInt32, to place: Place) {
    let index = Int(place.index)
    associations[index][place.receiver].tag = tag
    let key = Tag(
      from: associations[index][place.receiver.other].port,
      to: associations[index][place.receiver].port, tag: tag)
    var places = tags[key] ?? []
    guard associations[index].tags.count < Self.maxTags, !places.contains(place) else { return }
    // Of too many namesakes the one known for longest goes.
    if places.count >= Self.maxNamesakes { places.removeFirst() }
    places.append(place)
    tags[key] = places
    associations[index].tags.append(key)
  }

  /// Makes one of two that turned out to be the same; the one that began first stays.
  private mutating func united(_ a: Place, _ b: Place) -> Place {
    let isFirst = associations[Int(a.index)].start <= associations[Int(b.index)].start
    let (kept, left) = isFirst ? (a, b) : (b, a)
    let gone = associations[Int(left.index)]
    remove(left.index)
    free.append(left.index)
    for side in Side.allCases {
      let own = Place(
        index: kept.index, receiver: kept.receiver == left.receiver ? side : side.other)
      associations[Int(kept.index)][own.receiver].take(gone[side])
      if gone[side].tag != 0 { file(gone[side].tag, to: own) }
    }
    let pair = Pair(associations[Int(kept.index)])
    if pairs[pair] == nil { pairs[pair] = kept.index }
    return kept
  }

  private mutating func note(
    _ packet: borrowing Decoded, _ news: AssociationNews, _ place: Place
  ) {
    let index = Int(place.index)
    let sender = place.receiver.other
    if packet.number != associations[index].start { associations[index].isHeard = true }
    associations[index].last = max(associations[index].last, packet.timestamp)
    associations[index][place.receiver].add(packet.destination)
    associations[index][sender].add(packet.source)
    for address in news.addresses { associations[index][sender].add(address) }
    if news.isWholeList { associations[index][sender].isListed = true }
    if case .answer(let tag) = news.kind, associations[index][sender].tag != tag {
      file(tag, to: place.opposite)
    }
    if let number = news.number {
      let newest = associations[index][sender].newest ?? number
      if Int32(bitPattern: number &- newest) >= 0 { associations[index][sender].newest = number }
    }
  }

  private subscript(side: Side, of index: Int32) -> Association.End {
    associations[Int(index)][side]
  }
}

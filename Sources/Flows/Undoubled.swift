import Layers

/// A connection as it would be if the packets that came twice on one interface were copies.
struct Undoubled: Sendable {
  var meter: TCPMeter
  var sent: BySide<Conversation.Traffic>
  /// Packets not counted in `meter` and `sent`.
  var copies = BySide<UInt32>(client: 0, server: 0)
  /// Packets of which at least one copy came.
  var pairs: UInt64 = 0
  /// A copy had the identification of its original, which what is sent again has not.
  var isCertain = false

  init(
    meter: TCPMeter = TCPMeter(),
    sent: BySide<Conversation.Traffic> = BySide(
      client: Conversation.Traffic(), server: Conversation.Traffic())
  ) {
    (self.meter, self.sent) = (meter, sent)
  }

  private var packets: UInt64 { sent.client.packets &+ sent.server.packets }

  /// Whether the copies are copies: nearly every packet came twice. A few may be missing, for
  /// captures lose packets.
  var isDoubled: Bool {
    pairs >= (isCertain ? 1 : 2) && pairs &* 4 >= packets &* 3
  }

  /// Whether too many packets came once for this ever to change.
  var isHopeless: Bool { packets >= 64 && pairs &* 2 < packets }
}

/// The connections under suspicion of being captured twice; freed places are used again.
struct Suspects: Sendable {
  private var places: [Undoubled] = []
  private var freed: [Int32] = []

  /// Connections suspected now.
  var count: Int { places.count - freed.count }

  subscript(place: Int32) -> Undoubled {
    _read { yield places[Int(place)] }
    _modify { yield &places[Int(place)] }
  }

  mutating func take(_ suspect: Undoubled) -> Int32 {
    if let place = freed.popLast() {
      places[Int(place)] = suspect
      return place
    }
    places.append(suspect)
    return Int32(places.count - 1)
  }

  /// Clears the place, and what it holds in shared memory; `place` is -1 afterwards.
  mutating func free(_ place: inout Int32, _ memory: inout Outstanding) {
    places[Int(place)].meter.release(&memory)
    places[Int(place)] = Undoubled()
    freed.append(place)
    place = -1
  }
}

extension BySide<UInt32> {
  package var sum: UInt64 { UInt64(client) &+ UInt64(server) }
}

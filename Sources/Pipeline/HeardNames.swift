import Bytes
import Entries

/// Names that DNS replies gave to addresses, by the time they did.
///
/// Replies are read where packets are handed out (`NameListener`), in the order of the capture, and
/// each worker gets all that its packets may need: what an entry is named does not depend on how many
/// workers there are. A reply over UDP from port 53 is believed, whoever sent it.
struct HeardNames: Sendable {
  /// Addresses remembered, at most; of more the ones heard of first are forgotten.
  static let maxAddresses = 16_384
  /// Names of one address, at most; the newest stay.
  static let maxNames = 4

  /// What one reply said of one address.
  struct Item: Sendable {
    var address: IPAddress
    /// Knows nothing but the name.
    var workload: Workload
    var since: Timestamp
  }

  /// What was said of one address.
  private struct Holder {
    /// What was said last: most addresses have one name for good.
    var latest: Item
    /// What was said before, the newest last.
    var earlier: [Item] = []
  }

  /// In the order in which they were first heard of, those before the oldest behind the others.
  private var holders: [Holder] = []
  /// Where addresses stand in `holders`.
  private var places = AddressPlaces()
  /// Place of the one that was heard of first, once all places are taken.
  private var oldest = 0
  private(set) var forgotten: UInt64 = 0

  private struct Pair: Hashable {
    var holder: ObjectIdentifier
    var name: String
  }

  /// Holders that tables name, with the names that were heard.
  private var named: [Pair: Workload] = [:]
  private static let maxNamed = 4_096

  var isEmpty: Bool { holders.isEmpty }

  /// Remembers what was heard, oldest first.
  mutating func add(_ heard: [Item]) {
    for item in heard {
      guard let place = places[item.address] else {
        addHolder(item)
        continue
      }
      let latest = holders[place].latest
      if latest.workload.dns == item.workload.dns { continue }
      holders[place].earlier = holders[place].earlier.suffix(Self.maxNames - 2) + [latest]
      holders[place].latest = item
    }
  }

  /// Remembers an address of which nothing was known, where needed in place of the oldest.
  private mutating func addHolder(_ item: Item) {
    let holder = Holder(latest: item)
    if holders.count < Self.maxAddresses {
      places.add(item.address, at: holders.count)
      holders.append(holder)
      return
    }
    places.remove(holders[oldest].latest.address)
    forgotten += 1
    places.add(item.address, at: oldest)
    holders[oldest] = holder
    oldest = (oldest + 1) % Self.maxAddresses
  }

  /// The holder of an address with the name last heard before `instant`; `holder` where none was,
  /// or where its name is known from elsewhere.
  mutating func workload(
    _ holder: Workload?, at address: IPAddress, when instant: Timestamp
  ) -> Workload? {
    guard let place = places[address] else { return holder }
    var item = holders[place].latest
    if item.since > instant {
      guard let earlier = holders[place].earlier.last(where: { $0.since <= instant }) else {
        return holder
      }
      item = earlier
    }
    guard let holder, let name = item.workload.dns else { return item.workload }
    if holder.dns != nil { return holder }
    let pair = Pair(holder: ObjectIdentifier(holder), name: name)
    if let known = named[pair] { return known }
    if named.count >= Self.maxNamed { named.removeAll(keepingCapacity: true) }
    let made = holder.with(dns: name)
    named[pair] = made
    return made
  }

  /// The tables of holders are others now.
  mutating func forgetHolders() { named.removeAll(keepingCapacity: true) }
}

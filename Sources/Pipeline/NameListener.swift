import Bytes
import Dissectors
import Entries
import Layers

/// Reads names of addresses out of DNS replies, where packets are handed out.
///
/// Servers say the same again and again: a reply that was read is known by the hash of its bytes,
/// and what workers have been told already is not told once more.
struct NameListener: Sendable {
  /// Replies remembered, at most; a power of two.
  private static let maxReplies = 4_096

  /// What a reply said.
  private struct Reply {
    /// Hash of the message without its identifier.
    var hash: UInt64
    /// Nil when it told no addresses.
    var name: Workload?
    /// Places of the addresses that have the name.
    var places: [Int] = []
  }

  /// By the lowest bits of the hash.
  private var replies = [Reply?](repeating: nil, count: NameListener.maxReplies)
  /// Where addresses stand in `told`.
  private var places: [IPAddress: Int] = [:]
  /// What workers were told last of each address.
  private var told: [(address: IPAddress, name: Workload?)] = []

  /// Adds what a packet says that workers do not know yet, when it is a reply of DNS.
  mutating func hear(
    _ packet: borrowing Decoded, _ memory: RawSpan, into heard: inout [HeardNames.Item]
  ) {
    guard packet.sourcePort == 53, packet.transport == .udp else { return }
    let time = packet.timestamp
    if let fragments = packet.fragments {
      hear(fragments.bytes.slice(packet.payload), time, into: &heard)
    } else {
      hear(memory.slice(packet.payload), time, into: &heard)
    }
  }

  /// Adds what a message says that came at `time`.
  mutating func hear(
    _ message: RawSpan, _ time: Timestamp, into heard: inout [HeardNames.Item]
  ) {
    guard message.byteCount > 2 else { return }
    let hash = message.suffix(from: 2).seededHash
    let slot = Int(truncatingIfNeeded: hash) & (Self.maxReplies - 1)
    if replies[slot]?.hash != hash { replies[slot] = read(message, hash) }
    guard let reply = replies[slot], let name = reply.name else { return }
    for place in reply.places where told[place].name !== name {
      told[place].name = name
      heard.append(HeardNames.Item(address: told[place].address, workload: name, since: time))
    }
  }

  private mutating func read(_ message: RawSpan, _ hash: UInt64) -> Reply {
    guard let (name, addresses) = DNSAnswers.addresses(in: message) else {
      return Reply(hash: hash)
    }
    if told.count + addresses.count > HeardNames.maxAddresses { self = NameListener() }
    return Reply(
      hash: hash, name: Workload(dns: name),
      places: addresses.filter { !$0.isUnspecified && !$0.isLoopback }.map { place(of: $0) })
  }

  private mutating func place(of address: IPAddress) -> Int {
    if let known = places[address] { return known }
    told.append((address, nil))
    places[address] = told.count - 1
    return told.count - 1
  }
}

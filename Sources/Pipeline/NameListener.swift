import Bytes
import Dissectors
import Entries
import Layers

/// Reads names of addresses out of DNS replies, where packets are handed out.
///
/// Servers say the same again and again: what workers have been told already is neither read in full
/// nor told once more.
struct NameListener: Sendable {
  /// Where addresses stand in `told`; at most `HeardNames.maxAddresses`.
  private var places = AddressPlaces()
  /// Hash of the name that workers were told last for each address.
  private var told: [UInt64] = []

  /// Whether the packet is one that a server of DNS may have sent.
  @inline(__always)
  static func mayHear(_ packet: borrowing Decoded) -> Bool {
    if packet.sourcePort != 53 { return false }
    return packet.transport == .udp
  }

  /// Adds what a message says that workers do not know yet, when it is a reply of DNS that came at
  /// `time`.
  mutating func hear(
    _ message: RawSpan, _ time: Timestamp, into heard: inout [HeardNames.Item]
  ) {
    var hash: UInt64 = 0
    let isNews = DNSAnswers.isNews(message) { name, address in
      hash = name
      return places[address].map { told[$0] == name } ?? !Self.isTold(address)
    }
    guard isNews, let (name, addresses) = DNSAnswers.addresses(in: message) else { return }
    let workload = Workload(dns: name)
    // Then all is told once more; workers know what they have heard.
    if told.count + addresses.count > HeardNames.maxAddresses { self = NameListener() }
    for address in addresses where Self.isTold(address) {
      if let place = places[address] {
        told[place] = hash
      } else {
        places.add(address, at: told.count)
        told.append(hash)
      }
      heard.append(HeardNames.Item(address: address, workload: workload, since: time))
    }
  }

  /// Whether the address is one that others may be reached by.
  private static func isTold(_ address: IPAddress) -> Bool {
    !address.isUnspecified && !address.isLoopback
  }
}

import Bytes
import Dissectors
import Entries
import Layers

/// Reads names of addresses out of DNS replies, where packets are handed out.
///
/// Servers say the same again and again: of what workers have been told already the name is not
/// spelled out, nor is it told once more.
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
    guard var answers = DNSAnswers(message) else { return }
    let hash = answers.nameHash
    /// One for all addresses of the reply.
    var workload: Workload?
    while let address = answers.next(in: message) {
      if let place = places[address] {
        if told[place] == hash { continue }
        told[place] = hash
      } else {
        guard Self.isTold(address) else { continue }
        // Then all is told once more; workers know what they have heard.
        if told.count >= HeardNames.maxAddresses { self = NameListener() }
        places.add(address, at: told.count)
        told.append(hash)
      }
      let named = workload ?? Workload(dns: answers.name(in: message))
      workload = named
      heard.append(HeardNames.Item(address: address, workload: named, since: time))
    }
  }

  /// Whether the address is one that others may be reached by.
  private static func isTold(_ address: IPAddress) -> Bool {
    !address.isUnspecified && !address.isLoopback
  }
}

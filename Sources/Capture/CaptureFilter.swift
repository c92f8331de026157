package import Bytes
import CPcap
import PacketFilters
import Packets

/// A capture filter in libpcap's language, such as `tcp port 80 and not host 10.0.0.1`.
package struct CaptureFilter: Hashable, Sendable {
  package let text: String
  /// Whether it lets nothing pass, which libpcap's language has no word for.
  private let refusesAll: Bool
  /// What is asked of each packet that passes: the text lets more pass than is wanted.
  package private(set) var check: HostCheck?

  /// Lets nothing pass.
  package static let nothing = CaptureFilter()

  private init() { (text, refusesAll) = ("nothing", true) }

  /// Instructions that the kernel takes (BPF_MAXINSNS), but for some that stand before them.
  static let maxInstructions = 4_096 - 16

  /// What a filter of addresses asks of the kernel.
  private enum Reach: Int, Hashable, Sendable {
    /// These addresses.
    case hosts
    /// Their networks.
    case networks
    /// All that is IP.
    case everything
  }

  /// Of a filter of addresses: how much it lets pass, and which addresses are wanted.
  private var reach: Reach?
  private var hosts: [IPAddress] = []

  /// Packets from or to one of these addresses, however many they are: where the kernel's filter
  /// cannot hold them, it is one of their networks, or of all that is IP, and each packet that passes
  /// it is looked at again.
  package init(hosts: [IPAddress]) throws(LiveError) {
    guard !hosts.isEmpty else {
      self = .nothing
      return
    }
    try self.init(hosts: hosts, reach: .hosts)
  }

  /// The first filter from `reach` on that is not longer than any kernel takes.
  private init(hosts: [IPAddress], reach: Reach) throws(LiveError) {
    let networks = Set(hosts.map(\.network)).sorted()
    if reach == .hosts, Self.instructions(hosts) <= Self.maxInstructions {
      try self.init(
        hosts.map { "\($0.isV4 ? "ip" : "ip6") host \($0)" }.joined(separator: " or "))
      self.reach = .hosts
    } else if reach != .everything, Self.instructions(networks) <= Self.maxInstructions {
      try self.init(
        networks.map { $0.isV4 ? "ip net \($0)/24" : "ip6 net \($0)/64" }
          .joined(separator: " or "))
      self.reach = .networks
    } else {
      try self.init("ip or ip6")
      self.reach = .everything
    }
    self.hosts = hosts
    if self.reach != .hosts { check = HostCheck(Set(hosts)) }
  }

  /// The same addresses with less asked of the kernel and more looked at here; nil when there is
  /// nothing less to ask, and for any other text.
  var wider: CaptureFilter? {
    guard let reach, let next = Reach(rawValue: reach.rawValue + 1) else { return nil }
    return try? CaptureFilter(hosts: hosts, reach: next)
  }

  /// The same, with each packet that passes looked at: those that a wider filter has let pass still
  /// come when it is no longer there.
  var checked: CaptureFilter {
    guard reach != nil || refusesAll else { return self }
    var filter = self
    filter.check = HostCheck(Set(hosts))
    return filter
  }

  /// About how many instructions libpcap makes of so many terms, rather too many: compiling them to
  /// count would take seconds.
  private static func instructions(_ addresses: [IPAddress]) -> Int {
    addresses.reduce(0) { $0 + ($1.isV4 ? 6 : 20) }
  }

  /// - Throws: what libpcap says of a text that is no filter.
  package init(_ text: String) throws(LiveError) {
    (self.text, refusesAll) = (text, false)
    // Syntax does not depend on the link; a filter that only some links cannot have passes here.
    guard let handle = pcap_open_dead(DLT_EN10MB, FilterCompiler.snapLength) else { return }
    defer { pcap_close(handle) }
    _ = try compiled(handle)
  }

  /// One instruction of classic BPF.
  struct Instruction: Hashable, Sendable {
    var code: UInt16
    var jumpTrue: UInt8 = 0
    var jumpFalse: UInt8 = 0
    var operand: UInt32 = 0
  }

  /// The program for packets of this link type.
  func program(for link: LinkType) throws(LiveError) -> [Instruction] {
    guard !refusesAll else { return [.refuse] }
    // Where libpcap's number differs from that in files.
    let number = link == .raw ? DLT_RAW : Int32(link.rawValue)
    guard let handle = pcap_open_dead(number, FilterCompiler.snapLength) else {
      throw LiveError(.system, "libpcap gives no memory", advice: "Free some and try again")
    }
    defer { pcap_close(handle) }
    return try compiled(handle)
  }

  /// The program for what the kernel shows of this interface: there, tags are beside the packet, and
  /// only a handle of the interface itself makes libpcap look for them where they are.
  func program(on interface: String, link: LinkType) throws(LiveError) -> [Instruction] {
    guard !refusesAll else { return [.refuse] }
    var problem = [CChar](repeating: 0, count: Int(PCAP_ERRBUF_SIZE))
    guard let handle = pcap_create(interface, &problem) else { return try program(for: link) }
    defer { pcap_close(handle) }
    pcap_set_snaplen(handle, FilterCompiler.snapLength)
    pcap_set_buffer_size(handle, 1 << 20)
    guard pcap_activate(handle) >= 0 else { return try program(for: link) }
    let number = link == .raw ? DLT_RAW : Int32(link.rawValue)
    if pcap_datalink(handle) != number, pcap_set_datalink(handle, number) != 0 {
      return try program(for: link)
    }
    return try compiled(handle)
  }

  private func compiled(_ handle: OpaquePointer) throws(LiveError) -> [Instruction] {
    do throws(PacketFilterError) {
      return try FilterCompiler.program(text, handle).map {
        Instruction(code: $0.code, jumpTrue: $0.jt, jumpFalse: $0.jf, operand: $0.k)
      }
    } catch {
      throw LiveError(
        .filter, "The filter \"\(text.prefix(200))\" cannot be used: \(error.message)",
        advice: "Filters are libpcap's, as tcpdump takes them: tcp port 80 and host 10.0.0.1")
    }
  }
}

extension CaptureFilter.Instruction {
  // Classes and modes of instructions, and the kernel's offsets of what is beside a packet
  // (linux/filter.h).
  private static let (load, loadX): (UInt16, UInt16) = (0, 1)
  private static let (absolute, indirect, header): (UInt16, UInt16, UInt16) = (0x20, 0x40, 0xa0)
  private static let aside: UInt32 = 0xffff_f000
  private static let (protocolAside, directionAside, interfaceAside): (UInt32, UInt32, UInt32) = (
    0, 4, 8
  )

  static func accept(_ bytes: UInt32) -> Self { Self(code: 0x06, operand: bytes) }
  static let refuse = accept(0)

  /// The program for packets without their link header, made from one for Linux cooked capture v2:
  /// what the header would hold is asked of the kernel. Nil when that cannot be.
  static func cooked(_ program: [Self]) -> [Self]? {
    var result = program
    for index in result.indices {
      let (kind, mode) = (result[index].code & 0x07, result[index].code & 0xe0)
      guard kind == load || kind == loadX, [absolute, indirect, header].contains(mode) else {
        continue
      }
      switch result[index].operand {
      case aside...: break
      case 20...: result[index].operand -= 20
      case 0 where mode == absolute: result[index].operand = aside + protocolAside
      case 4 where mode == absolute: result[index].operand = aside + interfaceAside
      case 10 where mode == absolute: result[index].operand = aside + directionAside
      default: return nil
      }
    }
    return result
  }

  /// The program for all interfaces: packets that loopback sends are refused, for it receives each of
  /// them as well.
  static func withoutEcho(_ program: [Self], loopback: UInt32) -> [Self] {
    let sent: UInt32 = 4
    return [
      Self(code: 0x28, operand: aside + directionAside),
      Self(code: 0x15, jumpFalse: 3, operand: sent),
      Self(code: 0x20, operand: aside + interfaceAside),
      Self(code: 0x15, jumpFalse: 1, operand: loopback),
      refuse,
    ] + program
  }
}

extension IPAddress {
  /// The network it is in: the first 24 bits of an IPv4 address, 64 of an IPv6 address.
  fileprivate var network: IPAddress {
    isV4
      ? IPAddress(v4: UInt32(truncatingIfNeeded: low) & 0xffff_ff00) : IPAddress(high: high, low: 0)
  }
}

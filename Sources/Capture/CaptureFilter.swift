package import Bytes
import CPcap
import PacketFilters
import Packets

/// A capture filter in libpcap's language, such as `tcp port 80 and not host 10.0.0.1`.
package struct CaptureFilter: Hashable, Sendable {
  package let text: String
  /// Whether it lets nothing pass, which libpcap's language has no word for.
  private let refusesAll: Bool

  /// Lets nothing pass.
  package static let nothing = CaptureFilter()

  private init() { (text, refusesAll) = ("nothing", true) }

  /// Packets from or to one of these addresses.
  package init(hosts: [IPAddress]) throws(LiveError) {
    guard !hosts.isEmpty else {
      self = .nothing
      return
    }
    try self.init(
      hosts.map { "\($0.isV4 ? "ip" : "ip6") host \($0)" }.joined(separator: " or "))
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

import Bytes
import CPcap
package import Packets

/// A filter in libpcap's language (pcap-filter(7)), run over captured packets.
///
/// Compiled once for each link type, when the first packet of it comes. A filter that a link type
/// cannot have (`ether host` on raw IP) matches none of its packets.
package struct PacketFilter: Sendable {
  /// Bytes of the longest filter; the compiler's time grows with it.
  package static let maxLength = 4_096

  package let text: String
  private var programs: [LinkType: [bpf_insn]] = [:]

  /// - Parameter linkTypes: what the packets may have; the filter must fit one of them.
  /// - Throws: what libpcap says of a text that is no filter.
  package init(_ text: String, for linkTypes: Set<LinkType>) throws(PacketFilterError) {
    self.text = text
    guard text.utf8.count <= Self.maxLength else {
      throw PacketFilterError(
        message: "it is longer than \(Self.maxLength) bytes", filter: String(text.prefix(80)) + "…",
        offset: Self.maxLength)
    }
    guard !text.utf8.contains(0) else {
      throw PacketFilterError(
        message: "it has a zero byte in it", filter: "…",
        offset: Array(text.utf8).firstIndex(of: 0))
    }
    var failure: PacketFilterError?
    var fits = false
    let links = linkTypes.isEmpty ? [.ethernet] : linkTypes.sorted { $0.rawValue < $1.rawValue }
    for link in links {
      do throws(PacketFilterError) {
        programs[link] = try Self.program(text, link)
        fits = true
      } catch {
        programs[link] = []
        failure = failure ?? error
      }
    }
    if !fits, var failure {
      failure.offset =
        FilterMistake.offset(in: text)
        ?? FilterMistake.offset(quotedIn: failure.message, in: text)
      throw failure
    }
  }

  /// Whether the packet matches.
  ///
  /// - Parameter memory: the bytes of its chunk.
  package mutating func matches(_ packet: Packet, in memory: RawSpan) -> Bool {
    if programs[packet.linkType] == nil {
      programs[packet.linkType] = (try? Self.program(text, packet.linkType)) ?? []
    }
    guard let program = programs[packet.linkType], !program.isEmpty else { return false }
    let length = UInt32(clamping: packet.originalLength)
    return memory.slice(packet.range).withUnsafeBytes { bytes in
      program.withUnsafeBufferPointer { program in
        // A packet of no bytes has no address, and the machine asks for one.
        guard let start = bytes.baseAddress else { return false }
        return bpf_filter(
          program.baseAddress, start.assumingMemoryBound(to: UInt8.self), length,
          UInt32(clamping: bytes.count)) != 0
      }
    }
  }

  private static func program(
    _ text: String, _ link: LinkType
  ) throws(PacketFilterError) -> [bpf_insn] {
    // Where libpcap's own number differs from that in files.
    let number = link == .raw ? DLT_RAW : Int32(link.rawValue)
    guard let handle = pcap_open_dead(number, FilterCompiler.snapLength) else {
      throw PacketFilterError(message: "libpcap gives no memory", filter: text)
    }
    defer { pcap_close(handle) }
    return try FilterCompiler.program(text, handle)
  }
}

/// Why a text is no filter: libpcap's own words.
package struct PacketFilterError: Error, Hashable, Sendable {
  package var message: String
  package var filter: String
  /// Where it goes wrong, in bytes; nil when that is not known.
  package var offset: Int?
}

import Bytes
import Packets
import Testing

@testable import Capture

@Suite struct HostCheckTests {
  private let hosts = ["10.1.0.7", "fd00::7"].map { IPAddress($0)! }

  private func chunk(_ packets: [[UInt8]], _ link: LinkType) -> PacketChunk {
    let bytes = packets.flatMap { $0 }
    var at = 0
    return PacketChunk(
      store: ByteStore(bytes),
      packets: packets.enumerated().map { number, packet in
        defer { at += packet.count }
        return Packet(
          number: UInt64(number), timestamp: Timestamp(nanoseconds: 0),
          range: at..<at + packet.count, originalLength: packet.count, linkType: link,
          interface: 0)
      })
  }

  private func v4(_ source: String, _ destination: String) -> [UInt8] {
    [0x45, 0, 0, 20] + [UInt8](repeating: 0, count: 8)
      + [source, destination].flatMap { octets($0) }
  }

  private func v6(_ source: String, _ destination: String) -> [UInt8] {
    [0x60] + [UInt8](repeating: 0, count: 7)
      + [source, destination].flatMap { octets($0) }
  }

  /// An address as it stands in a header.
  private func octets(_ text: String) -> [UInt8] {
    let address = IPAddress(text)!
    func big(_ value: UInt64, _ count: Int) -> [UInt8] {
      (0..<count).reversed().map { UInt8(truncatingIfNeeded: value >> (8 * UInt64($0))) }
    }
    return address.isV4 ? big(address.low, 4) : big(address.high, 8) + big(address.low, 8)
  }

  private let addresses = [UInt8](repeating: 2, count: 12)

  @Test func packetsOfTheHostsPassWhateverStandsBeforeThem() {
    let check = HostCheck(Set(hosts))
    let (four, six) = (v4("10.1.0.7", "10.9.9.9"), v6("fd00::9", "fd00::7"))
    let sll = [UInt8](repeating: 0, count: 18)
    let cases: [(LinkType, [[UInt8]])] = [
      (
        .ethernet,
        [
          addresses + [0x08, 0] + four, addresses + [0x86, 0xdd] + six,
          addresses + [0x81, 0, 0, 7, 0x08, 0] + four,
          addresses + [0x88, 0xa8, 0, 7, 0x81, 0, 0, 9, 0x86, 0xdd] + six,
        ]
      ),
      (
        .linuxSLL2,
        [
          [0x08, 0] + sll + four, [0x86, 0xdd] + sll + six,
          [0x81, 0] + sll + [0, 7, 0x08, 0] + four,
        ]
      ),
      (.raw, [four, six]),
    ]
    for (link, packets) in cases {
      #expect(check.kept(chunk(packets, link))?.packets.count == packets.count, "\(link)")
    }
  }

  @Test func othersAndWhatIsCutOffDoNot() {
    let check = HostCheck(Set(hosts))
    let four = addresses + [0x08, 0] + v4("10.1.0.7", "10.9.9.9")
    let others = [
      addresses + [0x08, 0] + v4("10.1.0.8", "10.9.9.9"),
      addresses + [0x86, 0xdd] + v6("fd00::8", "fd00::9"), addresses + [0x08, 6] + four, [], [1],
    ]
    #expect(check.kept(chunk(others, .ethernet)) == nil)
    for length in 0..<four.count {
      #expect(check.kept(chunk([Array(four[..<length])], .ethernet)) == nil)
    }
    // Nothing is missed on a link that is not known here.
    #expect(check.kept(chunk(others, LinkType(rawValue: 9_999)))?.packets.count == others.count)
  }

  @Test(arguments: [0, 1, 300, 2_000, 20_000])
  func howeverManyAddressesTheKernelTakesTheFilter(count: Int) throws {
    let four = (0..<count).map { IPAddress(v4: 0x0a00_0000 + UInt32($0) * 3) }
    let six = (0..<count).map { IPAddress(high: 0xfd00 << 48 | UInt64($0 % 7), low: UInt64($0)) }
    for hosts in [four, six, four + six] {
      let filter = try CaptureFilter(hosts: hosts)
      let program = try filter.program(for: .ethernet)
      #expect(program.count <= CaptureFilter.maxInstructions)
      #expect(
        filter.check.map { $0.hosts.count }
          == (count >= 2_000 || (count == 300 && hosts.contains { !$0.isV4 }) ? hosts.count : nil))
      guard filter.check != nil else { continue }
      // What the kernel is told lets every wanted packet pass.
      #expect(filter.text == "ip or ip6" || filter.text.contains("net"))
    }
  }

  /// Kernels have room for far shorter filters than they take (net.core.optmem_max).
  @Test func lessCanBeAskedOfTheKernelStepByStep() throws {
    let hosts = (0..<40).map { IPAddress(high: 0xfd00 << 48 | UInt64($0 % 2), low: UInt64($0)) }
    let exact = try CaptureFilter(hosts: hosts)
    #expect(exact.check == nil && exact.text.contains("fd00:0:0:1::1 or ip6 host fd00::2 or"))
    let networks = try #require(exact.wider)
    #expect(networks.text == "ip6 net fd00::/64 or ip6 net fd00:0:0:1::/64")
    let everything = try #require(networks.wider)
    #expect(everything.text == "ip or ip6" && everything.wider == nil)
    for filter in [networks, everything] { #expect(filter.check == HostCheck(Set(hosts))) }
    #expect(try CaptureFilter("tcp port 80").wider == nil && CaptureFilter.nothing.wider == nil)
  }

  /// What a wider filter has let pass is looked at when one that needs no look has taken its place.
  @Test func aFilterOfAddressesCanBeLookedAtAsWell() throws {
    let host = IPAddress(v4: 0x0a00_0001)
    let filter = try CaptureFilter(hosts: [host])
    #expect(filter.check == nil && filter.checked.check == HostCheck([host]))
    #expect(filter.checked.text == filter.text)
    #expect(CaptureFilter.nothing.checked.check == HostCheck([]))
    #expect(try CaptureFilter("tcp").checked.check == nil)
  }
}

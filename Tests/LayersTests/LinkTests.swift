import Layers
import Packets
import Testing

/// Link layers and tags: each is put around the same packet and taken off again.
@Suite struct LinkTests {
  private let inner = Frames.packet()

  private func type(_ raw: UInt16) -> LinkType { LinkType(rawValue: raw) }

  @Test func ethernetWithoutItsPadding() throws {
    var bench = Bench()
    let frame = Frames.ethernet(0x0800, inner)
    #expect(bench.seen(frame) == plain())
    #expect(bench.seen(frame + [0, 0, 0, 0, 0, 0]) == plain())
    #expect(bench.last.frameLength == frame.count + 6)
    #expect(bench.last.interface == 3)
    #expect(bench.last.number == 2)
    #expect(bench.last.vlan == nil)
  }

  @Test func tagsShowTheOutermostNetwork() throws {
    var bench = Bench()
    let one = Frames.ethernet(0x8100, [0xe0, 0x05, 0x08, 0x00] + inner)
    #expect(bench.seen(one) == plain())
    #expect(bench.last.vlan == 5 && bench.last.tags.inner == nil)
    #expect(!bench.last.tags.isOfProvider)
    let two = [0x00, 0x07, 0x81, 0x00, 0x00, 0x09, 0x08, 0x00] + inner
    for tag in [0x88a8, 0x9100, 0x8100] {
      #expect(bench.seen(Frames.ethernet(tag, two)) == plain())
      #expect(bench.last.vlan == 7 && bench.last.tags.inner == 9)
      #expect(bench.last.tags.isOfProvider == (tag != 0x8100))
    }
    let metadata: [UInt8] = [1, 1, 0, 1, 0, 9, 0x08, 0x00]
    #expect(bench.seen(Frames.ethernet(0x8909, metadata + inner)) == plain())
    for tag in [0x8926, 0x892f] {
      let tagged: [UInt8] = [0, 0x34, 0, 1, 0x08, 0x00] + inner
      #expect(bench.seen(Frames.ethernet(tag, tagged)) == plain())
    }
    let instance: [UInt8] = [0, 0, 0, 1]
    #expect(
      bench.seen(Frames.ethernet(0x88e7, instance + Frames.ethernet(0x0800, inner))) == plain())
  }

  @Test func aCookedPacketNamesItsDevice() throws {
    var bench = Bench()
    // v2: protocol, zero, interface 3, hardware, outgoing, address.
    let head: [UInt8] = [8, 0, 0, 0, 0, 0, 0, 3, 0, 1, 4, 6] + [UInt8](repeating: 0, count: 8)
    #expect(bench.seen(head + inner, LinkType(rawValue: 276)) == plain())
    let device = bench.last.device
    #expect(device != 0)
    #expect(bench.last.identification == 1)
    // As live capture writes it where the kernel has taken the tag off.
    var tagged = head
    (tagged[0], tagged[1]) = (0x81, 0x00)
    #expect(bench.seen(tagged + [0, 42, 8, 0] + inner, LinkType(rawValue: 276)) == plain())
    #expect(bench.last.vlan == 42)
    #expect(bench.seen(head + inner, LinkType(rawValue: 276)) == plain())
    #expect(bench.last.tags.isEmpty)
    var other = head
    other[7] = 4
    #expect(bench.seen(other + inner, LinkType(rawValue: 276)) == plain())
    #expect(bench.last.device != device)
    #expect(bench.seen(Frames.ethernet(0x0800, inner)) == plain())
    #expect(bench.last.device == 0)
  }

  @Test func logicalLinkControl() throws {
    var bench = Bench()
    let snap: [UInt8] = [0xaa, 0xaa, 0x03, 0, 0, 0, 0x08, 0x00] + inner
    #expect(bench.seen(Frames.ethernet(snap.count, snap + [0, 0, 0])) == plain())
    let sap: [UInt8] = [0x06, 0x06, 0x03] + inner
    #expect(bench.seen(Frames.ethernet(sap.count, sap)) == plain())
    let fddi = [UInt8](repeating: 1, count: 13) + snap
    #expect(bench.seen(fddi, type(10)) == plain())
    let tree = Frames.ethernet(38, [0x42, 0x42, 0x03] + [UInt8](repeating: 0, count: 43))
    #expect(bench.outcome(tree).0 == .skipped(.notIP))
  }

  @Test func cookedLoopbackAndRaw() throws {
    var bench = Bench()
    let address: [UInt8] = [0, 0, 0, 1, 0, 6] + [1, 2, 3, 4, 5, 6, 0, 0]
    #expect(bench.seen(address + [0x08, 0x00] + inner, .linuxSLL) == plain())
    let second: [UInt8] = [0x08, 0, 0, 0, 0, 0, 0, 2, 0, 1, 4, 6] + [1, 2, 3, 4, 5, 6, 0, 0]
    #expect(bench.seen(second + inner, .linuxSLL2) == plain())
    #expect(bench.seen([2, 0, 0, 0] + inner, .null) == plain())
    #expect(bench.seen([0, 0, 0, 2] + inner, .loop) == plain())
    #expect(bench.seen([0, 0, 0, 2] + inner, .null) == plain())
    for raw: UInt16 in [12, 14, 101, 228] { #expect(bench.seen(inner, type(raw)) == plain()) }
    let six = Frames.ipv6(17, Frames.udp([1]))
    #expect(bench.seen(six, .ipv6)?.ends == "fd00::1:5353 > fd00::2:53")
    #expect(bench.seen([30, 0, 0, 0] + six, .null)?.transport == .udp)
  }

  @Test func pointToPoint() throws {
    var bench = Bench()
    #expect(bench.seen([0xff, 0x03, 0x00, 0x21] + inner, .ppp) == plain())
    #expect(bench.seen([0x21] + inner, .ppp) == plain())
    #expect(bench.seen([0xff, 0x03, 0x00, 0x21] + inner, .pppHDLC) == plain())
    #expect(bench.seen([0x0f, 0x00, 0x08, 0x00] + inner, .pppHDLC) == plain())
    #expect(bench.seen([0x0f, 0x00, 0x08, 0x00] + inner, type(104)) == plain())
    #expect(bench.seen([1, 0xff, 0x03, 0x00, 0x21] + inner, type(204)) == plain())
    #expect(bench.seen([1, 0x03, 0x00, 0x21] + inner, type(166)) == plain())
    let session = [0x11, 0x00, 0x00, 0x01] + Frames.big16(inner.count + 2) + [0x00, 0x21] + inner
    #expect(bench.seen(Frames.ethernet(0x8864, session + [0, 0])) == plain())
    #expect(bench.seen(session, type(51)) == plain())
  }

  @Test func labelsAndPseudowires() throws {
    var bench = Bench()
    let labels: [UInt8] = [0, 1, 0x00, 64, 0, 2, 0x01, 64]
    #expect(bench.seen(Frames.ethernet(0x8847, labels + inner)) == plain())
    #expect(bench.seen(labels + inner, type(219)) == plain())
    let wire = labels + [0, 0, 0, 0] + Frames.ethernet(0x0800, inner)
    #expect(bench.seen(Frames.ethernet(0x8847, wire)) == plain())
  }

  /// Addresses of cards begin with 0 as control words do, and with 4 and 6 as IP does.
  @Test(arguments: [0x00, 0x02, 0x1c, 0x40, 0x44, 0x45, 0x60, 0xf4] as [UInt8])
  func aPseudowireMayDoWithoutAControlWord(first: UInt8) throws {
    var bench = Bench()
    let label: [UInt8] = [0, 2, 0x01, 64]
    var frame = Frames.ethernet(0x0800, inner)
    frame.replaceSubrange(0..<6, with: [first, 0x50, 0x56, 1, 2, 3])
    #expect(bench.seen(Frames.ethernet(0x8847, label + frame)) == plain())
    #expect(bench.seen(Frames.ethernet(0x8847, label + [0, 0, 0, 9] + frame)) == plain())
    let tagged = Array(frame[..<12]) + [0x81, 0x00, 0x00, 0x07, 0x08, 0x00] + inner
    #expect(bench.seen(Frames.ethernet(0x8847, label + tagged)) == plain())
  }

  @Test func netfilterLog() throws {
    var bench = Bench()
    let head: [UInt8] = [2, 0, 0, 0, 8, 0, 1, 0, 8, 0, 0, 3]
    let length = inner.count + 4
    let attribute = [UInt8(length), 0, 9, 0] + inner
    #expect(bench.seen(head + attribute, type(239)) == plain())
    #expect(bench.outcome([2, 0, 0, 0, 3, 0, 9, 0], type(239)).0 == .skipped(.malformed))
  }

  @Test func framesOfWirelessNetworks() {
    var bench = Bench()
    let zeros = { (count: Int) in [UInt8](repeating: 0, count: count) }
    let body: [UInt8] = [0xaa, 0xaa, 0x03, 0, 0, 0, 0x08, 0x00] + inner
    let data: [UInt8] = [0x08, 0x01] + zeros(22) + body
    let check: [UInt8] = [1, 2, 3, 4]
    #expect(bench.seen(data + check, type(105)) == plain())
    // Between access points, with QoS, with HT control, and an aggregate.
    #expect(bench.seen([0x08, 0x03] + zeros(28) + body, type(105)) == plain())
    #expect(bench.seen([0x88, 0x02] + zeros(24) + body + check, type(105)) == plain())
    #expect(bench.seen([0x88, 0x82] + zeros(28) + body, type(105)) == plain())
    let part = zeros(12) + Frames.big16(body.count) + body
    #expect(bench.seen([0x88, 0x01] + zeros(22) + [0x80, 0] + part + part, type(105)) == plain())
    // A beacon, one without a body, an encrypted one, a fragment and the one behind it.
    var later = data
    later[22] = 1
    let rest = Array(data.dropFirst(2))
    let silent: [[UInt8]] = [
      [0x80, 0] + zeros(30), [0x48, 1] + zeros(22), [0x08, 0x41] + rest, [0x08, 0x05] + rest, later,
    ]
    for frame in silent { #expect(bench.outcome(frame, type(105)).0 == .skipped(.notIP)) }
    #expect(bench.outcome([0x08, 1] + zeros(10), type(105)).0 == .skipped(.malformed))
    // Radiotap: nothing, a clock and flags, two words of fields, and flags that tell of padding.
    #expect(bench.seen([0, 0, 8, 0, 0, 0, 0, 0] + data, type(127)) == plain())
    #expect(
      bench.seen([0, 0, 18, 0, 3, 0, 0, 0] + zeros(8) + [0x10, 0] + data + check, type(127))
        == plain())
    #expect(
      bench.seen([0, 0, 13, 0, 2, 0, 0, 0x80, 0, 0, 0, 0, 0] + data, type(127)) == plain())
    let padded: [UInt8] = [0x88, 0x02] + zeros(26) + body
    #expect(bench.seen([0, 0, 9, 0, 2, 0, 0, 0, 0x20] + padded, type(127)) == plain())
    #expect(
      bench.seen([0, 0, 25, 0, 3, 0, 0, 0] + zeros(8) + [0x20] + zeros(8) + padded, type(127))
        == plain())
    #expect(bench.outcome([0, 0, 7, 0, 0, 0, 0, 0] + data, type(127)).0 == .skipped(.malformed))
    #expect(bench.outcome([0, 0, 99, 9, 0, 0, 0, 0] + data, type(127)).0 == .skipped(.malformed))
    // Prism, and AVS under both numbers.
    #expect(bench.seen([0x44, 0, 0, 0, 12, 0, 0, 0] + zeros(4) + data, type(119)) == plain())
    let successor: [UInt8] = [0x80, 0x21, 0x10, 1, 0, 0, 0, 12] + zeros(4) + data
    #expect(bench.seen(successor, type(119)) == plain())
    #expect(bench.seen(successor, type(163)) == plain())
  }

  @Test func headsOfRecordersAndRareLinks() {
    var bench = Bench()
    let frame = Frames.ethernet(0x0800, inner)
    let snap: [UInt8] = [0xaa, 0xaa, 0x03, 0, 0, 0, 0x08, 0x00] + inner
    let zeros = { (count: Int) in [UInt8](repeating: 0, count: count) }
    #expect(bench.seen([0, 0, 12, 0, 1, 0, 0, 0] + zeros(4) + frame, type(192)) == plain())
    #expect(bench.seen([16, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0] + zeros(4) + frame, type(258)) == plain())
    #expect(bench.seen([12, 0, 0, 0, 1, 0, 0, 0, 101, 0, 0, 0] + inner, type(258)) == plain())
    #expect(bench.seen([61, 2] + zeros(62) + inner, type(117)) == plain())
    #expect(bench.seen([2, 0, 0, 0] + zeros(8) + inner, type(109)) == plain())
    #expect(bench.seen([0, 0, 0, 2] + zeros(8) + inner, type(109)) == plain())
    #expect(bench.seen(zeros(14) + snap, type(6)) == plain())
    #expect(bench.seen(zeros(8) + [0x80] + zeros(5) + [4, 0, 1, 2] + snap, type(6)) == plain())
    #expect(bench.seen(zeros(16) + [0x08, 0x00] + inner, type(138)) == plain())
    #expect(bench.seen(snap, type(100)) == plain())
    #expect(bench.seen(zeros(4) + frame, type(240)) == plain())
    #expect(bench.seen(zeros(8) + frame, type(274)) == plain())
    // A head that announces what nobody reads, itself without end, or less than it is.
    #expect(bench.outcome([0, 0, 8, 0, 0, 9, 0, 0] + frame, type(192)).0 != .decoded)
    #expect(bench.outcome(zeros(8) + frame, type(192)).0 == .skipped(.malformed))
    let again: [UInt8] = [0, 0, 8, 0, 192, 0, 0, 0]
    #expect(
      bench.outcome([[UInt8]](repeating: again, count: 90).flatMap { $0 }, type(192)).0
        == .skipped(.tooDeep))
  }

  @Test func whatIsNotFollowedIsCountedByReason() {
    var bench = Bench()
    #expect(bench.outcome([1], type(189)).0 == .skipped(.unknownLinkType))
    #expect(bench.outcome(Frames.ethernet(0x0806, [0, 1])).0 == .skipped(.notIP))
    #expect(bench.outcome([1, 2, 3]).0 == .skipped(.malformed))
    #expect(bench.outcome([1, 2, 3], original: 90).0 == .skipped(.truncated))
    let tags = [UInt8](repeating: 0, count: 400).enumerated().map {
      $0.offset % 4 == 2 ? UInt8(0x81) : 0
    }
    #expect(bench.outcome(Frames.ethernet(0x8100, tags)).0 == .skipped(.tooDeep))
    let counters = bench.layers.counters
    #expect(counters.packets == 5)
    #expect(counters.skipped == 5)
    #expect(counters.linkTypes == [189: 1])
    #expect([counters.notIP, counters.malformed, counters.truncated] == [1, 1, 1])
    #expect(counters.tooDeep == 1)
  }
}

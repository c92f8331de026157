#if canImport(Glibc) || canImport(Musl)
  import Bytes
  import CLinux
  import Packets

  #if canImport(Glibc)
    import Glibc
  #else
    import Musl
  #endif

  /// A packet socket with its ring of blocks (TPACKET_V3).
  ///
  /// `@unchecked Sendable`: blocks are fetched by one thread, that of its `InterfaceCapture`; the
  /// counters come from a system call.
  final class PacketRing: @unchecked Sendable {
    let descriptor: Int32
    let linkType: LinkType
    private let memory: UnsafeMutableRawPointer
    private let blocks: UInt32
    private var next = 0
    /// The interface of the packet before: most come from few.
    private var latest: (number: Int32, index: Int) = (0, 0)

    /// Opens a socket that receives nothing before `start`, whatever it is bound to.
    ///
    /// - Parameter name: tells the link type; `any` is all interfaces.
    init(_ name: String, blocks: UInt32) throws(LiveError) {
      var cooked: Int32 = -1
      try check(ks_ring_socket(1, &cooked), "open a packet socket")
      linkType = Interfaces.linkType(of: name, asking: cooked)
      if linkType == .linuxSLL2 {
        descriptor = cooked
      } else {
        close(cooked)
        var raw: Int32 = -1
        try check(ks_ring_socket(0, &raw), "open a packet socket")
        descriptor = raw
      }
      self.blocks = blocks
      var mapped: UnsafeMutableRawPointer?
      let failure = ks_ring_map(
        descriptor, LiveSettings.blockBytes, blocks, LiveSettings.blockPatience, &mapped)
      guard failure == 0, let mapped else {
        close(descriptor)
        throw LiveError(
          .system,
          """
          The kernel gives no ring of \(blocks) MiB for packets: \(reason(failure))
          """, advice: "Ask for a smaller one with --ring-memory", errno: failure)
      }
      memory = mapped
      try setFilter([.refuse])
    }

    deinit {
      ks_ring_unmap(memory, LiveSettings.blockBytes, blocks)
      close(descriptor)
    }

    func setFilter(_ program: [CaptureFilter.Instruction]) throws(LiveError) {
      guard program.count <= UInt16.max else { throw Self.longFilter }
      let program = program.map {
        ks_instruction(code: $0.code, jt: $0.jumpTrue, jf: $0.jumpFalse, k: $0.operand)
      }
      let failure = ks_ring_filter(descriptor, program, UInt16(program.count))
      if failure == EINVAL { throw Self.longFilter }
      if failure == ENOMEM {
        throw LiveError(
          .filter, "The kernel has no room for a filter of \(program.count) instructions",
          advice: """
            Name fewer hosts and ports, or whole networks, or raise the sysctl net.core.optmem_max
            """, errno: failure)
      }
      try check(failure, "set a capture filter")
    }

    /// BPF_MAXINSNS of the kernel is 4,096.
    private static let longFilter = LiveError(
      .filter, "The filter is longer than the kernel takes (4,096 instructions)",
      advice: "Name fewer hosts and ports, or whole networks", errno: EINVAL)

    /// Waits for a block; gives whether something happened within `milliseconds`.
    func wait(milliseconds: Int32) {
      var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      if poll(&request, 1, milliseconds) > 0, request.revents & Int16(POLLERR) != 0 {
        // Or the next wait would end at once. What happened is seen by looking at the interface.
        _ = ks_ring_error(descriptor)
      }
    }

    /// Packets that passed the filter and found no room since the last call.
    func takeDropped() -> UInt64 {
      var (packets, dropped): (UInt32, UInt32) = (0, 0)
      return ks_ring_counters(descriptor, &packets, &dropped) == 0 ? UInt64(dropped) : 0
    }

    /// The packets of the next block that the kernel has handed over; nil when there is none.
    ///
    /// - Parameters:
    ///   - number: that of the first of so many packets.
    ///   - interface: the index of the packet's interface, from its number in the kernel.
    func fetch(
      number: (_ count: Int) -> UInt64, interface: (_ number: Int32, _ linkType: LinkType) -> Int
    ) -> PacketChunk? {
      while true {
        let block = memory + next * Int(LiveSettings.blockBytes)
        guard ks_block_is_ready(block) != 0 else { return nil }
        let chunk = copied(block, number, interface)
        ks_block_release(block)
        next = (next + 1) % Int(blocks)
        if let chunk { return chunk }
      }
    }

    private func copied(
      _ block: UnsafeRawPointer, _ number: (Int) -> UInt64, _ interface: (Int32, LinkType) -> Int
    ) -> PacketChunk? {
      let count = Int(ks_block_packets(block))
      guard count > 0 else { return nil }
      var packets: [Packet] = []
      packets.reserveCapacity(count)
      let first = number(count)
      // Before each packet the block holds more bytes than are added to it here.
      let store = ByteStore(capacity: Int(ks_block_bytes(block))) { target in
        var end = 0
        var at = ks_block_first(block)!
        var packet = ks_packet()
        for index in 0..<count {
          ks_block_packet(at, &packet)
          if packet.interface != latest.number {
            latest = (packet.interface, interface(packet.interface, linkType))
          }
          let start = end
          end += put(packet, into: target, at: start)
          packets.append(
            Packet(
              number: first + UInt64(index),
              timestamp: Timestamp(
                nanoseconds: Int64(packet.seconds) * 1_000_000_000 + Int64(packet.nanoseconds)),
              range: start..<end,
              originalLength: Int(packet.length) + (end - start - Int(packet.captured)),
              linkType: linkType, interface: latest.index))
          at += Int(packet.next)
        }
        return end
      }
      return PacketChunk(store: store, packets: packets)
    }

    /// Writes a packet as it was on the wire: with its tag, cooked ones with a header.
    private func put(
      _ packet: ks_packet, into target: UnsafeMutableRawBufferPointer, at start: Int
    ) -> Int {
      let captured = Int(packet.captured)
      let bytes = UnsafeRawPointer(packet.bytes!)
      let out = target.baseAddress! + start
      precondition(start + captured + 24 <= target.count, "a packet is longer than its block")
      if linkType == .linuxSLL2 { return putCooked(packet, bytes, captured, out) }
      guard packet.has_tag != 0, linkType == .ethernet, captured >= 12 else {
        out.copyMemory(from: bytes, byteCount: captured)
        return captured
      }
      // After the two addresses (IEEE 802.1Q §9.3).
      out.copyMemory(from: bytes, byteCount: 12)
      out.storeBig(packet.tag_protocol, at: 12)
      out.storeBig(packet.tag, at: 14)
      (out + 16).copyMemory(from: bytes + 12, byteCount: captured - 12)
      return captured + 4
    }

    /// The header of Linux cooked capture v2 comes first (LINKTYPE_LINUX_SLL2).
    private func putCooked(
      _ packet: ks_packet, _ bytes: UnsafeRawPointer, _ captured: Int,
      _ out: UnsafeMutableRawPointer
    ) -> Int {
      var packet = packet
      var end = 20
      let type = UInt16(bigEndian: packet.protocol)
      out.storeBig(packet.has_tag != 0 ? packet.tag_protocol : type, at: 0)
      out.storeBig(0 as UInt16, at: 2)
      out.storeBig(UInt32(bitPattern: packet.interface), at: 4)
      out.storeBig(packet.hardware, at: 8)
      out.storeBytes(of: packet.direction, toByteOffset: 10, as: UInt8.self)
      out.storeBytes(of: packet.address_length, toByteOffset: 11, as: UInt8.self)
      withUnsafeBytes(of: &packet.address) {
        (out + 12).copyMemory(from: $0.baseAddress!, byteCount: 8)
      }
      if packet.has_tag != 0 {
        out.storeBig(packet.tag, at: 20)
        out.storeBig(type, at: 22)
        end = 24
      }
      (out + end).copyMemory(from: bytes, byteCount: captured)
      return end + captured
    }
  }

  extension UnsafeMutableRawPointer {
    fileprivate func storeBig<Value: FixedWidthInteger & BitwiseCopyable>(
      _ value: Value, at offset: Int
    ) {
      storeBytes(of: value.bigEndian, toByteOffset: offset, as: Value.self)
    }
  }

  extension LiveError {
    /// Whether the kernel takes shorter filters.
    var isOfLongFilter: Bool { code == .filter && (errno == EINVAL || errno == ENOMEM) }
  }

  /// Throws what a failed call means.
  func check(_ failure: Int32, _ work: String) throws(LiveError) {
    switch failure {
    case 0: return
    case EPERM, EACCES:
      throw .privilege(program, errno: failure)
    case EAFNOSUPPORT, ENOPROTOOPT, ENOSYS:
      throw LiveError(
        .unsupported, "This kernel has no packet sockets with rings (\(reason(failure)))",
        advice: "Sandboxes such as gVisor lack them. Record outside and read the file with --pcap",
        errno: failure)
    default:
      throw LiveError(
        .system, "The kernel refuses to \(work): \(reason(failure))",
        advice: "Check that the interface is still there", errno: failure)
    }
  }

  func reason(_ number: Int32) -> String { String(cString: strerror(number)) }

  /// Where this program is.
  private var program: String {
    guard let path = realpath("/proc/self/exe", nil) else { return "/path/to/kubeshark" }
    defer { free(path) }
    return String(cString: path)
  }
#endif

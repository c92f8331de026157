#if canImport(Glibc) || canImport(Musl)
  import CLinux
  import Dispatch
  import PacketFilters
  import Packets
  import Synchronization

  /// The capture of one interface: its sockets, each with a thread, and what becomes of it.
  ///
  /// When the interface goes away its packets are fetched to the last, and it is waited for.
  final class InterfaceCapture: Sendable {
    /// Milliseconds until somebody looks whether the interface is still there.
    private static let patience: Int32 = 200

    private let name: String
    private let settings: LiveSettings
    private let loopback: UInt32
    private let received = Atomic<UInt64>(0)
    private let dropped = Atomic<UInt64>(0)
    private let others = Atomic<UInt64>(0)
    private let fate = Mutex(Fate())
    /// The sockets before they are read: opening is where errors are told.
    private let opened: Mutex<[PacketRing]>
    /// The sockets that are read, while somebody may want to change their filter.
    private let current = Mutex<[PacketRing]>([])
    private let chosen: Mutex<CaptureFilter?>
    /// Held while sockets are opened or their filter is changed.
    private let changing = Mutex(())

    private struct Fate {
      var state = InterfaceCounters.State.up
      var losses: UInt64 = 0
    }

    /// What a thread of ours is given.
    struct Sink: Sendable {
      /// Numbers for so many packets: the first of them.
      var number: @Sendable (_ count: Int) -> UInt64
      /// The index of a packet's interface, from its number in the kernel.
      var interface: @Sendable (_ number: Int32, _ linkType: LinkType) -> Int
      var take: @Sendable (PacketChunk) -> Void
      var isStopped: @Sendable () -> Bool
      var tell: @Sendable (_ sentence: String) -> Void
    }

    init(_ name: String, _ settings: LiveSettings) throws(LiveError) {
      (self.name, self.settings) = (name, settings)
      loopback = UInt32(Interfaces.number(of: "lo") ?? 1)
      opened = Mutex([])
      chosen = Mutex(settings.filter)
      let rings = try open()
      opened.withLock { $0 = rings }
    }

    var counters: InterfaceCounters {
      let fate = fate.withLock { $0 }
      var counters = InterfaceCounters(name: name)
      counters.received = received.load(ordering: .relaxed)
      counters.dropped = dropped.load(ordering: .relaxed)
      counters.others = others.load(ordering: .relaxed)
      (counters.state, counters.losses) = (fate.state, fate.losses)
      return counters
    }

    // MARK: Opening

    private func open() throws(LiveError) -> [PacketRing] {
      try changing.withLock { (_) throws(LiveError) in
        let rings = try openLocked()
        current.withLock { $0 = rings }
        return rings
      }
    }

    /// Another filter from now on; what the kernel has taken already still comes. Nil lets
    /// everything pass.
    func change(_ filter: CaptureFilter?) throws(LiveError) {
      try changing.withLock { (_) throws(LiveError) in
        let before = chosen.withLock { $0 }
        let next = before?.check == nil ? filter : filter?.checked
        chosen.withLock { $0 = next }
        let rings = current.withLock { $0 }
        guard !rings.isEmpty else { return }
        do throws(LiveError) { try setFilter(of: rings) } catch {
          chosen.withLock { $0 = before }
          throw error
        }
      }
    }

    /// Sets the chosen filter, or one that asks for less where the kernel has no room for it. That
    /// room is `net.core.optmem_max`, and has to hold the filter before as well.
    private func setFilter(of rings: [PacketRing]) throws(LiveError) {
      while true {
        do throws(LiveError) {
          let program = try program(for: rings[0])
          for ring in rings { try ring.setFilter(program) }
          return
        } catch {
          guard error.isOfLongFilter, let wider = chosen.withLock({ $0?.wider }) else {
            throw error
          }
          chosen.withLock { $0 = wider }
        }
      }
    }

    private func openLocked() throws(LiveError) -> [PacketRing] {
      var number: Int32 = 0
      if name != Interfaces.any {
        guard let found = Interfaces.number(of: name) else {
          throw .unknownInterface(name, among: Interfaces.names)
        }
        number = found
      }
      var rings: [PacketRing] = []
      for _ in 0..<settings.sockets {
        rings.append(try PacketRing(name, blocks: settings.blocks))
      }
      // While they join the group one after the other, nothing passes: no packet comes twice.
      var group: UInt16 = 0
      for (index, ring) in rings.enumerated() {
        if name != Interfaces.any, Interfaces.isLoopback(name, asking: ring.descriptor) {
          // Cheaper than the filter, which leaves it out as well; kernels before 4.20 cannot.
          _ = ks_ring_ignore_outgoing(ring.descriptor)
        }
        try check(ks_ring_bind(ring.descriptor, number), "receive from \(name)")
        if rings.count > 1 {
          try check(
            ks_ring_share(ring.descriptor, index == 0 ? 1 : 0, &group),
            "spread packets over \(rings.count) sockets")
        }
        if settings.isPromiscuous, number > 0 {
          try check(ks_ring_promiscuous(ring.descriptor, number), "make \(name) promiscuous")
        }
      }
      try setFilter(of: rings)
      return rings
    }

    private func program(for ring: PacketRing) throws(LiveError) -> [CaptureFilter.Instruction] {
      var program = [CaptureFilter.Instruction.accept(UInt32(FilterCompiler.snapLength))]
      if let filter = chosen.withLock({ $0 }) {
        program = try filter.program(on: name, link: ring.linkType)
        if ring.linkType == .linuxSLL2 {
          guard let cooked = CaptureFilter.Instruction.cooked(program) else {
            throw LiveError(
              .filter,
              "The filter \"\(filter.text.prefix(200))\" asks for link headers, which \(name) lacks",
              advice: "Name one interface, or leave out ether, vlan and byte offsets of the link")
          }
          program = cooked
        }
      }
      // A group of sockets does not heed that one of them leaves out what is sent.
      return name == Interfaces.any || Interfaces.isLoopback(name, asking: ring.descriptor)
        ? CaptureFilter.Instruction.withoutEcho(program, loopback: loopback) : program
    }

    // MARK: Reading

    /// Reads until it is stopped. Blocks its thread.
    func run(_ sink: Sink) {
      var rings = opened.withLock { rings in
        defer { rings = [] }
        return rings
      }
      while !sink.isStopped() {
        read(rings, sink)
        if sink.isStopped() { break }
        rings = []
        current.withLock { $0 = [] }
        tell(.gone, sink)
        guard let again = reopened(sink) else { break }
        rings = again
        tell(.up, sink)
      }
    }

    /// Reads all sockets until the interface is gone or reading is stopped.
    private func read(_ rings: [PacketRing], _ sink: Sink) {
      let number = Interfaces.number(of: name)
      let others = DispatchGroup()
      let end = Ending()
      for ring in rings.dropFirst() {
        let thread = DispatchQueue(label: "capture \(name)", qos: .userInteractive)
        thread.async(group: others) { [self] in
          while !end.isReached.load(ordering: .relaxed), !sink.isStopped() { fetch(ring, sink) }
          drain(ring, sink)
        }
      }
      while !sink.isStopped() {
        fetch(rings[0], sink)
        guard name != Interfaces.any else { continue }
        guard Interfaces.number(of: name) == number else { break }
        tell(ks_interface_is_up(rings[0].descriptor, name) != 0 ? .up : .down, sink)
      }
      end.isReached.store(true, ordering: .relaxed)
      drain(rings[0], sink)
      others.wait()
    }

    private final class Ending: Sendable {
      let isReached = Atomic(false)
    }

    /// Takes what there is, as many blocks as the ring has, or waits for the next.
    private func fetch(_ ring: PacketRing, _ sink: Sink) {
      var blocks: UInt32 = 0
      while blocks < settings.blocks, !sink.isStopped(), take(ring, sink) { blocks += 1 }
      dropped.add(ring.takeDropped(), ordering: .relaxed)
      if blocks == 0 { ring.wait(milliseconds: Self.patience) }
    }

    /// Takes what is left: blocks under way are handed over within their patience.
    private func drain(_ ring: PacketRing, _ sink: Sink) {
      let end = ContinuousClock.now + .milliseconds(Int(LiveSettings.blockPatience) * 2)
      repeat {
        if !take(ring, sink) { ring.wait(milliseconds: 20) }
      } while ContinuousClock.now < end
      while take(ring, sink) {}
      dropped.add(ring.takeDropped(), ordering: .relaxed)
    }

    private func take(_ ring: PacketRing, _ sink: Sink) -> Bool {
      guard let chunk = ring.fetch(number: sink.number, interface: sink.interface) else {
        return false
      }
      guard let check = chosen.withLock({ $0?.check }) else {
        received.add(UInt64(chunk.packets.count), ordering: .relaxed)
        sink.take(chunk)
        return true
      }
      let kept = check.kept(chunk)
      let count = kept?.packets.count ?? 0
      received.add(UInt64(count), ordering: .relaxed)
      others.add(UInt64(chunk.packets.count - count), ordering: .relaxed)
      if let kept { sink.take(kept) }
      return true
    }

    // MARK: Going and coming

    /// The sockets of the interface once it is there again; nil when reading is stopped.
    private func reopened(_ sink: Sink) -> [PacketRing]? {
      var told: LiveError?
      while !sink.isStopped() {
        do throws(LiveError) { return try open() } catch {
          if error.code != .unknownInterface, error != told {
            sink.tell("\(error)")
            told = error
          }
        }
        DispatchSemaphore(value: 0).wait(milliseconds: Int(Self.patience))
      }
      return nil
    }

    private func tell(_ state: InterfaceCounters.State, _ sink: Sink) {
      let isNews = fate.withLock { fate in
        guard fate.state != state else { return false }
        if fate.state == .up { fate.losses += 1 }
        fate.state = state
        return true
      }
      guard isNews else { return }
      switch state {
      case .up: sink.tell("\(name) is back; its packets are captured again")
      case .down: sink.tell("\(name) is down; waiting for it to come up")
      case .gone: sink.tell("\(name) is gone; waiting for an interface of that name")
      }
    }
  }

  extension DispatchSemaphore {
    fileprivate func wait(milliseconds: Int) {
      _ = wait(timeout: .now() + .milliseconds(milliseconds))
    }
  }
#endif

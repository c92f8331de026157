import Dispatch
package import Packets
import Synchronization

/// Packets of live interfaces, from the moment it is made.
///
/// Each socket of each interface has a thread, and gives what it fetched in order. All packets of a
/// conversation, both directions, come from one socket of an interface.
package final class LiveCapture: Sendable {
  /// Interfaces told apart among `any`.
  package static let mostInterfaces = 4_096

  package let settings: LiveSettings
  private let isStopped = Atomic(false)
  private let numbers = Atomic<UInt64>(0)
  private let running = DispatchGroup()
  private let table = Mutex(InterfaceTable(most: mostInterfaces))

  #if canImport(Glibc) || canImport(Musl)
    private let captures: [InterfaceCapture]
  #endif

  /// Opens the interfaces. The kernel keeps their packets from now on.
  package init(_ settings: LiveSettings) throws(LiveError) {
    self.settings = settings
    #if canImport(Glibc) || canImport(Musl)
      var captures: [InterfaceCapture] = []
      for name in settings.interfaces { captures.append(try InterfaceCapture(name, settings)) }
      self.captures = captures
    #else
      throw .unsupported
    #endif
  }

  /// Begins to fetch. Call it once.
  ///
  /// - Parameters:
  ///   - take: gets the packets, on the thread of their socket: several at the same time. While it
  ///     runs the kernel keeps what comes, as long as the ring has room.
  ///   - tell: gets a sentence without its full stop when an interface goes or comes.
  package func start(
    take: @escaping @Sendable (PacketChunk) -> Void,
    tell: @escaping @Sendable (_ sentence: String) -> Void
  ) {
    #if canImport(Glibc) || canImport(Musl)
      let sink = InterfaceCapture.Sink(
        number: { self.numbers.add(UInt64($0), ordering: .relaxed).oldValue + 1 },
        interface: { self.index(of: $0, $1) }, take: take,
        isStopped: { self.isStopped.load(ordering: .relaxed) }, tell: tell)
      for capture in captures {
        DispatchQueue(label: "capture", qos: .userInteractive).async(group: running) {
          capture.run(sink)
        }
      }
    #endif
  }

  /// Another filter for all interfaces, while they are captured. No packet that passes both comes
  /// twice or is lost.
  ///
  /// - Parameter filter: nil lets everything pass.
  /// - Throws: `.filter` when the kernel does not take it; the one before stays.
  package func change(_ filter: CaptureFilter?) throws(LiveError) {
    #if canImport(Glibc) || canImport(Musl)
      for capture in captures { try capture.change(filter) }
    #endif
  }

  /// Ends the fetching; returns when the last packet was taken.
  package func stop() {
    isStopped.store(true, ordering: .relaxed)
    running.wait()
  }

  package var counters: [InterfaceCounters] {
    #if canImport(Glibc) || canImport(Musl)
      captures.map(\.counters)
    #else
      []
    #endif
  }

  /// In the order of `Packet.interface`, as far as packets came.
  package var interfaces: [CaptureInterface] { table.withLock { $0.interfaces } }

  #if canImport(Glibc) || canImport(Musl)
    private func index(of number: Int32, _ linkType: LinkType) -> Int {
      table.withLock { table in
        table.index(of: number) {
          var interface = CaptureInterface(
            linkType: linkType, name: Interfaces.name(of: number) ?? "interface \(number)")
          interface.filter = settings.toldFilter
          return interface
        }
      }
    }
  #endif
}

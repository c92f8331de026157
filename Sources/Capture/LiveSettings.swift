/// Which interfaces are captured, and how much may wait.
package struct LiveSettings: Sendable {
  /// Names, or `any` for all there are and that come.
  package var interfaces: [String]
  package var filter: CaptureFilter?
  /// Whether packets for others are captured as well.
  package var isPromiscuous = false
  /// Kernel memory for packets of one interface that were not fetched yet, in bytes. What finds no
  /// room in it is dropped and counted.
  package var ringBytes = 64 << 20
  /// Sockets an interface's packets are spread over, each with a thread.
  package var sockets: Int

  package init(interfaces: [String], sockets: Int) {
    self.interfaces = interfaces
    self.sockets = min(max(1, sockets), Self.mostSockets)
  }

  /// More sockets than this bring nothing: copying is fast.
  static let mostSockets = 16
  /// Bytes the kernel hands over at a time; a packet must fit.
  static let blockBytes: UInt32 = 1 << 20
  /// Longest time packets wait in a block that does not get full, in milliseconds.
  static let blockPatience: UInt32 = 100
  /// Fewest blocks of a socket: some fill while others are fetched.
  static let fewestBlocks = 4

  /// The filter as it is told beside the packets; nil for one that lets nothing pass, which is there to
  /// be changed before the first comes.
  var toldFilter: String? { filter == .nothing ? nil : filter?.text }

  /// Blocks of each of so many sockets.
  var blocks: UInt32 {
    UInt32(clamping: max(Self.fewestBlocks, ringBytes / Int(Self.blockBytes) / sockets))
  }
}

/// What an interface's capture has seen.
package struct InterfaceCounters: Hashable, Sendable {
  package var name: String
  /// Packets that were fetched.
  package var received: UInt64 = 0
  /// Packets that passed the filter and found no room in the ring.
  package var dropped: UInt64 = 0
  /// Packets that passed the kernel's filter, which could not hold all addresses, and are of others.
  package var others: UInt64 = 0
  package var state = State.up
  /// How often it went away or down.
  package var losses: UInt64 = 0

  package enum State: String, Hashable, Sendable {
    case up
    /// There, but nothing runs over it.
    case down
    /// There is none of that name any more.
    case gone
  }

  package init(name: String) { self.name = name }
}

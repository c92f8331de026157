package import Bytes

/// What a pipeline has seen so far, and what it turned away.
package struct Statistics: Hashable, Sendable {
  /// Names of the files or interfaces read.
  package var sources: [String] = []
  package var packets: UInt64 = 0
  /// Bytes on the wire.
  package var bytes: UInt64 = 0
  package var oldest: Timestamp?
  package var newest: Timestamp?
  /// Packets of which the capture holds only a part.
  package var cutPackets: UInt64 = 0
  /// Packets that an interface or its driver dropped, as far as the capture says.
  package var droppedPackets: UInt64 = 0
  /// Packets that repeat one just seen on another interface.
  package var duplicates: UInt64 = 0
  /// Bytes of streams that will never come: lost by the capture, or cut by its snap length.
  package var bytesLost: UInt64 = 0
  package var conversations: UInt64 = 0
  /// Packets that were not followed, by reason.
  package var notFollowed: [Named] = []
  /// What became of IP fragments that were not put together, by cause.
  package var fragmentTroubles: [Named] = []
  /// What reassembly had to give up, by limit.
  package var flowTroubles: [Named] = []
  /// What dissection met, by protocol and kind of trouble.
  package var dissectionTroubles: [Named] = []
  package var entries: UInt64 = 0
  /// Wrong checksums by kind, among the packets that were verified: a sample.
  package var wrongChecksums: [Named] = []
  /// Conversations whose protocol was not recognised.
  package var unrecognised: UInt64 = 0
  /// Entries that left the store by its limits of bytes and age, with how many blocks and bytes.
  package var entriesExpired: UInt64 = 0
  package var blocksExpired: UInt64 = 0
  package var bytesExpired: UInt64 = 0
  /// Entries that could not be stored.
  package var entriesLost: UInt64 = 0
  /// Indexes of other captures that left the cache to make room.
  package var indexesRemoved: UInt64 = 0
  /// What was wrong with the input, one sentence each.
  package var warnings: [String] = []
  /// Whether everything there was has been read.
  package var isComplete = false
  /// Whether the capture may still grow: what there was has been read, and more is waited for.
  package var isGrowing = false

  /// What live capture adds; nil for files.
  package var live: Live?

  /// Nodes that agents report from; empty where there are no agents.
  package var nodes: [Node] = []

  package init() {}

  /// A node with the state of its agent.
  package struct Node: Hashable, Sendable {
    package var name: String
    package var state: String

    package init(name: String, state: String) { (self.name, self.state) = (name, state) }
  }

  /// What became of the packets of live interfaces.
  ///
  /// Of the packets that passed the capture filter, `droppedPackets` found no room in the kernel's
  /// ring, and `captured` were fetched; of these `shed` and `whileOff` were not dissected.
  package struct Live: Hashable, Sendable {
    package var captured: UInt64 = 0
    /// Of addresses that nobody asked for, and left out here: the kernel's filter could not hold all.
    package var others: UInt64 = 0
    /// Not dissected because packets came faster than they could be.
    package var shed: UInt64 = 0
    /// Dissected without bodies because they came faster than those could be read.
    package var withoutBodies: UInt64 = 0
    /// Counted for their connections alone, for the same reason.
    package var withoutCalls: UInt64 = 0
    /// Not dissected because dissection was off.
    package var whileOff: UInt64 = 0
    /// Not kept as raw packets.
    package var notKept: UInt64 = 0
    /// Entries that agents had to drop before their Hub had them.
    package var entriesDropped: UInt64 = 0
    package var isDissecting = true
    /// Interfaces that are down or gone, one sentence each.
    package var away: [String] = []

    package init() {}
  }

  /// A count with its name.
  package struct Named: Hashable, Sendable {
    package var name: String
    package var count: UInt64

    package init(name: String, count: UInt64) { (self.name, self.count) = (name, count) }
  }
}

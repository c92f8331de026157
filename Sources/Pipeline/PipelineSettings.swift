package import Dissectors
package import Entries
package import Flows
package import Packets

/// How a pipeline works: names, limits, and on how many threads.
package struct PipelineSettings: Sendable {
  /// Who held which address; entries are named by it.
  package var names: NameTable
  /// Of each worker.
  package var flows = FlowLimits()
  /// Of each worker.
  package var dissection = DissectionLimits()
  package var switches = DissectorSwitches.standard
  /// Parts in which conversations are followed side by side: one for each processor.
  package var workers: Int
  /// Chunks that wait for every worker when the one who reads does not read on.
  package var waitingChunks = 4
  /// Chunks that may wait for one worker while others have fewer than that: those of the time in
  /// which it closes a block.
  package var mostWaitingChunks = 16
  package var reading = CaptureLimits()
  /// Bytes of packets after which a checkpoint is noted, where somebody wants them: about a second
  /// of work.
  package var checkpointBytes: UInt64 = 128 << 20
  /// Bytes of packets that a checkpoint waits for beyond that for each byte the one before took, so
  /// that noting costs little also where there are many flows.
  package var checkpointWorth: UInt64 = 64
  /// Open conversations of one worker that are shown while they go on; further ones are shown when
  /// they are over.
  package var openRecords = 50_000
  /// Key logs (`--tls-keylog`) and the secrets that are known through them and through captures.
  package var keyLogs = KeyLogs()
  /// Which calls are stored; nil for all of them. Records of connections and flows always are.
  package var keeps: (@Sendable (Entry) -> Bool)?
  /// Bytes of live packets that may wait for dissection; what comes beyond is shed.
  package var waitingBytes = 64 << 20
  /// Time between two settlements of live traffic: what is done by then becomes visible.
  package var settling = Duration.milliseconds(500)
  /// Of live traffic, what is known of addresses as it changes; goes before `names`.
  package var guide: Guide?
  /// The node that entries are said to come from; nil leaves it open.
  package var node: String?

  /// Memory of unfinished messages that a worker has at least: a few very long heads.
  private static let leastMessages = 32 << 20

  /// Names of the protocols whose calls are read.
  package var protocols: [String] {
    DissectorCatalogue.all.filter { row in row.kinds.contains { switches[$0] } }.map(\.name)
      .sorted()
  }

  package init(names: NameTable = NameTable(), workers: Int) {
    self.names = names
    self.workers = max(1, workers)
    // What takes most memory is bounded for all workers together, however many there are.
    flows.conversations /= self.workers
    dissection.messagesInAll = max(Self.leastMessages, dissection.messagesInAll / self.workers)
  }
}

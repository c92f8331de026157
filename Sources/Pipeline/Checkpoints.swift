import Dissectors
import Store

/// Notes how far reading has got, now and then.
struct Checkpoints {
  private let note: ((Checkpoint) -> Void)?
  /// What all checkpoints of this run have in common.
  private let start: Checkpoint
  private let settings: PipelineSettings
  /// Bytes of packets at which the next is due.
  private var due: UInt64

  /// Notes `start` when nothing was read before it.
  init(from start: Checkpoint, _ settings: PipelineSettings, note: ((Checkpoint) -> Void)?) {
    (self.note, self.start, self.settings) = (note, start, settings)
    due = start.read.bytes + settings.checkpointBytes
    if start.packets == 0 { note?(start) }
  }

  /// Packets were handed out.
  ///
  /// - Parameters:
  ///   - seen: what the reader has counted up to here.
  ///   - followed: what was counted by the workers before `crew`.
  mutating func arrived(
    _ seen: Statistics, _ followed: Statistics, _ crew: Crew, _ store: EntryStore
  ) {
    guard let note, seen.bytes >= due else { return }
    due = seen.bytes + settings.checkpointBytes
    crew.wait()
    let open = crew.openStreams
    // Everything before a checkpoint is in the store.
    guard open.count <= Checkpoint.maxOpen, crew.failure == nil, (try? store.flush()) != nil
    else { return }
    var place = start
    (place.packets, place.sequence) = (seen.packets, store.snapshot().sequence)
    (place.open, place.flows) = (open, crew.flows)
    place.topics = crew.topics
    (place.read, place.followed) = (seen, followed)
    place.followed.add(crew.counted)
    note(place)
    due += place.cost * settings.checkpointWorth
  }
}

extension Checkpoint {
  /// About how many bytes it takes.
  var cost: UInt64 {
    UInt64(open.count) * 8 + UInt64(flows.count) * 150 + UInt64(topics.count) * 60
  }
}

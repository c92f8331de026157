/// A block that is about to be written.
struct StoredPart: Sendable {
  var block: EncodedBlock
  /// The blocks that were merged to it, and are known by their ids from then on; empty for one that
  /// is as it came.
  var members: [EncodedBlock] = []

  init(_ block: EncodedBlock, members: [EncodedBlock] = []) {
    (self.block, self.members) = (block, members)
  }
}

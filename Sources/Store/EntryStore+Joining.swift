import Synchronization

// Many agents send small blocks. Those that come together are merged before they are written: to
// write, read, merge and remove each of them costs several times as much.
extension EntryStore {
  private func isJoined(_ block: EncodedBlock) -> Bool {
    limits.isJoined(rows: block.header.rows, bytes: block.bytes.count)
  }

  /// Small blocks merged to larger ones, neighbours in time with each other; the others as they are.
  func joined(_ blocks: [EncodedBlock]) -> [StoredPart] {
    var parts: [StoredPart] = []
    for family in BlockFamily.allCases {
      let own = blocks.filter { $0.header.family == family }
      let small = own.filter(isJoined)
      parts += own.filter { !isJoined($0) }.map { StoredPart($0) }
      for group in groups(of: small.sorted { $0.header.first < $1.header.first }) {
        parts += joined(group: group)
      }
    }
    return parts
  }

  /// As many of them together as one block may hold.
  private func groups(of blocks: [EncodedBlock]) -> [[EncodedBlock]] {
    var groups: [[EncodedBlock]] = []
    var (rows, bytes) = (0, 0)
    for block in blocks {
      let (moreRows, moreBytes) = (rows + block.header.rows, bytes + block.bytes.count)
      if let last = groups.indices.last, moreRows <= limits.rowLimit,
        moreBytes <= limits.blockContentBytes
      {
        groups[last].append(block)
        (rows, bytes) = (moreRows, moreBytes)
      } else {
        groups.append([block])
        (rows, bytes) = (block.header.rows, block.bytes.count)
      }
    }
    return groups
  }

  /// One block of all; those that cannot be merged, because of what they hold, stay as they are.
  private func joined(group: [EncodedBlock]) -> [StoredPart] {
    var members = group
    var parts: [StoredPart] = []
    while members.count > 1 {
      let blocks = members.map { member in
        Block(
          summary: BlockSummary(sequence: 0, header: member.header), source: .memory(member),
          damage: DamageLog())
      }
      do throws(MergeFailure) {
        let merged = try BlockMerge.merged(blocks).block
        // Where the same rows came in another way before, they come as they are.
        if shelf.withLock({ $0.ids[merged.id] }) != nil { break }
        return parts + [StoredPart(merged, members: members)]
      } catch {
        parts.append(StoredPart(members.remove(at: error.source)))
      }
    }
    return parts + members.map { StoredPart($0) }
  }
}

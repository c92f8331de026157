import Packets

struct CaptureMerger: Sendable {
  private var readers: [CaptureReader]
  private var current = 0
  private var base: UInt64 = 0
  private var last: UInt64 = 0
  init(paths: [String]) throws(CaptureError) {
    readers = []
    for path in paths { readers.append(try CaptureReader(path: path)) }
  }
  var summaries: [CaptureSummary] { readers.map(\.summary) }
  mutating func next() throws(CaptureError) -> PacketChunk? {
    while current < readers.count {
      if var chunk = try readers[current].next() {
        if base > 0 { for i in chunk.packets.indices { chunk.packets[i].number += base } }
        last = chunk.packets.last?.number ?? last
        return chunk
      }
      current += 1
      base = last
    }
    return nil
  }
}

import Bytes
import Packets

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Capture files: whatever the bytes are, the same packets whichever way they are cut, and a
/// prefix of them for a prefix of the file.
enum CaptureTarget {
  static let plain = FuzzTarget(
    "capture", "a pcap or pcapng file", maxLength: 16 << 10, run: check)
  static let compressed = FuzzTarget(
    "compressed", "a pcap or pcapng file in gzip or zstd", maxLength: 16 << 10, run: check)

  /// Small, so that inputs of a few kilobytes reach them.
  private static let limits: CaptureLimits = {
    var limits = CaptureLimits()
    limits.record = 64 << 10
    limits.interfaces = 4
    limits.names = 4
    limits.secretBytes = 256
    limits.textBytes = 32
    limits.comments = 4
    limits.commentBytes = 64
    limits.warnings = 4
    limits.blockKinds = 4
    return limits
  }()

  /// Packets looked at: a small compressed file may hold millions.
  private static let packetLimit = 20_000

  private static func check(_ bytes: [UInt8]) throws(BrokenLaw) {
    guard !bytes.isEmpty else { return }
    var derived = Derived(bytes)
    let whole = try read(bytes, chunk: 1 << 20)
    let pieces = try read(bytes, chunk: 64 + derived.below(1_000))
    if whole.isWhole, pieces.isWhole {
      // What a file that is no capture looks like may depend on how much of it is there.
      try hold(
        whole.problem.isEmpty == pieces.problem.isEmpty,
        "\"\(whole.problem)\" at once, \"\(pieces.problem)\" in small chunks")
      try hold(whole.lines == pieces.lines, "other packets when read in small chunks")
    }
    guard whole.isWhole, whole.summary?.compression == nil else { return }
    let count = derived.below(bytes.count)
    let short = try read(Array(bytes[..<count]), chunk: 1 << 20)
    // What lies in a record that is cut may look like records: its length could be wrong.
    guard let summary = short.summary, let all = whole.summary, summary.furtherWarnings == 0,
      !summary.warnings.contains(where: { $0.text.contains("reaches beyond the end") })
    else { return }
    // Behind damage, fewer records are enough to go on with when they end with the file.
    let resumed = summary.warnings.filter { $0.text.contains("goes on here") }
    guard resumed.allSatisfy(all.warnings.contains) else { return }
    // Which kind of record headers a file has is known by its first records, and seen by where the
    // first packet lies.
    guard short.start == whole.start else { return }
    let isBeginning = whole.lines.starts(with: short.lines)
    try hold(isBeginning, "the first \(count) bytes have packets that the file does not have")
  }

  private struct Line: Equatable {
    var packet: Packet
    var bytes: [UInt8]
  }

  private struct Reading {
    var lines: [Line] = []
    var isWhole = true
    /// Where the first packet lies in its chunk: in the file, when that is in one chunk.
    var start: Int?
    var summary: CaptureSummary?
    /// Why it could not be read; empty when it could.
    var problem = ""
  }

  private static func read(_ bytes: [UInt8], chunk: Int) throws(BrokenLaw) -> Reading {
    guard let file = tmpfile() else { throw BrokenLaw("no temporary file could be made") }
    defer { fclose(file) }
    fwrite(bytes, 1, bytes.count, file)
    fflush(file)
    lseek(fileno(file), 0, SEEK_SET)
    var limits = limits
    limits.chunk = chunk
    var reading = Reading()
    do {
      var reader = try CaptureReader(descriptor: fileno(file), name: "input", limits: limits)
      while let chunk = try reader.next() {
        try add(chunk, to: &reading)
        if reading.lines.count > packetLimit {
          reading.isWhole = false
          break
        }
      }
      reading.summary = reader.summary
      if reading.isWhole { try verify(reader.summary, reading.lines.count) }
    } catch let broken as BrokenLaw {
      throw broken
    } catch {
      reading.problem = "\(error)"
    }
    return reading
  }

  private static func add(_ chunk: PacketChunk, to reading: inout Reading) throws(BrokenLaw) {
    for packet in chunk.packets {
      let room = 0..<chunk.store.count
      try hold(packet.range.clamped(to: room) == packet.range, "packet \(packet) outside its chunk")
      try hold(packet.range.count <= limits.record, "packet \(packet) beyond the limit")
      try hold(packet.originalLength >= packet.range.count, "packet \(packet) longer than it was")
      if reading.lines.isEmpty { reading.start = packet.range.lowerBound }
      try hold(packet.number == UInt64(reading.lines.count + 1), "packet \(packet) out of count")
      var plain = packet
      plain.range = 0..<packet.range.count
      reading.lines.append(
        Line(packet: plain, bytes: chunk.store.bytes.slice(packet.range).array()))
    }
  }

  private static func verify(_ summary: CaptureSummary, _ packets: Int) throws(BrokenLaw) {
    try hold(summary.packets == UInt64(packets), "\(summary.packets) packets counted of \(packets)")
    try hold(summary.interfaces.count <= limits.interfaces, "too many interfaces are kept")
    try hold(summary.names.count <= limits.names, "too many names are kept")
    try hold(summary.comments.count <= limits.comments, "too many comments are kept")
    try hold(summary.warnings.count <= limits.warnings, "too many warnings are kept")
    try hold(summary.skippedBlocks.count <= limits.blockKinds + 1, "too many kinds are kept")
    let secrets = summary.secrets.reduce(0) { $0 + $1.bytes.count }
    try hold(secrets <= limits.secretBytes, "\(secrets) bytes of secrets are kept")
    for comment in summary.comments {
      try hold(comment.text.utf8.count <= 3 * limits.commentBytes, "a comment is too long")
    }
  }
}

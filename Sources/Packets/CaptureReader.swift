package import Bytes

/// Reads the packets of a capture, chunk by chunk, in constant memory.
///
/// The capture is a pcap or pcapng file, told by content, alone or compressed with gzip or zstd;
/// a file, a pipe or standard input. Damage is no error: what can be read before it is delivered,
/// and where it is safe also what comes after; `summary.warnings` says where.
///
/// A value of which only one copy may be used: copies share the position in the file.
package struct CaptureReader: Sendable {
  private enum Format: Sendable {
    case unknown
    case pcap(PcapRecords)
    case pcapng(PcapngBlocks)

    mutating func scan(
      _ bytes: RawSpan, at place: UInt64, isOver: Bool, into packets: inout [Packet],
      _ summary: inout CaptureSummary
    ) -> Scan {
      switch self {
      case .pcap(var records):
        // What is changed must have no second owner, or its arrays are copied.
        self = .unknown
        defer { self = .pcap(records) }
        return records.scan(bytes, at: place, isOver: isOver, into: &packets, &summary)
      case .pcapng(var blocks):
        self = .unknown
        defer { self = .pcapng(blocks) }
        return blocks.scan(bytes, at: place, isOver: isOver, into: &packets, &summary)
      case .unknown:
        preconditionFailure("bytes are scanned before their format is known")
      }
    }
  }

  /// What the capture says beside its packets, as far as it was read.
  package private(set) var summary = CaptureSummary()
  /// The capture as the user named it.
  package var path: String { source.name }
  /// Bytes of the file that were read so far, as they lie in it.
  package var bytesRead: UInt64 { source.bytesRead }

  private let limits: CaptureLimits
  private let pool: BytePool
  private var source: ByteSource
  private var format = Format.unknown
  /// The bytes at hand.
  private var store: ByteStore
  /// The first of them that is not done with.
  private var start = 0
  /// Some of them were not looked at yet.
  private var isFresh = false
  /// Where `start` is, in bytes from the start of the capture: all before was read or given up.
  package private(set) var place: UInt64 = 0
  /// Bytes from there on before there is anything to find.
  private var needs = 4
  /// No byte will follow those at hand.
  private var isOver = false
  /// Packets of the latest chunk: about as many as the next will have.
  private var expected = 64

  /// Opens the capture at `path`; `-` is standard input.
  ///
  /// A regular file is recognised at once, so that a wrong one is an error here. Pipes and growing
  /// files are recognised when their first chunk is asked for.
  /// - Parameters:
  ///   - follow: with it, the end of a file is not the end: more is waited for.
  ///   - pool: lends the memory of chunks; without one the capture has its own.
  package init(
    path: String, limits: CaptureLimits = CaptureLimits(), follow: CaptureFollow? = nil,
    pool: BytePool? = nil
  ) throws(CaptureError) {
    try self.init(FileSource(path: path, follow: follow), limits, pool)
  }

  /// Reads the open file `descriptor`, which stays the caller's to close.
  package init(
    descriptor: Int32, name: String, limits: CaptureLimits = CaptureLimits(),
    follow: CaptureFollow? = nil
  ) throws(CaptureError) {
    try self.init(
      FileSource(descriptor: descriptor, owned: false, name: name, follow: follow), limits, nil)
  }

  private init(
    _ file: FileSource, _ limits: CaptureLimits, _ pool: BytePool?
  ) throws(CaptureError) {
    self.limits = limits
    self.pool = pool ?? BytePool(blockSize: limits.chunk, keeping: limits.spareChunks)
    source = ByteSource(file)
    store = ByteStore([])
    while !source.isLive, summary.format == nil {
      try refill()
      try recognise()
    }
  }

  /// The next packets, or nil at the end. Waits for them when the capture still grows.
  package mutating func next() throws(CaptureError) -> PacketChunk? {
    while true {
      if !isFresh {
        if isOver { return nil }
        try refill()
      }
      if summary.format == nil {
        try recognise()
        if summary.format == nil { continue }
      }
      isFresh = false
      let packets = scan()
      if isOver { noteEnd() }
      if !packets.isEmpty {
        expected = packets.count
        return PacketChunk(store: store, packets: packets)
      }
    }
  }

  /// Puts what is left and what comes next into a store of its own.
  private mutating func refill() throws(CaptureError) {
    if place == 0, start == 0, store.count == 0, summary.compression == nil {
      summary.compression = try source.recogniseCompression()
    }
    let left = store.count - start
    let needed = max(needs, left + 1)
    let next = try ByteStore(capacity: max(limits.chunk, needed), from: pool) {
      (target: UnsafeMutableRawBufferPointer) throws(CaptureError) -> Int in
      store.bytes.slice(start..<store.count).withUnsafeBytes { target.copyMemory(from: $0) }
      let (end, isOver) = try source.fill(target, from: left, needed: needed)
      self.isOver = isOver
      return end
    }
    store = next
    start = 0
    isFresh = true
  }

  /// Tells the format from the first bytes, if there are enough.
  private mutating func recognise() throws(CaptureError) {
    switch Recognition(store.bytes.prefix(Recognition.headLength), isComplete: isOver) {
    case .pcap(let header):
      format = .pcap(PcapRecords(header, limits: limits, isLive: source.isLive))
      summary.format = .pcap
    case .pcapng:
      format = .pcapng(PcapngBlocks(limits: limits))
      summary.format = .pcapng
    case .needs(let count):
      needs = count
      isFresh = false
    case .unsupported(let problem, let advice):
      throw CaptureError(.unsupported, "read", path, problem: problem, advice: advice)
    case .foreign(let problem, let advice):
      if source.isCancelled {
        isFresh = false
        return
      }
      if let damage = source.damage {
        throw CaptureError(
          .unreadable, "decompress", path, problem: damage,
          advice: "The file may be damaged; copy or capture it again")
      }
      guard store.count > 0 else {
        throw CaptureError(
          .empty, "read", path, problem: "there is not one byte in it",
          advice: "Check that the program that should have written it ran and could write")
      }
      throw CaptureError(.foreign, "read", path, problem: problem, advice: advice)
    }
  }

  /// Finds the packets in the bytes at hand.
  private mutating func scan() -> [Packet] {
    var packets: [Packet] = []
    packets.reserveCapacity(expected + expected / 8)
    let store = store
    let scan = format.scan(store.bytes, at: place, isOver: isOver, into: &packets, &summary)
    start = scan.consumed
    place += UInt64(scan.consumed)
    needs = scan.needs
    return packets
  }

  /// Tells how the capture ended when it did not end well.
  private mutating func noteEnd() {
    let left = store.count - start
    if let damage = source.damage {
      summary.warn(
        .compression, at: place + UInt64(left),
        "The capture ends early: \(damage)", limits: limits)
    } else if left > 0, !source.isCancelled {
      summary.warn(
        .truncated, at: place,
        "The capture ends in the middle of a record, of which \(left) bytes are there",
        limits: limits)
    }
  }
}

import Bytes

/// The bytes of a capture: those of its file, decompressed when they are compressed.
struct ByteSource: Sendable {
  private enum Coding: Sendable {
    case plain
    case gzip(Gunzip)
    case zstd(Unzstd)
  }

  private var file: FileSource
  private var coding = Coding.plain
  /// Damage that ended the decompression early, as a sentence; what came before it was given.
  private(set) var damage: String?
  private var isOver = false

  init(_ file: FileSource) { self.file = file }

  var name: String { file.name }
  var bytesRead: UInt64 { file.position }
  var isLive: Bool { file.isLive }
  var isCancelled: Bool { file.isCancelled }

  /// Looks at the first four bytes and gives the compression they show.
  mutating func recogniseCompression() throws(CaptureError) -> CaptureSummary.Compression? {
    var head = [UInt8](repeating: 0, count: 4)
    var count = 0
    while count < head.count {
      switch try file.read(into: &head, from: count) {
      case .bytes(let more): count += more
      case .later: continue
      case .end:
        file.unread(Array(head[..<count]))
        return nil
      }
    }
    file.unread(head)
    if head.starts(with: [0x1f, 0x8b, 0x08]) {
      coding = .gzip(try Gunzip(name))
      return .gzip
    }
    if beginsZstandardFrame(head.rawSpan) {
      coding = .zstd(try Unzstd(name))
      return .zstd
    }
    return nil
  }

  /// Fills `target` from `start`: at least up to `needed` unless the capture ends before, and
  /// further as long as that takes no waiting. Gives where the bytes end, and whether no more
  /// will come.
  mutating func fill(
    _ target: UnsafeMutableRawBufferPointer, from start: Int, needed: Int
  ) throws(CaptureError) -> (end: Int, isOver: Bool) {
    var end = start
    while end < target.count, !isOver {
      let rest = UnsafeMutableRawBufferPointer(rebasing: target[end...])
      switch try read(into: rest, wait: end < needed) {
      case .bytes(let count): end += count
      case .later: return (end, false)
      case .end: isOver = true
      }
    }
    return (end, isOver)
  }

  private mutating func read(into target: UnsafeMutableRawBufferPointer, wait: Bool)
    throws(CaptureError) -> FileSource.Result
  {
    switch coding {
    case .plain: return try file.read(into: target, wait: wait)
    case .gzip(let gunzip): return try decompressed(gunzip, into: target, wait: wait)
    case .zstd(let unzstd): return try decompressed(unzstd, into: target, wait: wait)
    }
  }

  /// Output of a decompressor, which is fed from the file as it asks for it.
  private mutating func decompressed(
    _ decompressor: some Decompressor, into target: UnsafeMutableRawBufferPointer, wait: Bool
  ) throws(CaptureError) -> FileSource.Result {
    while true {
      switch decompressor.output(into: target) {
      case .bytes(let count): return .bytes(count)
      case .damaged(let text):
        damage = text
        return .end
      case .needsInput(let isBetweenFrames):
        switch try feed(decompressor, wait: wait) {
        case .bytes: continue
        case .later: return .later
        case .end:
          if !isBetweenFrames, !isCancelled { damage = "the compressed data ends too early" }
          return .end
        }
      }
    }
  }

  private mutating func feed(_ decompressor: some Decompressor, wait: Bool) throws(CaptureError)
    -> FileSource.Result
  {
    var input = [UInt8](repeating: 0, count: 128 << 10)
    let result = try file.read(into: &input, from: 0, wait: wait)
    if case .bytes(let count) = result { decompressor.supply(input, count) }
    return result
  }
}

/// Undoes a compression, piece by piece, within fixed memory.
protocol Decompressor: AnyObject, Sendable {
  /// Takes the next compressed bytes; all earlier ones were used.
  func supply(_ input: [UInt8], _ count: Int)
  /// Writes decompressed bytes into `target`, which is not empty.
  func output(into target: UnsafeMutableRawBufferPointer) -> DecompressorOutput
}

/// What a decompressor could do with what it has.
enum DecompressorOutput {
  case bytes(Int)
  /// - Parameter isBetweenFrames: whether the data may well end here.
  case needsInput(isBetweenFrames: Bool)
  /// Nothing after this can be decompressed; the text says why.
  case damaged(String)
}

extension FileSource {
  /// As `read(into:wait:)`, into an array from `start`.
  mutating func read(into array: inout [UInt8], from start: Int, wait: Bool = true)
    throws(CaptureError) -> Result
  {
    // A typed error does not pass through the closure of the standard library.
    var outcome: Swift.Result<Result, CaptureError> = .success(.end)
    array.withUnsafeMutableBytes { bytes in
      let target = UnsafeMutableRawBufferPointer(rebasing: bytes[start...])
      do throws(CaptureError) {
        outcome = .success(try read(into: target, wait: wait))
      } catch {
        outcome = .failure(error)
      }
    }
    return try outcome.get()
  }
}

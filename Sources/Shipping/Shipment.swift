import Bytes
package import JSON
package import Store

/// What an agent sends its Hub at a time: a report of itself, then blocks of entries.
///
///     0        length of the report, 4 bytes, little-endian
///     4        the report: a JSON object
///              then for each block its length, 4 bytes, and its bytes; the highest bit of the length
///              is set in blocks of what is still open
///
/// Blocks are compressed already. The Hub answers when all of them are in its store, so that the
/// agent may forget them; a block that comes again changes nothing.
package struct Shipment: Sendable {
  package static let contentType = "application/vnd.kubeshark.shipment"
  /// Longest shipment, in bytes: one block may be that large by itself.
  package static let maxBytes = 64 << 20
  /// Longest report, in bytes.
  package static let maxReport = 1 << 20
  /// Blocks of a shipment.
  package static let maxBlocks = 4_096
  /// Sections of all its blocks: what is known of one takes many times the bytes of an empty one.
  package static let maxSections = 1 << 20

  /// The bit of a block's length that tells blocks of what is still open. Whoever does not know it
  /// takes the block for one that is too long, and refuses the shipment.
  private static let openBit: UInt32 = 1 << 31

  package var report: JSONObject
  package var blocks: [EncodedBlock]
  /// Blocks of what is still open on the agent, of those that its report names: as far as the Hub
  /// does not have them.
  package var open: [EncodedBlock] = []
  /// Blocks that cannot be read: place in the shipment, and why.
  package var refused: [(index: Int, error: StoreError)]

  /// What is wrong with the bytes of a shipment, as a sentence without its full stop.
  package struct Malformed: Error, Hashable, Sendable {
    package var problem: String
  }

  /// The bytes of a shipment.
  package static func encoded(
    report: JSONObject, blocks: [[UInt8]], open: [[UInt8]] = []
  ) -> [UInt8] {
    var writer = JSONWriter(reserving: 2_048)
    writer.write(report)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(
      4 + writer.bytes.count + (blocks + open).reduce(0) { $0 + $1.count + 4 })
    bytes.append(little: UInt32(writer.bytes.count))
    bytes += writer.bytes
    for block in blocks {
      bytes.append(little: UInt32(block.count))
      bytes += block
    }
    for block in open {
      bytes.append(little: UInt32(block.count) | openBit)
      bytes += block
    }
    return bytes
  }

  /// Reads a shipment and checks every checksum of its blocks.
  ///
  /// - Throws: `Malformed` when its frames do not fit. A block that is damaged by itself is refused
  ///   by itself.
  package init(
    parsing bytes: [UInt8], maxSections: Int = Self.maxSections
  ) throws(Malformed) {
    let span = bytes.rawSpan
    var at = 0
    func frame(
      _ what: String, limit: Int, without flag: UInt32 = 0
    ) throws(Malformed) -> Range<Int> {
      guard bytes.count - at >= 4 else { throw Malformed(problem: "\(what) has no length") }
      let length = Int(span.little32(at) & ~flag)
      guard length <= limit else {
        throw Malformed(problem: "\(what) has \(length) bytes; at most \(limit) are taken")
      }
      guard length <= bytes.count - at - 4 else { throw Malformed(problem: "\(what) is cut off") }
      defer { at += 4 + length }
      return at + 4..<at + 4 + length
    }
    let head = try frame("the report", limit: Self.maxReport)
    guard let object = (try? JSONReader.value(of: Array(bytes[head])))?.object else {
      throw Malformed(problem: "the report is no JSON object")
    }
    report = object
    (blocks, refused) = ([], [])
    var (index, sections) = (0, 0)
    while at < bytes.count {
      guard index < Self.maxBlocks else {
        throw Malformed(problem: "there are more than \(Self.maxBlocks) blocks")
      }
      let isOpen = bytes.count - at >= 4 && span.little32(at) & Self.openBit != 0
      let range = try frame(
        "block \(index + 1)", limit: Self.maxBytes, without: isOpen ? Self.openBit : 0)
      do throws(StoreError) {
        let block = try EncodedBlock(parsing: Array(bytes[range]))
        sections += block.sectionCount
        if isOpen { open.append(block) } else { blocks.append(block) }
      } catch {
        // Of what is open only the next report says what is missing.
        if !isOpen { refused.append((index, error)) }
      }
      guard sections <= maxSections else {
        throw Malformed(problem: "its blocks have more than \(maxSections) sections")
      }
      index += 1
    }
  }
}

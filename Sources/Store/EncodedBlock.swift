import Bytes

/// A whole block as bytes: what is stored, sent to another store and inserted there unchanged.
package struct EncodedBlock: Sendable {
  package let header: BlockHeader
  package let bytes: [UInt8]

  /// Checks every checksum of a block that came from elsewhere.
  ///
  /// - Throws: `.damaged` or `.unknownVersion`.
  package init(parsing bytes: [UInt8]) throws(StoreError) {
    let doing = "reading a block of \(bytes.count) bytes"
    do throws(WireError) {
      let header = try BlockHeader(parsing: bytes)
      guard header.byteCount == bytes.count else { throw WireError(.truncated, at: bytes.count) }
      let span = bytes.rawSpan
      for section in header.sections {
        guard let range = section.range else { continue }
        guard crc32c(span.slice(range)) == section.checksum else {
          throw WireError(.invalid, at: range.lowerBound)
        }
      }
      self.header = header
      self.bytes = bytes
    } catch {
      throw StoreError(error, doing)
    }
  }

  /// A block just made.
  init(header: BlockHeader, bytes: [UInt8]) { (self.header, self.bytes) = (header, bytes) }

  package var id: BlockID { header.id }
  package var sectionCount: Int { header.sections.count }
}

extension StoreError {
  /// What a reader of stored bytes ran into.
  init(_ error: WireError, _ doing: String) {
    self.init(
      error.kind == .unsupported ? .unknownVersion : error.kind == .tooLarge ? .tooLarge : .damaged,
      doing, underlying: "\(error.kind) at byte \(error.offset)")
  }
}

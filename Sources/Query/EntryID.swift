import Entries

/// Names an entry: `<node>/<stream>/<index>`, as the tools show it.
package struct EntryID: Hashable, Sendable, CustomStringConvertible {
  /// Node part of entries whose capture names no node.
  package static let defaultNode = Catalogue.localNode

  /// Nil matches any node.
  package var node: String?
  /// Number of the stream; on the wire of the tools a decimal number.
  package var stream: UInt64
  package var index: UInt32

  package init(node: String?, stream: UInt64, index: UInt32) {
    (self.node, self.stream, self.index) = (node, stream, index)
  }

  /// Reads `<node>/<stream>/<index>`, `/<stream>/<index>`, `<stream>/<index>` and the number that
  /// `id` is in filters; nil for anything else.
  package init?(_ text: some StringProtocol) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    if parts.count == 1, let number = UInt64(text), number <= UInt64(Int64.max) {
      self.init(node: nil, stream: number >> 24, index: UInt32(number & 0xff_ffff))
      return
    }
    guard parts.count >= 2, let index = UInt32(parts[parts.count - 1]),
      let stream = UInt64(parts[parts.count - 2])
    else { return nil }
    let node = parts.dropLast(2).joined(separator: "/")
    self.init(node: node.isEmpty ? nil : node, stream: stream, index: index)
  }

  package var description: String { "\(node ?? Self.defaultNode)/\(stream)/\(index)" }
}

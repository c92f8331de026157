import Bytes
package import Entries

extension Block {
  /// Header fields of one row, of its request and of its reply; nil for what it does not have.
  ///
  /// Decompresses the chunk they lie in; bodies are not touched. A row beyond the last has none.
  package func headerFields(
    row: Int
  ) throws(StoreError) -> (request: HeaderBlock?, response: HeaderBlock?) {
    var reader = ContentReader(block: self)
    return try reader.headerFields(row: row)
  }

  /// Header fields and bodies of one row; nil for what it does not have.
  package func content(
    row: Int
  ) throws(StoreError) -> (request: Content?, response: Content?) {
    var reader = ContentReader(block: self)
    return try reader.content(row: row)
  }
}

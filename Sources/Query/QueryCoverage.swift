package import Bytes
package import Store

/// What an answer rests on.
package struct QueryCoverage: Sendable {
  /// Entries there are, of the families asked, whatever their time.
  package var entries = 0
  /// Times of the oldest and the newest of them; nil when there are none.
  package var range: ClosedRange<Timestamp>?
  /// Entries whose columns were looked at; the others were decided by summaries of their blocks,
  /// or not needed.
  package var examined = 0
  /// Parts of the store that could not be read, and so are missing from the answer.
  package var damage: [BlockDamage] = []
}

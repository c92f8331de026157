/// Which of a Hub's tools its lists show. All of them answer, whether they are listed or not: a list
/// costs its reader room, a tool that nobody calls costs nothing.
package enum ToolSet: String, Hashable, Sendable, CaseIterable {
  /// Those that most questions need, within 20 KB of definitions.
  case core
  /// Every tool there is.
  case all

  /// Whether lists of this set show what belongs to `other`.
  package func lists(_ other: ToolSet) -> Bool { self == .all || other == .core }
}

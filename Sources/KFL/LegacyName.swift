/// A field name of the older spelling, and what it means.
package struct LegacyName: Sendable {
  /// As it is written; `[]` stands for any index.
  package var name: String
  /// The same in KFL2.
  package var meaning: String

  /// All of them, in the order of the reference.
  package static let all: [LegacyName] = Alias.rows.map { row in
    LegacyName(name: row.path, meaning: meaning(of: row.target))
  }

  private static func meaning(of target: Alias.Target) -> String {
    switch target {
    case .variable(let name), .rewritten(let name, _), .guarded(let name, _): name
    case .expression(let text): text
    case .map(let name): name + "[\"…\"]"
    case .entry(let map, let key): map + "[\"\(key)\"]"
    case .element(let list): list + "[…]"
    case .choice(let choose): meaning(of: choose(nil) { _ in false })
    }
  }
}

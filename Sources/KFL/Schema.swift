/// One name a filter may use: a row of the catalogue, seen as data.
package struct Variable: Sendable {
  /// Dotted, such as `src.pod.name`.
  package var name: String
  package var type: KFLType
  /// One line.
  package var doc: String
  /// `bytes`, `µs`, or nil.
  package var unit: String?
  /// A condition that uses it.
  package var example: String?
  /// Whether look-ups ignore case; the names in the map are lower-case.
  package var isHeaderMap: Bool
  /// What an entry without it reads as, when that is not the default of the type.
  package var defaultValue: Value?
  /// Whether it says that the entry is of a protocol or kind (`http`, `dns`, `conn`).
  package var isFlag: Bool
  /// The flag it belongs to, such as `http` for `status_code`; nil for what every entry has.
  /// Left out, the part of the name before the first `_` counts when it is a flag.
  package var scope: String?
  /// Texts worth offering beside it, or in it when it is a list.
  package var values: [String]

  package init(
    _ name: String, _ type: KFLType, doc: String = "", unit: String? = nil,
    example: String? = nil, isHeaderMap: Bool = false, defaultValue: Value? = nil,
    isFlag: Bool = false, scope: String? = nil, values: [String] = []
  ) {
    self.name = name
    self.type = type
    self.doc = doc
    self.unit = unit
    self.example = example
    self.isHeaderMap = isHeaderMap
    self.defaultValue = defaultValue
    self.isFlag = isFlag
    self.scope = scope
    self.values = values
  }

  /// What an entry without it reads as.
  package var missing: Value { defaultValue ?? type.defaultValue }
}

/// The variables and macros a filter is checked against. Make it once and keep it.
package struct Schema: Sendable {
  /// A variable's slot is its index here.
  package let variables: [Variable]
  /// Names that stand for expressions, such as `https`.
  package let macros: [String: String]
  /// Paths under `raw` that some dissector writes, such as `request.exchange`; empty = unknown.
  package let rawPaths: Set<String>

  private let slots: [String: Int]
  /// First parts of all dotted names: what a name chain can begin with.
  let roots: Set<String>
  /// Parts of the longest name.
  let longestName: Int
  /// The flag each variable belongs to, by slot.
  package let scopes: [String?]

  /// The macros of an installation that configures none.
  package static let defaultMacros = ["https": "tls and (http or http2)"]

  package init(
    _ variables: [Variable], macros: [String: String] = Schema.defaultMacros,
    rawPaths: Set<String> = []
  ) {
    self.variables = variables
    self.macros = macros
    self.rawPaths = rawPaths
    slots = Dictionary(
      variables.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
    let parts = variables.map { $0.name.split(separator: ".") }
    roots = Set(parts.compactMap { $0.first.map(String.init) })
    longestName = parts.map(\.count).max() ?? 0
    let flags = Set(variables.lazy.filter(\.isFlag).map(\.name))
    scopes = variables.map { variable in
      if variable.isFlag { return nil }
      let prefix = variable.name.prefix { $0 != "_" }
      return variable.scope ?? (flags.contains(String(prefix)) ? String(prefix) : nil)
    }
  }

  /// The slot of the variable of that exact name.
  package func slot(_ name: String) -> Int? { slots[name] }
  /// The row of that exact name.
  package func variable(_ name: String) -> Variable? { slots[name].map { variables[$0] } }
}

/// Every field an entry can have: one row each, from which variables, columns, completions and
/// reference pages are made.
package enum Catalogue {
  /// All rows, in the order of the reference: general ones first, then protocol by protocol, then
  /// the columns that only serve derived fields.
  package static let all: [Field] =
    network + identity + kubernetes + flags + http + grpc + graphQL + serverSentEvents
    + modelContext + languageModels + dnsFields + tlsFields + transport + websocket + redis + kafka
    + amqp + ldap + radius + diameter + mqtt + mongodb + mysql + postgresql
    + connections + flows + rawRecord + internals

  /// Rows that have a KFL name.
  package static let named: [Field] = all.filter { $0.name != nil }

  /// The row of `id`. Constant time.
  package static subscript(id: FieldID) -> Field { all[places[Int(id.rawValue)]] }

  /// The row of that KFL name; nil when there is none.
  package static func named(_ name: String) -> Field? { placesByName[name].map { all[$0] } }

  /// Place in `all` by raw value of the identifier.
  private static let places: [Int] = {
    let largest = FieldID.allCases.map(\.rawValue).max() ?? 0
    var places = [Int](repeating: 0, count: Int(largest) + 1)
    for (place, field) in all.enumerated() { places[Int(field.id.rawValue)] = place }
    return places
  }()

  private static let placesByName = Dictionary(
    all.enumerated().compactMap { place, field in field.name.map { ($0, place) } },
    uniquingKeysWith: { first, _ in first })
}

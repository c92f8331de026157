import Bytes

// Functions on maps and addresses.

extension Function {
  static let mapGet = Function(
    "map_get", .global, [Signature(.map(.dyn, .dyn), .dyn, .dyn, gives: .dyn)],
    doc: "The value under a key, or the default when the map has no such key; never fails.",
    example: Example(#"map_get({"app": "web"}, "tier", "none")"#, gives: .string("none")),
    rank: 4, isStandard: false,
    body: .many { arguments throws(Failure) in
      guard case .map(let map) = arguments[0] else {
        throw .noOverload("map_get", arguments.map(\.typeName))
      }
      return map.value(for: arguments[1]) ?? arguments[2]
    },
    resultType: { types in
      guard case .map(let key, let value) = types[0] else { return .dyn }
      guard types[1].fits(key), types[2].fits(value) else { return nil }
      return value
    })

  static let inCIDR = Function(
    "in_cidr", .global, [Signature(.string, .string, gives: .bool)],
    doc: "Whether the address lies in the network, IPv4 or IPv6; an empty address does not.",
    example: Example(#"in_cidr("10.244.2.22", "10.244.0.0/16")"#, gives: .bool(true)),
    rank: 2, isStandard: false,
    body: .two { address, network throws(Failure) in
      guard case .string(let address) = address, case .string(let network) = network else {
        throw noOverload("in_cidr", address, network)
      }
      guard let network = IPNetwork(network) else {
        throw .notConvertible("\"\(network)\"", to: "a network")
      }
      return try contains(network, address)
    },
    prepare: { arguments throws(BadLiteral) in
      guard case .string(let text)? = arguments[1] else { return nil }
      guard let network = IPNetwork(text), text.contains("/") else {
        throw BadLiteral(
          code: .literal,
          message: "\"\(text)\" is not a network such as \"10.0.0.0/8\" or \"fd00::/8\"",
          argument: 1)
      }
      return .one { address throws(Failure) in
        guard case .string(let address) = address else { throw noOverload("in_cidr", address) }
        return try contains(network, address)
      }
    })

  private static func contains(
    _ network: IPNetwork, _ text: String
  ) throws(Failure) -> Value {
    if text.isEmpty { return .bool(false) }
    guard let address = IPAddress(text) else {
      throw .notConvertible("\"\(text)\"", to: "an address")
    }
    return .bool(network.contains(address))
  }
}

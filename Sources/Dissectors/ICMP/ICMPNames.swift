/// Names of types and codes (IANA "ICMP Parameters" and "ICMPv6 Parameters"), and which type
/// answers which.
struct ICMPNames: Sendable {
  let isV6: Bool

  /// Type and code, such as `destination unreachable/port`; of queries what the call is.
  func name(_ type: UInt8, _ code: UInt8) -> String {
    if queryMask(type) != nil { return call(type) }
    if query(ofReply: type) != nil { return call(type) + " reply" }
    guard let known = self.type(type) else { return "type \(type)/\(code)" }
    if let word = codes(type)[code] { return "\(known)/\(word)" }
    return code == 0 ? known : "\(known)/\(code)"
  }

  /// What a query or its reply belongs to: `echo`.
  func call(ofReply type: UInt8) -> String { call(type) }

  private func call(_ type: UInt8) -> String {
    let query = query(ofReply: type) ?? type
    return switch (isV6, query) {
    case (false, 8), (true, 128): "echo"
    case (false, 42), (true, 160): "extended echo"
    case (false, 13): "timestamp"
    case (false, 15): "information"
    case (false, 17): "address mask"
    case (true, 144): "home agent discovery"
    default: self.type(query) ?? "type \(query)"
    }
  }

  /// Which bits of its second four bytes a query shares with its reply; nil for other types.
  func queryMask(_ type: UInt8) -> UInt32? {
    switch (isV6, type) {
    case (false, 8), (false, 13), (false, 15), (false, 17), (true, 128): UInt32.max
    // Sequence numbers of eight bits (RFC 8335 §2).
    case (false, 42), (true, 160): 0xffff_ff00
    // No sequence number (RFC 6275 §6.5).
    case (true, 144): 0xffff_0000
    default: nil
    }
  }

  /// The type of the query that is answered so.
  func query(ofReply type: UInt8) -> UInt8? {
    switch (isV6, type) {
    case (false, 0): 8
    case (false, 14): 13
    case (false, 16): 15
    case (false, 18): 17
    case (false, 43): 42
    case (true, 129): 128
    case (true, 145): 144
    case (true, 161): 160
    default: nil
    }
  }

  /// How a query ended.
  func outcome(_ type: UInt8, _ code: UInt8) -> String {
    isRefusal(type, code) ? codes(type)[code] ?? "code \(code)" : "reply"
  }

  /// Whether a reply says that it could not be done.
  func isRefusal(_ type: UInt8, _ code: UInt8) -> Bool {
    (isV6 ? type == 161 : type == 43) && code != 0
  }

  private func type(_ type: UInt8) -> String? { (isV6 ? Self.typesV6 : Self.types)[type] }

  /// Words for the codes of a type.
  private func codes(_ type: UInt8) -> [UInt8: String] {
    switch (isV6, type) {
    case (false, 3): Self.unreachable
    case (false, 5): [0: "network", 1: "host", 2: "network and TOS", 3: "host and TOS"]
    case (false, 11): [0: "TTL", 1: "reassembly"]
    case (false, 12): [0: "pointer", 1: "missing option", 2: "length"]
    case (false, 43), (true, 161):
      [
        1: "malformed query", 2: "no such interface", 3: "no such table entry",
        4: "multiple interfaces satisfy query",
      ]
    case (true, 1):
      [
        0: "no route", 1: "prohibited", 2: "beyond scope of source", 3: "address", 4: "port",
        5: "source address failed policy", 6: "reject route", 7: "source routing header",
        8: "headers too long",
      ]
    case (true, 3): [0: "hop limit", 1: "reassembly"]
    case (true, 4):
      [
        0: "header field", 1: "next header", 2: "option", 3: "first fragment",
        4: "unrecognised source routing header", 5: "extension header too big",
        6: "extension header chain too long", 7: "too many extension headers",
        8: "too many options", 9: "option too big",
      ]
    default: [:]
    }
  }

  private static let unreachable: [UInt8: String] = [
    0: "network", 1: "host", 2: "protocol", 3: "port", 4: "fragmentation needed",
    5: "source route failed", 6: "network unknown", 7: "host unknown", 8: "source host isolated",
    9: "network prohibited", 10: "host prohibited", 11: "network and TOS", 12: "host and TOS",
    13: "administratively filtered", 14: "host precedence violation",
    15: "precedence cutoff",
  ]

  private static let types: [UInt8: String] = [
    0: "echo reply", 3: "destination unreachable", 4: "source quench", 5: "redirect",
    8: "echo", 9: "router advertisement", 10: "router solicitation", 11: "time exceeded",
    12: "parameter problem", 30: "traceroute", 40: "photuris",
  ]

  private static let typesV6: [UInt8: String] = [
    1: "destination unreachable", 2: "packet too big", 3: "time exceeded", 4: "parameter problem",
    130: "multicast listener query", 131: "multicast listener report",
    132: "multicast listener done", 133: "router solicitation", 134: "router advertisement",
    135: "neighbour solicitation", 136: "neighbour advertisement", 137: "redirect",
    138: "router renumbering", 139: "node information query", 140: "node information reply",
    141: "inverse neighbour solicitation", 142: "inverse neighbour advertisement",
    143: "multicast listener report", 146: "mobile prefix solicitation",
    147: "mobile prefix advertisement", 148: "certification path solicitation",
    149: "certification path advertisement", 151: "multicast router advertisement",
    152: "multicast router solicitation", 153: "multicast router termination",
    155: "RPL control", 157: "duplicate address request", 158: "duplicate address confirmation",
  ]
}

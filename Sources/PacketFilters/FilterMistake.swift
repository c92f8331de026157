/// Where a filter that libpcap does not take goes wrong, which libpcap does not say.
///
/// Only words and brackets are looked at, as pcap-filter(7) has them: enough for the mistakes that
/// people make, and no name is looked up for it.
enum FilterMistake {
  /// Words of the language behind which a name, an address or a number stands.
  private static let takesOperand: Set<String> = [
    "host", "net", "port", "portrange", "src", "dst", "gateway", "proto", "protochain", "mask",
    "less", "greater", "vlan", "mpls", "on", "ifname", "ifindex", "type", "subtype", "dir",
    "direction", "ra", "ta", "addr1", "addr2", "addr3", "addr4", "vpi", "vci",
  ]
  /// Of those, the ones that may as well stand by themselves.
  private static let mayEnd: Set<String> = ["vlan", "mpls"]
  private static let joins: Set<String> = ["and", "or", "not"]
  /// All others.
  private static let words: Set<String> = [
    "link", "ether", "ppp", "slip", "fddi", "tr", "wlan", "arp", "rarp", "ip", "sctp", "tcp", "udp",
    "icmp", "igmp", "igrp", "pim", "vrrp", "carp", "radio", "ip6", "icmp6", "ah", "esp", "atalk",
    "aarp", "decnet", "lat", "sca", "moprc", "mopdl", "iso", "esis", "isis", "clnp", "stp", "ipx",
    "netbeui", "broadcast", "multicast", "inbound", "outbound", "byte", "len", "length", "pppoed",
    "pppoes", "geneve", "llc",
  ]

  /// The offset in bytes of the first word or bracket that cannot be right, the length of the text
  /// when something is missing at its end; nil when nothing stands out.
  static func offset(in text: String) -> Int? {
    let bytes = Array(text.utf8)
    var brackets: [(byte: UInt8, place: Int)] = []
    var before = Before.nothing
    var place = 0
    while place < bytes.count {
      let byte = bytes[place]
      if isWord(byte) {
        let start = place
        while place < bytes.count, isWord(bytes[place]) { place += 1 }
        // What is between brackets is arithmetic.
        guard brackets.last?.byte != 0x5b else { continue }
        let word = String(decoding: bytes[start..<place], as: UTF8.self).lowercased()
        guard let next = before.followed(by: word) else { return start }
        before = next
        continue
      }
      switch byte {
      case 0x28, 0x5b: brackets.append((byte, place))  // ( [
      case 0x29, 0x5d:  // ) ]
        guard let last = brackets.popLast(), last.byte == (byte == 0x29 ? 0x28 : 0x5b) else {
          return place
        }
        before = .operand
      case 0x20, 0x09, 0x0a, 0x0d: break
      default: before = .sign
      }
      place += 1
    }
    if let open = brackets.last { return open.place }
    return before.isUnfinished ? bytes.count : nil
  }

  /// The offset of what libpcap quotes in its words.
  static func offset(quotedIn message: String, in text: String) -> Int? {
    let parts = message.split(separator: "'", omittingEmptySubsequences: false)
    guard parts.count > 2, !parts[1].isEmpty, let found = text.firstRange(of: parts[1]) else {
      return nil
    }
    return text.utf8.distance(from: text.startIndex, to: found.lowerBound)
  }

  /// Letters, digits and what is part of addresses, ranges and networks.
  private static func isWord(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x80...: true
    case 0x2d, 0x2e, 0x2f, 0x3a, 0x5c, 0x5f: true  // - . / : \ _
    default: false
    }
  }

  /// What stands before a word.
  private enum Before: Equatable {
    case nothing
    case operand
    /// `and`, `or`, `not`, or a sign such as `&&` and `=`.
    case sign
    /// A word that says what a packet is, and may end a filter.
    case kind
    /// A word that wants an operand.
    case wants(String)

    var isUnfinished: Bool {
      switch self {
      case .nothing, .operand, .kind: false
      case .sign: true
      case .wants(let word): !mayEnd.contains(word)
      }
    }

    /// Nil when the word cannot stand here.
    func followed(by word: String) -> Before? {
      if joins.contains(word) { return .sign }
      if takesOperand.contains(word) {
        return self == .operand && word != "mask" ? nil : .wants(word)
      }
      if words.contains(word) { return self == .operand ? nil : .kind }
      switch self {
      case .operand: return nil
      case .wants("port"), .wants("portrange"): return isPorts(word) ? .operand : nil
      case .wants: return isAddress(word) ? .operand : nil
      // After a sign the words before it are understood: host a or b.
      case .sign: return isAddress(word) ? .operand : nil
      case .nothing, .kind:
        return word.utf8.contains { !(0x61...0x7a).contains($0) } && isAddress(word)
          ? .operand : nil
      }
    }
  }

  /// Of four numbers with dots none may be beyond 255; names and all else may be right.
  private static func isAddress(_ word: String) -> Bool {
    let parts = (word.split(separator: "/").first ?? "").split(separator: ".")
    let numbers = parts.compactMap { Int($0) }
    return numbers.count < 4 || numbers.count != parts.count || numbers.allSatisfy { $0 < 256 }
  }

  private static func isPorts(_ word: String) -> Bool {
    word.split(separator: "-").allSatisfy { Int($0).map { $0 <= 65_535 } ?? true }
  }
}

/// Secrets that are recognised by what they look like, wherever they stand.
package enum SecretShapes {
  /// `text` with every secret replaced by what `substitute` gives for it.
  package static func replaced(in text: String, by substitute: (String) -> String) -> String {
    // Words are the runs of characters that tokens are made of.
    guard text.utf8.count >= shortest else { return text }
    let bytes = Array(text.utf8)
    var output: [UInt8]?
    var (at, kept) = (0, 0)
    while at < bytes.count {
      let start = at
      while at < bytes.count, isTokenByte(bytes[at]) { at += 1 }
      if at - start >= shortest, let secret = secretStart(in: bytes, start..<at) {
        output = output ?? []
        output?.append(contentsOf: bytes[kept..<secret])
        output?.append(
          contentsOf: substitute(String(decoding: bytes[secret..<at], as: UTF8.self)).utf8)
        kept = at
      }
      at += 1
    }
    guard var output else { return groups(in: text, bytes, by: substitute) }
    output.append(contentsOf: bytes[kept...])
    return groups(in: String(decoding: output, as: UTF8.self), output, by: substitute)
  }

  /// Whether a word looks as if nobody had thought of it: letters of both cases among digits, or
  /// many hexadecimal digits. Alone that says little.
  static func isMadeUp(_ word: some Collection<UInt8>) -> Bool {
    var (upper, lower, digits, hex) = (0, 0, 0, 0)
    for byte in word {
      switch byte {
      case 0x41...0x5a: upper += 1
      case 0x61...0x7a: lower += 1
      case 0x30...0x39: digits += 1
      case 0x2d, 0x5f: break
      default: return false
      }
      if (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte | 0x20) { hex += 1 }
    }
    let count = word.count
    return count >= 12 && upper > 0 && lower > 0 && digits > 0 || count >= 32 && hex == count
  }

  /// Words below are no secrets.
  private static let shortest = 16

  private static func isTokenByte(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: true
    case 0x2d, 0x2e, 0x5f, 0x2b, 0x2f, 0x3d, 0x7e: true  // - . _ + / = ~
    default: false
    }
  }

  /// Where in a word its secret begins, which goes to the word's end.
  private static func secretStart(in bytes: [UInt8], _ word: Range<Int>) -> Int? {
    var isNumber = true
    // The dot after the place that is looked at, found once for all places before it.
    var dot = word.lowerBound
    for place in word {
      let byte = bytes[place]
      if byte != 0x2d, !(0x30...0x39).contains(byte) { isNumber = false }
      if byte == 0x65, bytes[place..<word.upperBound].starts(with: webTokenStart) {
        dot = max(dot, place)
        while dot < word.upperBound, bytes[dot] != 0x2e { dot += 1 }
        let second = bytes[min(dot + 1, word.upperBound)..<word.upperBound].prefix(8)
        if dot - place >= 8, second.count == 8, !second.contains(0x2e) { return place }
      }
      guard place == word.lowerBound || separates(bytes[place - 1]) else { continue }
      for (prefix, least) in prefixes where prefix[0] == byte {
        if word.upperBound - place >= prefix.count + least,
          bytes[place..<place + prefix.count].elementsEqual(prefix)
        {
          return place
        }
      }
    }
    guard isNumber else { return nil }
    let isCard = isCardNumber(bytes[word].filter { $0 != 0x2d })
    return isCard ? word.lowerBound : nil
  }

  /// JSON Web Tokens: three base64url parts with dots between, the first begins with {" in base64.
  private static let webTokenStart = Array("eyJ".utf8)

  private static func separates(_ byte: UInt8) -> Bool {
    byte == 0x3d || byte == 0x2f || byte == 0x2e  // = / .
  }

  /// Marks that issuers put in front of their keys, and the least length of what follows.
  private static let prefixes: [([UInt8], Int)] =
    ([
      ("AKIA", 16), ("ASIA", 16), ("ghp_", 20), ("gho_", 20), ("ghs_", 20), ("github_pat_", 20),
      ("glpat-", 16), ("xoxb-", 16), ("xoxp-", 16), ("xapp-", 16), ("sk_live_", 10),
      ("sk_test_", 10), ("rk_live_", 10), ("sk-", 20), ("AIza", 30), ("ya29.", 20), ("npm_", 30),
      ("pypi-", 30), ("hvs.", 20), ("dop_v1_", 30), ("SG.", 30), ("shpat_", 20), ("whsec_", 16),
    ] as [(String, Int)]).map { (Array($0.0.utf8), $0.1) }

  /// Lengths and first digits that issuers use; times in milli- and nanoseconds begin with 1.
  private static func isCardNumber(_ digits: [UInt8]) -> Bool {
    guard (13...19).contains(digits.count), let first = digits.first,
      let least = [
        0x32: 16, 0x33: 14, 0x34: 13, 0x35: 16, 0x36: 13,
      ][first], digits.count >= least
    else { return false }
    return passesLuhn(digits)
  }

  /// `text` with card numbers in groups of digits (`4111 1111 1111 1111`) replaced as well.
  private static func groups(
    in text: String, _ bytes: [UInt8], by substitute: (String) -> String
  ) -> String {
    func isDigit(_ place: Int) -> Bool {
      place < bytes.count && (0x30...0x39).contains(bytes[place])
    }
    var output: [UInt8]?
    var (at, kept) = (0, 0)
    while at < bytes.count {
      guard isDigit(at) else {
        at += 1
        continue
      }
      let start = at
      var lengths: [Int] = []
      var digits: [UInt8] = []
      while isDigit(at) {
        let group = at
        while isDigit(at) { at += 1 }
        lengths.append(at - group)
        digits += bytes[group..<at]
        guard at < bytes.count, bytes[at] == 0x20, isDigit(at + 1), digits.count < 19 else { break }
        at += 1
      }
      guard [[4, 4, 4, 4], [4, 4, 4, 4, 3], [4, 6, 5], [4, 6, 4]].contains(lengths),
        isCardNumber(digits)
      else { continue }
      output = output ?? []
      output?.append(contentsOf: bytes[kept..<start])
      output?.append(contentsOf: substitute(String(decoding: digits, as: UTF8.self)).utf8)
      kept = at
    }
    guard var output else { return text }
    output.append(contentsOf: bytes[kept...])
    return String(decoding: output, as: UTF8.self)
  }

  /// Payment card numbers check themselves (ISO/IEC 7812-1 annex B).
  private static func passesLuhn(_ digits: [UInt8]) -> Bool {
    var sum = 0
    for (position, byte) in digits.reversed().enumerated() {
      var value = Int(byte) - 0x30
      if position % 2 == 1 {
        value *= 2
        if value > 9 { value -= 9 }
      }
      sum += value
    }
    return sum % 10 == 0 && sum > 0
  }
}

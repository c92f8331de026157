/// Secrets that are recognised by what they look like, wherever they stand.
package enum SecretShapes {
  /// `text` with every secret replaced by what `substitute` gives for it.
  package static func replaced(in text: String, by substitute: (String) -> String) -> String {
    // Words are the runs of characters that tokens are made of.
    guard text.utf8.count >= 16 else { return text }
    var output = ""
    var word = ""
    var changed = false
    func flush() {
      guard !word.isEmpty else { return }
      if let secret = secretPart(of: word) {
        output += word[..<secret.lowerBound] + substitute(String(word[secret]))
        output += word[secret.upperBound...]
        changed = true
      } else {
        output += word
      }
      word = ""
    }
    for character in text {
      if isTokenCharacter(character) {
        word.append(character)
      } else {
        flush()
        output.append(character)
      }
    }
    flush()
    return groups(in: changed ? output : text, by: substitute)
  }

  private static func isTokenCharacter(_ character: Character) -> Bool {
    guard let byte = character.asciiValue else { return false }
    switch byte {
    case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: return true
    case 0x2d, 0x2e, 0x5f, 0x2b, 0x2f, 0x3d, 0x7e: return true  // - . _ + / = ~
    default: return false
    }
  }

  private static func secretPart(of word: String) -> Range<String.Index>? {
    guard word.utf8.count >= 16 else { return nil }
    // JSON Web Tokens: three base64url parts, the first begins with {" in base64.
    if let start = word.firstRange(of: "eyJ")?.lowerBound {
      let parts = word[start...].split(separator: ".", omittingEmptySubsequences: false)
      if parts.count >= 2, parts[0].count >= 8, parts[1].count >= 8 { return start..<word.endIndex }
    }
    for (prefix, least) in prefixes {
      if let hit = word.firstRange(of: prefix) {
        let tail = word[hit.upperBound...]
        if tail.utf8.count >= least,
          hit.lowerBound == word.startIndex || separates(word, hit.lowerBound)
        {
          return hit.lowerBound..<word.endIndex
        }
      }
    }
    let digits = word.utf8.filter { (0x30...0x39).contains($0) }
    if digits.count == word.utf8.filter({ $0 != 0x2d }).count, isCardNumber(digits) {
      return word.startIndex..<word.endIndex
    }
    return nil
  }

  private static func separates(_ word: String, _ index: String.Index) -> Bool {
    let before = word[word.index(before: index)]
    return before == "=" || before == "/" || before == "."
  }

  /// Marks that issuers put in front of their keys, and the least length of what follows.
  private static let prefixes: [(String, Int)] = [
    ("AKIA", 16), ("ASIA", 16), ("ghp_", 20), ("gho_", 20), ("ghs_", 20), ("github_pat_", 20),
    ("glpat-", 16), ("xoxb-", 16), ("xoxp-", 16), ("xapp-", 16), ("sk_live_", 10),
    ("sk_test_", 10), ("rk_live_", 10), ("sk-", 20), ("AIza", 30), ("ya29.", 20), ("npm_", 30),
    ("pypi-", 30), ("hvs.", 20), ("dop_v1_", 30), ("SG.", 30), ("shpat_", 20), ("whsec_", 16),
  ]

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
  private static func groups(in text: String, by substitute: (String) -> String) -> String {
    let bytes = Array(text.utf8)
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

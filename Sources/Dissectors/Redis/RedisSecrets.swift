import Bytes
import Entries

/// Which arguments of a command are secrets, and which parts of its reply. They are replaced before
/// anything is kept.
///
/// Passwords stand where a command has them (AUTH, HELLO, CONFIG). Of data it is the name that
/// tells: of a key, of a field of a hash, of the argument before. What a script is given has no
/// names, so all of it is hidden but its keys.
enum RedisSecrets {
  /// What of a command, and of the reply to it, must not be shown.
  struct Hidden {
    /// Places of arguments, in order.
    var places: [Int] = []
    var secrecy = RESPPreview.Secrecy.none
    /// Place of the text of a script, in which literals may be secrets.
    var script: Int?
    /// What looks like the key may be a password.
    var hidesKey = false

    /// All arguments may be shown.
    var isNothing: Bool { places.isEmpty && script == nil }
  }

  /// - Parameter verb: what is known of the command; nil when it is not listed.
  static func hidden(
    _ verb: RedisVerb?, _ bytes: RawSpan, _ words: [Range<Int>]
  ) -> Hidden {
    guard let verb else { return unlisted(bytes, words) }
    switch verb.effect {
    case .auth: return Hidden(places: Array(words.indices.dropFirst()))
    case .hello: return Hidden(places: behindAuth(bytes, words, from: 1))
    case .migrate: return Hidden(places: behindAuth(bytes, words, from: 3))
    case .config, .sentinel: return Hidden(places: settings(bytes, words), secrecy: .named)
    case .acl: return rules(bytes, words)
    default: break
    }
    return verb.cargo == .none || words.count < 2 ? Hidden() : cargo(verb.cargo, bytes, words)
  }

  /// Places of arguments that stand behind one that names a secret.
  static func following(
    _ bytes: RawSpan, _ words: [Range<Int>], from start: Int
  ) -> [Int] {
    words.indices.dropFirst(start + 1).filter { isTellingWord(bytes.slice(words[$0 - 1])) }
  }

  /// The part of an error that may be shown. Servers repeat the arguments of commands they do not
  /// know, and a mistyped AUTH is one; and the rule of ACL SETUSER that they do not take.
  static func shownError(_ text: RawSpan) -> String {
    if let at = text.firstOffset(of: "with args beginning with") {
      return text.text(0..<at) + RESPPreview.redacted
    }
    let rule: StaticString = "SETUSER modifier '"
    guard let at = text.firstOffset(of: rule) else { return text.text() }
    let start = at + rule.utf8CodeUnitCount
    guard start < text.byteCount, isPasswordRule(text.byte(start)) else { return text.text() }
    // A password may have apostrophes of its own.
    var end = text.byteCount
    while end > start, text.byte(end - 1) != 0x27 { end -= 1 }
    let rest = end > start ? text.text(end - 1..<text.byteCount) : ""
    return text.text(0..<start) + RESPPreview.redacted + rest
  }

  // MARK: Names

  /// Bytes of a name, at most; what is longer is a value.
  private static let maxName = 256
  /// Bytes of the part behind the last colon of a name, at most, that is a name of its own.
  private static let maxPart = 23

  /// Whether a key, field or setting is called like a secret: in all, or behind its last colon.
  static func isTelling(_ name: RawSpan) -> Bool {
    guard 3...maxName ~= name.byteCount else { return false }
    return SecretNames.isSecret(key: name, orPartOf: maxPart) || isSecretSetting(name)
  }

  /// Whether an argument of which it is not known what it is names a secret.
  static func isTellingWord(_ word: RawSpan) -> Bool {
    guard 3...maxName ~= word.byteCount else { return false }
    for offset in 0..<word.byteCount {
      switch word.byte(offset) {
      case 0x30...0x3a, 0x40...0x5a, 0x61...0x7a, 0x24, 0x2d...0x2f, 0x5f: continue
      default: return false
      }
    }
    return isTelling(word)
  }

  /// Settings with passwords whose names do not say so.
  private static func isSecretSetting(_ name: RawSpan) -> Bool {
    // By length: few names have that of one of them.
    switch name.byteCount {
    case 9: equals(name, "auth-pass")
    case 11: equals(name, "primaryauth")
    case 13: equals(name, "sentinel-pass")
    case 17: equals(name, "tls-key-file-pass")
    case 21: equals(name, "cluster-announce-auth")
    case 24: equals(name, "tls-client-key-file-pass")
    default: false
    }
  }

  // MARK: Passwords

  /// Behind AUTH and AUTH2 (MIGRATE), and behind AUTH of HELLO: user name and password.
  private static func behindAuth(
    _ bytes: RawSpan, _ words: [Range<Int>], from start: Int
  ) -> [Int] {
    var places: [Int] = []
    for place in words.indices.dropFirst(start) {
      let word = bytes.slice(words[place])
      if equals(word, "auth") || equals(word, "auth2") {
        places += words.indices.dropFirst(place + 1).prefix(2)
      }
    }
    return places
  }

  /// The value behind each name of a secret setting.
  private static func settings(_ bytes: RawSpan, _ words: [Range<Int>]) -> [Int] {
    words.indices.dropFirst(3).filter { isTelling(bytes.slice(words[$0 - 1])) }
  }

  /// Rules of ACL SETUSER that add or remove a password or its digest, and replies that tell one.
  private static func rules(_ bytes: RawSpan, _ words: [Range<Int>]) -> Hidden {
    guard words.count > 1 else { return Hidden() }
    let verb = bytes.slice(words[1])
    if equals(verb, "genpass") || equals(verb, "getuser") || equals(verb, "list") {
      return Hidden(secrecy: .whole)
    }
    // Behind the user's name stands a command.
    if equals(verb, "dryrun") { return Hidden(places: following(bytes, words, from: 3)) }
    guard equals(verb, "setuser") else { return Hidden() }
    return Hidden(
      places: words.indices.dropFirst(3).filter { place in
        words[place].first.map { isPasswordRule(bytes.byte($0)) } ?? false
      })
  }

  /// Whether a rule with that first byte adds or removes a password or its digest: > < # !
  private static func isPasswordRule(_ first: UInt8) -> Bool {
    [0x3e, 0x3c, 0x23, 0x21].contains(first)
  }

  // MARK: Data

  /// - Precondition: there is an argument.
  private static func cargo(
    _ cargo: RedisVerb.Cargo, _ bytes: RawSpan, _ words: [Range<Int>]
  ) -> Hidden {
    var hidden = Hidden()
    let key = bytes.slice(words[1])
    switch cargo {
    case .none: break
    case .reply: if isTelling(key) { hidden.secrecy = .whole }
    case .sorted:
      // Behind GET stand patterns of other keys, and of fields: `user:*->password`.
      if words.dropFirst().contains(where: { asksForSecret(bytes.slice($0)) }) {
        hidden.secrecy = .whole
      }
    case .second, .third, .rest:
      guard isTelling(key) else { break }
      let places = words.indices.dropFirst(cargo == .third ? 3 : 2)
      hidden.places = Array(cargo == .rest ? places : places.prefix(1))
      hidden.secrecy = .whole
    case .keys: hidden.places = pairs(bytes, words, from: 1, hidesAll: false)
    case .keyReplies: hidden.secrecy = places(bytes, words, from: 1)
    case .fields:
      hidden.places = pairs(bytes, words, from: fields(bytes, words), hidesAll: isTelling(key))
    case .fieldReply:
      let names = words.dropFirst().prefix(2)
      if names.contains(where: { isTelling(bytes.slice($0)) }) { hidden.secrecy = .whole }
    case .fieldReplies:
      hidden.secrecy =
        isTelling(key) ? .whole : places(bytes, words, from: fields(bytes, words))
    case .named: hidden.secrecy = isTelling(key) ? .whole : .named
    case .unnamed: hidden.secrecy = .whole
    case .words:
      hidden.places =
        isTelling(key)
        ? Array(words.indices.dropFirst(2)) : following(bytes, words, from: 2)
    case .log: hidden.secrecy = .words
    case .script, .function, .load: script(cargo, bytes, words, &hidden)
    }
    return hidden
  }

  /// Whether a key, or a pattern of keys or fields, names a secret.
  private static func asksForSecret(_ pattern: RawSpan) -> Bool {
    guard let field = pattern.firstOffset(of: "->") else { return isTelling(pattern) }
    return isTelling(pattern.prefix(field)) || isTelling(pattern.suffix(from: field + 2))
  }

  /// Where the names of fields begin: behind FIELDS and their number in commands that have both.
  private static func fields(_ bytes: RawSpan, _ words: [Range<Int>]) -> Int {
    let verb = bytes.slice(words[0])
    guard equals(verb, "hsetex") || equals(verb, "hgetex") || equals(verb, "hgetdel"),
      let place = words.firstIndex(where: { equals(bytes.slice($0), "fields") })
    else { return 2 }
    return place + 2
  }

  /// The second of each two arguments whose first names a secret.
  private static func pairs(
    _ bytes: RawSpan, _ words: [Range<Int>], from start: Int, hidesAll: Bool
  ) -> [Int] {
    var places: [Int] = []
    for place in stride(from: start + 1, to: words.count, by: 2)
    where hidesAll || isTelling(bytes.slice(words[place - 1])) {
      places.append(place)
    }
    return places
  }

  /// The places in a reply of arguments that name secrets.
  private static func places(
    _ bytes: RawSpan, _ words: [Range<Int>], from start: Int
  ) -> RESPPreview.Secrecy {
    var bits: UInt64 = 0
    for (place, word) in words.dropFirst(start).enumerated() where isTelling(bytes.slice(word)) {
      bits |= 1 << UInt64(min(place, 63))
    }
    return bits == 0 ? .none : .places(bits)
  }

  /// The text of a script, a number of keys, these, and what else it is given.
  private static func script(
    _ cargo: RedisVerb.Cargo, _ bytes: RawSpan, _ words: [Range<Int>], _ hidden: inout Hidden
  ) {
    if cargo == .load {
      if words.count > 2, equals(bytes.slice(words[1]), "load") { hidden.script = words.count - 1 }
      return
    }
    let text = bytes.slice(words[1])
    var tells = isTelling(text)
    if cargo == .script {
      hidden.script = 1
      tells = RedisScript(text).tells
    }
    hidden.secrecy = tells ? .whole : .named
    guard words.count > 3 else { return }
    let keys = Int(bytes.text(words[2])).map { min(max($0, 0), words.count) } ?? 0
    hidden.places = Array(words.indices.dropFirst(3 + keys))
  }

  /// Commands of modules, and names that are no command's: what stands behind a telling argument,
  /// and all arguments where the name itself is telling, such as that of a mistyped AUTH.
  private static func unlisted(_ bytes: RawSpan, _ words: [Range<Int>]) -> Hidden {
    guard let first = words.first else { return Hidden() }
    let name = bytes.slice(first)
    if isTelling(name) || contains(name, "auth") || contains(name, "pass") {
      return Hidden(
        places: Array(words.indices.dropFirst()), secrecy: .whole, script: nil, hidesKey: true)
    }
    let tells = words.dropFirst().contains { isTellingWord(bytes.slice($0)) }
    return tells
      ? Hidden(places: following(bytes, words, from: 1), secrecy: .whole) : Hidden()
  }

  private static func contains(_ name: RawSpan, _ part: StaticString) -> Bool {
    let length = part.utf8CodeUnitCount
    guard name.byteCount >= length else { return false }
    for start in 0...name.byteCount - length
    where equals(name.slice(start..<start + length), part) {
      return true
    }
    return false
  }

  private static func equals(_ word: RawSpan, _ text: StaticString) -> Bool {
    word.equalsIgnoringCase(text)
  }
}

import Bytes

/// Which arguments of a command are passwords. They are replaced before anything is kept.
enum RedisSecrets {
  /// Places of the arguments that must not be shown, in order.
  static func places(
    _ effect: RedisVerb.Effect, _ bytes: RawSpan, _ words: [Range<Int>]
  ) -> [Int] {
    switch effect {
    case .auth: Array(words.indices.dropFirst())
    case .hello: behindAuth(bytes, words, from: 1)
    case .migrate: behindAuth(bytes, words, from: 3)
    case .config: settings(bytes, words)
    case .sentinel: settings(bytes, words)
    case .acl: rules(bytes, words)
    default: []
    }
  }

  /// How much of the reply may be shown.
  static func secrecy(
    _ effect: RedisVerb.Effect, _ bytes: RawSpan, _ words: [Range<Int>]
  ) -> RESPPreview.Secrecy {
    switch effect {
    case .config, .sentinel: .settings
    case .acl:
      words.count > 1
        && ["genpass", "getuser", "list"].contains { equals(bytes.slice(words[1]), $0) }
        ? .whole : .none
    default: .none
    }
  }

  /// Whether a setting of the server holds a password.
  static func isSecretSetting(_ name: RawSpan) -> Bool {
    name.byteCount <= 32 && names.contains { equals(name, $0) }
  }

  private static let names: [StaticString] = [
    "requirepass", "masterauth", "tls-key-file-pass", "tls-client-key-file-pass", "auth-pass",
    "sentinel-pass", "cluster-announce-auth", "primaryauth",
  ]

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
    var places: [Int] = []
    for place in words.indices.dropFirst(2)
    where place + 1 < words.count && isSecretSetting(bytes.slice(words[place])) {
      places.append(place + 1)
    }
    return places
  }

  /// Rules of ACL SETUSER that add or remove a password or its digest.
  private static func rules(_ bytes: RawSpan, _ words: [Range<Int>]) -> [Int] {
    guard words.count > 1, equals(bytes.slice(words[1]), "setuser") else { return [] }
    return words.indices.dropFirst(3).filter { place in
      guard let first = words[place].first else { return false }
      return [0x3e, 0x3c, 0x23, 0x21].contains(bytes.byte(first))
    }
  }

  private static func equals(_ word: RawSpan, _ text: StaticString) -> Bool {
    word.equalsIgnoringCase(text)
  }
}

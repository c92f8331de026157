// Secrets in command lines that stand behind an option of one letter, and in netrc files: nothing in
// their names tells them, but the program they are for does.

/// Programs that take a secret as an argument.
struct SecretProgram {
  /// Options that are followed by a secret.
  var options: [UInt8]
  /// The secret may be an argument of its own.
  var takesNext = true
  /// The secret is what follows the colon, behind the name of a user.
  var isBehindUser = false
  /// Only where this word was seen as well: `docker run -p` names a port.
  var word: [UInt8]?

  /// Longest name of one, in bytes.
  static let maxName = 16

  /// The program of that name, without its folder; nil for any that is not known.
  static func named(_ name: ArraySlice<UInt8>) -> SecretProgram? {
    guard (4...maxName).contains(name.count), let first = name.first,
      (0x61...0x7a).contains(first),
      seconds[Int(first - 0x61)] >> UInt32(name[name.startIndex + 1] & 31) & 1 == 1
    else { return nil }
    return programs[String(decoding: name, as: UTF8.self)]
  }

  /// By the first letter of names a bit for each that may be their second: nearly every word is passed
  /// with one look.
  private static let seconds: [UInt32] = {
    var seconds = [UInt32](repeating: 0, count: 26)
    for name in programs.keys.map({ Array($0.utf8) }) {
      seconds[Int(name[0] - 0x61)] |= 1 << UInt32(name[1] & 31)
    }
    return seconds
  }()

  private static let programs: [String: SecretProgram] = {
    var programs: [String: SecretProgram] = [:]
    func add(_ names: String..., program: SecretProgram) {
      for name in names { programs[name] = program }
    }
    func option(_ letters: String) -> SecretProgram { SecretProgram(options: Array(letters.utf8)) }
    add(
      "sshpass", "mongo", "mongosh", "mongodump", "mongorestore", "mongoexport", "mongoimport",
      "mongostat", "mongotop", program: option("p"))
    for name in [
      "", "dump", "admin", "import", "show", "check", "slap", "pump", "binlog", "sh",
    ] {
      // Behind a blank `-p` has no password: it asks for one, and what follows is a database.
      let program = SecretProgram(options: Array("p".utf8), takesNext: false)
      add("mysql" + name, name.isEmpty ? "mariadb" : "mariadb-" + name, program: program)
    }
    add("redis-cli", "valkey-cli", "keydb-cli", program: option("a"))
    add(
      "ldapsearch", "ldapmodify", "ldapadd", "ldapdelete", "ldappasswd", "ldapwhoami",
      "ldapcompare", program: option("w"))
    add("sqlcmd", "mosquitto_pub", "mosquitto_sub", "mosquitto_rr", program: option("P"))
    add("curl", program: SecretProgram(options: Array("uU".utf8), isBehindUser: true))
    add(
      "docker", "podman", "nerdctl", "buildah", "skopeo", "helm", "oras", "crane",
      program: SecretProgram(options: Array("p".utf8), word: Array("login".utf8)))
    return programs
  }()
}

extension SecretText.Scanner {
  /// Longest command line behind the name of its program, in bytes.
  private static let maxCommand = 4_096
  /// Longest entry of a netrc file, in bytes.
  private static let maxEntry = 1_024
  private static let machine = Array("machine".utf8)
  private static let byDefault = Array("default".utf8)

  /// A command line as far as it has been read.
  struct Command {
    var program: SecretProgram
    /// Where it stops to be of interest.
    var end: Int
    /// The word it waits for was seen.
    var isLive: Bool
  }

  /// Looks at a word that may be part of a command line, or the first of an entry of netrc.
  /// - Returns: whether it was replaced, or what follows it.
  mutating func follow(_ word: Range<Int>, _ substitute: (String) -> String) -> Bool {
    let text = bytes[word]
    if text.count == 7, text.elementsEqual(Self.machine) || text.elementsEqual(Self.byDefault) {
      return entry(word, substitute)
    }
    if let program = SecretProgram.named(text) {
      // Also what one calls, as `docker exec db mysql`.
      command = Command(
        program: program, end: word.upperBound + Self.maxCommand, isLive: program.word == nil)
      return false
    }
    guard let now = command, word.lowerBound < now.end else {
      command = nil
      return false
    }
    if !now.isLive {
      command?.isLive = now.program.word.map { text.elementsEqual($0) } ?? true
      return false
    }
    guard let secret = argument(word, of: now.program) else { return false }
    replace(secret, substitute)
    // What follows may be another program's, with options of its own: `sshpass -p secret ssh -p 2222`.
    if !now.program.isBehindUser { command = nil }
    return true
  }

  /// The secret that an option of one letter gives.
  private func argument(_ word: Range<Int>, of program: SecretProgram) -> Range<Int>? {
    let start = word.lowerBound
    guard word.count >= 2, bytes[start] == 0x2d, program.options.contains(bytes[start + 1]),
      start == 0 || !isPartOfName(bytes[start - 1])
    else { return nil }
    let attached = start + 2
    var value: Range<Int>?
    if word.count > 2 {
      value = attached..<argumentEnd(attached)
    } else if let quoted = quotedArgument(attached), !endsArgument(attached) {
      value = quoted
    } else if program.takesNext {
      value = nextArgument(attached)
    } else if attached < bytes.count, !endsArgument(attached) {
      value = attached..<argumentEnd(attached)
    }
    guard var secret = value, isLiteral(secret) else { return nil }
    if program.isBehindUser {
      guard let colon = bytes[secret].firstIndex(of: 0x3a) else { return nil }
      secret = (colon + 1)..<secret.upperBound
    }
    return secret.isEmpty ? nil : secret
  }

  /// Whether it is the secret itself: not the name of a variable, and no other option.
  func isLiteral(_ value: Range<Int>) -> Bool {
    guard !value.isEmpty else { return false }
    return ![0x24, 0x2d].contains(bytes[value.lowerBound])
  }

  /// The argument behind an option: after blanks, or in a list of JSON after a comma.
  func nextArgument(_ start: Int) -> Range<Int>? {
    let end = quoteEnd(start)
    let before = end ?? start
    var place = before
    while isGap(place) { place += 1 }
    let isItem =
      place > before && place + 1 < bytes.count && bytes[place] == 0x2d
      && isBlank(bytes[place + 1])
    // The next of a list of JSON, or of YAML.
    if place < bytes.count, bytes[place] == 0x2c && end != nil || isItem {
      place += 1
      while isGap(place) { place += 1 }
    }
    guard place > before, isLiteral(place..<bytes.count) else { return nil }
    return quotedArgument(place) ?? place..<argumentEnd(place)
  }

  /// What is between the quote at `place` and the next like it.
  private func quotedArgument(_ place: Int) -> Range<Int>? {
    guard let start = quoteEnd(place) else { return nil }
    return quoted(from: start, escaped: start - place == 2, bytes[start - 1])
  }

  /// Behind a quote at `place`, with its backslash in JSON; nil where there is none.
  func quoteEnd(_ place: Int) -> Int? {
    if place < bytes.count, isQuote(bytes[place]) { return place + 1 }
    guard place + 1 < bytes.count, bytes[place] == 0x5c, isQuote(bytes[place + 1]) else {
      return nil
    }
    return place + 2
  }

  /// Whether an argument is over at `place`: at its end, or at the quote behind it.
  private func endsArgument(_ place: Int) -> Bool {
    func isOver(_ place: Int) -> Bool {
      place >= bytes.count || isBlank(bytes[place]) || isLineBreak(place)
        || [0x2c, 0x5d, 0x7d, 0x29, 0x3b, 0x7c, 0x26].contains(bytes[place])
    }
    return isOver(place) || quoteEnd(place).map(isOver) == true
  }

  /// The end of an argument without quotes.
  private func argumentEnd(_ start: Int) -> Int {
    var place = start
    while place < bytes.count, !isBlank(bytes[place]), !isQuote(bytes[place]),
      !isLineBreak(place),
      // ; | & < > ) and a grave accent
      ![0x3b, 0x7c, 0x26, 0x3c, 0x3e, 0x29, 0x60].contains(bytes[place])
    {
      // In JSON a backslash stands before what ends it.
      if bytes[place] == 0x5c, place + 1 < bytes.count, isQuote(bytes[place + 1]) { break }
      place += 1
    }
    return place
  }

  /// A blank, or a line break as JSON writes it, or the backslash that joins two lines.
  private func isGap(_ place: Int) -> Bool {
    guard place < bytes.count else { return false }
    if isBlank(bytes[place]) || isLineBreak(place) { return true }
    guard bytes[place] == 0x5c, place + 1 < bytes.count else {
      return place > 0 && isLineBreak(place - 1)
    }
    return bytes[place + 1] == 0x0a || isLineBreak(place + 1)
      || bytes[place + 1] == 0x5c && isLineBreak(place + 2)
  }

  /// Whether a command line goes on behind a line break: behind a backslash, and in a list of JSON or
  /// YAML.
  func isJoined(_ end: Int, to start: Int) -> Bool {
    var before = end
    if before > 0, bytes[before - 1] == 0x0d { before -= 1 }
    if before > 0, bytes[before - 1] == 0x5c || bytes[before - 1] == 0x2c { return true }
    var place = start
    while place < bytes.count, bytes[place] == 0x20 { place += 1 }
    return place + 1 < bytes.count && bytes[place] == 0x2d && bytes[place + 1] == 0x20
  }

  /// `\n`, `\r` or `\t`, written out as in JSON.
  func isLineBreak(_ place: Int) -> Bool {
    place + 1 < bytes.count && bytes[place] == 0x5c
      && [0x6e, 0x72, 0x74].contains(bytes[place + 1])
  }

  private func isPartOfName(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x5f, 0x24: true
    default: false
    }
  }

  // MARK: netrc

  /// `machine NAME login USER password SECRET`, over one line or several, in any order; `account` is
  /// a second password. Without a login it may be said of any machine.
  private mutating func entry(_ word: Range<Int>, _ substitute: (String) -> String) -> Bool {
    let limit = min(bytes.count, word.lowerBound + Self.maxEntry)
    var place = word.upperBound
    if bytes[word.lowerBound] == 0x6d {
      guard let name = token(place, limit) else { return false }
      place = name.upperBound
    }
    var hasLogin = false
    var secrets: [Range<Int>] = []
    while let name = token(place, limit) {
      let key = String(decoding: bytes[name], as: UTF8.self)
      guard ["login", "password", "account"].contains(key),
        let value = token(name.upperBound, limit)
      else { break }
      if key == "login" { hasLogin = true } else { secrets.append(value) }
      place = value.upperBound
    }
    guard hasLogin, !secrets.isEmpty else { return false }
    for secret in secrets { replace(secret, substitute) }
    return true
  }

  /// The next token behind blanks, without its quotes.
  private func token(_ start: Int, _ limit: Int) -> Range<Int>? {
    var place = start
    if let end = quoteEnd(place), isGap(end) { place = end }
    let before = place
    while isGap(place) { place += 1 }
    guard place > before, place < limit else { return nil }
    if let quoted = quotedArgument(place) { return quoted.isEmpty ? nil : quoted }
    var end = place
    while end < bytes.count, !isBlank(bytes[end]), !isLineBreak(end) {
      if let after = quoteEnd(end), endsArgument(after) { break }
      end += 1
    }
    return end > place ? place..<end : nil
  }
}

import Entries
import ToolKit

/// Secrets in running text that are recognised by what stands before them: `password=…`,
/// `"token": "…"`, `<secret>…</secret>`, `Bearer …`, `scheme://user:…@host`, private keys in PEM, the
/// arguments of some programs, netrc.
enum SecretText {
  /// Words that name a scheme of credentials, which follow them.
  private static let schemes: Set<String> = ["bearer", "basic", "digest", "negotiate", "apikey"]
  private static let authorityMark = Array("://".utf8)
  private static let characterData = Array("<![CDATA[".utf8)
  private static let characterDataEnd = Array("]]>".utf8)
  private static let keyBegin = Array("-----BEGIN ".utf8)
  private static let keyEnd = Array("-----END ".utf8)
  private static let keyMark = Array("PRIVATE KEY-----".utf8)
  /// Elements of HTML whose name and value are attributes, in lower case.
  private static let fields = [Array("input".utf8), Array("meta".utf8)]
  /// Longest tag of IMAP before its command, in bytes.
  private static let maxTag = 64
  /// Longest start tag of such an element that is read, in bytes.
  private static let maxField = 4_096

  /// `text` with every secret replaced by what `substitute` gives for it.
  static func replaced(in text: String, by substitute: (String) -> String) -> String {
    guard text.utf8.count >= 6 else { return text }
    var scanner = Scanner(bytes: Array(text.utf8))
    scanner.run(substitute)
    return scanner.output.map { String(decoding: $0, as: UTF8.self) } ?? text
  }

  struct Scanner {
    let bytes: [UInt8]
    var at = 0
    /// Bytes from there on are not in the output yet.
    var kept = 0
    /// Nil until something was replaced.
    var output: [UInt8]?
    /// The `>` that was found last; the end of all when there is none any more.
    var close = -1
    /// `IDENTIFIED` was seen in this statement: what follows `BY` is a password.
    var isIdentified = false
    /// The command line that is being read, of a program that takes a secret as an argument.
    var command: Command?

    init(bytes: [UInt8]) { self.bytes = bytes }

    mutating func run(_ substitute: (String) -> String) {
      while at < bytes.count {
        switch bytes[at] {
        // Dashes are part of words, so these come first.
        case 0x2d where starts(with: keyBegin, at): privateKey(substitute)
        case let byte where isWord(byte): word(substitute)
        case 0x3c: element(substitute)  // <
        case 0x3a where starts(with: authorityMark, at): userInformation(substitute)
        case 0x3b:  // ;
          isIdentified = false
          command = nil
          at += 1
        case 0x0a:
          if !isJoined(at, to: at + 1) { command = nil }
          at += 1
        case 0x7c, 0x60:  // | and a grave accent
          command = nil
          at += 1
        case 0x26 where at + 1 < bytes.count && (isBlank(bytes[at + 1]) || bytes[at + 1] == 0x26):
          command = nil
          at += 1
        case 0x5c: backslash()
        default: at += 1
        }
      }
      output?.append(contentsOf: bytes[kept...])
    }

    /// In JSON and source text line breaks are written out, and their letters belong to no word.
    private mutating func backslash() {
      if isLineBreak(at) {
        if bytes[at + 1] == 0x6e, !isJoined(at, to: at + 2) { command = nil }
        at += 2
      } else if at + 1 < bytes.count, bytes[at + 1] == 0x5c {
        // Of a backslash that is written out: the line goes on behind it.
        at += isLineBreak(at + 2) ? 4 : 2
      } else {
        at += 1
      }
    }

    mutating func replace(_ range: Range<Int>, _ substitute: (String) -> String) {
      guard !range.isEmpty else { return }
      // The bracket that ends what stands in for a secret may end a value, too.
      let end = range.upperBound
      if end < bytes.count, bytes[end] == 0x5d,
        Redactor.isStandIn(String(decoding: bytes[range.lowerBound...end], as: UTF8.self))
      {
        return
      }
      let secret = String(decoding: bytes[range], as: UTF8.self)
      output = output ?? []
      output?.append(contentsOf: bytes[kept..<range.lowerBound])
      output?.append(contentsOf: substitute(secret).utf8)
      kept = range.upperBound
      at = max(at, range.upperBound)
    }

    /// A name that may be followed by its secret.
    private mutating func word(_ substitute: (String) -> String) {
      let start = at
      while at < bytes.count, isWord(bytes[at]) { at += 1 }
      if follow(start..<at, substitute) { return }
      guard let value = value(of: start..<at) else {
        // In a list of arguments each is between quotes.
        if isOption(start), quoteEnd(at) != nil, let next = nextArgument(at), isLiteral(next),
          SecretNames.isSecret(key: String(decoding: bytes[start..<at], as: UTF8.self))
        {
          replace(next, substitute)
        } else {
          note(start..<at)
        }
        return
      }
      let name = String(decoding: bytes[start..<at], as: UTF8.self)
      let lower = name.lowercased()
      if value.separator == .blank {
        let isScheme = schemes.contains(lower) && value.range.count >= 8
        let isPassword = isIdentified && lower == "by" && value.isQuoted
        let isOption = self.isOption(start) && SecretNames.isSecret(key: name)
        let isClause = value.isQuoted && SecretNames.isSecret(key: name)
        if isScheme || isPassword || isOption || isClause {
          replace(value.range, substitute)
        } else if let password = password(behind: lower, value.range) {
          replace(password, substitute)
        } else if isCommand(name, start) {
          replace(value.range.lowerBound..<lineEnd(value.range.lowerBound), substitute)
        }
        note(start..<at)
      } else {
        replace(afterScheme(value.range), substitute)
      }
    }

    /// Of `curl -u user:password`; of other programs where it is no number, as a group's is in
    /// `docker run -u 0:0`.
    private func password(behind option: String, _ value: Range<Int>) -> Range<Int>? {
      guard ["-u", "--user", "--proxy-user"].contains(option),
        let colon = bytes[value].firstIndex(of: 0x3a), colon + 1 < value.upperBound,
        command?.program.isBehindUser == true
          || !bytes[(colon + 1)..<value.upperBound].allSatisfy({ (0x30...0x39).contains($0) })
      else { return nil }
      return colon + 1..<value.upperBound
    }

    private mutating func note(_ range: Range<Int>) {
      guard range.count == 10 else { return }
      let name = String(decoding: bytes[range], as: UTF8.self).lowercased()
      if name == "identified" { isIdentified = true }
    }

    private enum Separator { case sign, blank }

    /// What stands after a name and blanks, or after the name of a secret and `=` or `:`.
    private func value(
      of name: Range<Int>
    ) -> (range: Range<Int>, separator: Separator, isQuoted: Bool)? {
      var place = name.upperBound
      // The quote that ends the name itself, also with a backslash as in JSON within JSON.
      if place + 1 < bytes.count, bytes[place] == 0x5c, isQuote(bytes[place + 1]) {
        place += 2
      } else if place < bytes.count, isQuote(bytes[place]) {
        place += 1
      }
      let afterName = place
      while place < bytes.count, isBlank(bytes[place]) { place += 1 }
      guard place < bytes.count else { return nil }
      var separator = Separator.blank
      if bytes[place] == 0x3d || bytes[place] == 0x3a {
        // Only then is it looked for: it may reach to the end of all, after every name.
        guard !starts(with: authorityMark, place),
          SecretNames.isSecret(key: String(decoding: bytes[name], as: UTF8.self))
        else { return nil }
        separator = .sign
        place += 1
        while place < bytes.count, [0x3e, 0x3d].contains(bytes[place]) { place += 1 }
        while place < bytes.count, isBlank(bytes[place]) { place += 1 }
      } else if place == afterName {
        return nil
      }
      guard place < bytes.count else { return nil }
      if bytes[place] == 0x5c, place + 1 < bytes.count, isQuote(bytes[place + 1]) {
        return (quoted(from: place + 2, escaped: true, bytes[place + 1]), separator, true)
      }
      if isQuote(bytes[place]) {
        return (quoted(from: place + 1, escaped: false, bytes[place]), separator, true)
      }
      let start = place
      while place < bytes.count, !endsValue(bytes[place]) { place += 1 }
      guard place > start, !isHarmless(start..<place) else { return nil }
      return (start..<place, separator, false)
    }

    /// The text up to the quote that ends it, or to the end of all.
    func quoted(from start: Int, escaped: Bool, _ quote: UInt8) -> Range<Int> {
      var place = start
      while place < bytes.count {
        if bytes[place] == 0x5c {
          if escaped, place + 1 < bytes.count, bytes[place + 1] == quote { break }
          place += 2
        } else if bytes[place] == quote {
          break
        } else {
          place += 1
        }
      }
      return start..<min(place, bytes.count)
    }

    /// Of `Bearer abc` only what follows the scheme.
    private func afterScheme(_ range: Range<Int>) -> Range<Int> {
      let first = range.prefix { bytes[$0] != 0x20 }
      let scheme = String(decoding: bytes[first], as: UTF8.self).lowercased()
      guard schemes.contains(scheme) || scheme.hasPrefix("aws4-") else { return range }
      var start = first.endIndex
      while start < bytes.count, bytes[start] == 0x20 { start += 1 }
      var end = max(start, range.upperBound)
      // An unquoted value ends at the blank before the credentials.
      if end == start { while end < bytes.count, !endsValue(bytes[end]) { end += 1 } }
      return start < end ? start..<end : range
    }

    /// `<password>…</password>`, also with a prefix and attributes.
    private mutating func element(_ substitute: (String) -> String) {
      let start = at + 1
      var place = start
      while place < bytes.count, isWord(bytes[place]) || bytes[place] == 0x3a { place += 1 }
      let name = bytes[min(start, bytes.count)..<place].split(separator: 0x3a).last ?? []
      if Self.isField(name) {
        return field(place..<min(bytes.count, place + SecretText.maxField), substitute)
      }
      guard !name.isEmpty, SecretNames.isSecret(key: String(decoding: name, as: UTF8.self)) else {
        at += 1
        return
      }
      place = closing(place)
      guard place < bytes.count, bytes[place - 1] != 0x2f else {
        at += 1
        return
      }
      place += 1
      let isCharacterData = starts(with: characterData, place)
      if isCharacterData { place += characterData.count }
      let value = place
      // Marks inside character data are characters.
      while place < bytes.count,
        isCharacterData ? !starts(with: characterDataEnd, place) : bytes[place] != 0x3c
      { place += 1 }
      at = max(place, at + 1)
      if bytes[value..<place].contains(where: { !isBlank($0) }) {
        replace(value..<place, substitute)
      }
    }

    /// The next `>`, or the end of all. Looked for once, however many elements are not closed.
    private mutating func closing(_ place: Int) -> Int {
      if close < place {
        close = place
        while close < bytes.count, bytes[close] != 0x3e { close += 1 }
      }
      return close
    }

    private static func isField(_ name: ArraySlice<UInt8>) -> Bool {
      SecretText.fields.contains { known in
        known.count == name.count && zip(known, name).allSatisfy { $0 == $1 | 0x20 }
      }
    }

    /// `<input name="csrf_token" value="…">`, `<meta name="csrf-token" content="…">`: the name and
    /// the secret are attributes.
    private mutating func field(_ tag: Range<Int>, _ substitute: (String) -> String) {
      var isSecret = false
      var value: Range<Int>?
      var place = tag.lowerBound
      while place < tag.upperBound, bytes[place] != 0x3e, bytes[place] != 0x3c {
        let start = place
        while place < tag.upperBound, isWord(bytes[place]) { place += 1 }
        guard place > start else {
          place += 1
          continue
        }
        guard let range = attribute(place..<tag.upperBound) else { continue }
        let text = String(decoding: bytes[range], as: UTF8.self)
        switch String(decoding: bytes[start..<place], as: UTF8.self).lowercased() {
        case "value", "content": value = range
        case "name", "id": isSecret = isSecret || SecretNames.isSecret(key: text)
        case "type": isSecret = isSecret || text.lowercased() == "password"
        default: break
        }
        place = range.upperBound
      }
      at = tag.lowerBound
      if isSecret, let value { replace(value, substitute) }
    }

    /// The value of an attribute that begins `rest` with its `=`, without its quotes.
    private func attribute(_ rest: Range<Int>) -> Range<Int>? {
      let end = rest.upperBound
      var place = rest.lowerBound
      while place < end, isBlank(bytes[place]) { place += 1 }
      guard place < end, bytes[place] == 0x3d else { return nil }
      place += 1
      // In JSON a backslash stands before the quote.
      while place < end, isBlank(bytes[place]) || bytes[place] == 0x5c { place += 1 }
      guard place < end else { return nil }
      let quote = isQuote(bytes[place]) ? bytes[place] : nil
      let start = quote == nil ? place : place + 1
      place = start
      while place < end, bytes[place] != 0x3e || quote != nil {
        if let quote, bytes[place] == quote || bytes[place] == 0x5c { break }
        if quote == nil, isBlank(bytes[place]) || bytes[place] == 0x3c { break }
        place += 1
      }
      return start..<place
    }

    /// The password of `scheme://user:password@host`; a lone token instead of a user as well.
    private mutating func userInformation(_ substitute: (String) -> String) {
      at += 3
      var end = at
      var mark: Int?
      while end < bytes.count, !endsAuthority(bytes[end]) {
        if bytes[end] == 0x40 { mark = end }
        end += 1
      }
      guard let mark else { return }
      let colon = bytes[at..<mark].firstIndex(of: 0x3a)
      replace((colon.map { $0 + 1 } ?? at)..<mark, substitute)
      at = max(at, mark)
    }

    private mutating func privateKey(_ substitute: (String) -> String) {
      var place = at + keyBegin.count
      while place < bytes.count, place < at + 64, !starts(with: keyMark, place) { place += 1 }
      guard starts(with: keyMark, place) else {
        at += keyBegin.count
        return
      }
      let start = place + keyMark.count
      place = start
      while place < bytes.count, !starts(with: keyEnd, place) { place += 1 }
      replace(start..<place, substitute)
      at = max(at, place)
    }

    // MARK: Characters

    private func starts(with prefix: [UInt8], _ place: Int) -> Bool {
      place + prefix.count <= bytes.count
        && bytes[place..<place + prefix.count].elementsEqual(prefix)
    }

    /// Whether two dashes stand before it: `--password`.
    private func isOption(_ start: Int) -> Bool {
      start + 1 < bytes.count && bytes[start] == 0x2d && bytes[start + 1] == 0x2d
    }

    /// The word of a line protocol after which a password stands: `PASS` of FTP, POP3 and IRC, `AUTH`
    /// of SMTP, `LOGIN` of IMAP behind its tag.
    private func isCommand(_ name: String, _ start: Int) -> Bool {
      switch name {
      case "PASS", "AUTH": return start == 0 || bytes[start - 1] == 0x0a
      case "LOGIN", "AUTHENTICATE":
        var place = start
        while place > 0, start - place <= maxTag, bytes[place - 1] != 0x0a { place -= 1 }
        return start - place <= maxTag && !bytes[place..<start].dropLast().contains(0x20)
      default: return false
      }
    }

    private func lineEnd(_ start: Int) -> Int {
      var place = start
      while place < bytes.count, bytes[place] != 0x0a, bytes[place] != 0x0d { place += 1 }
      return place
    }

    private func isHarmless(_ range: Range<Int>) -> Bool {
      if bytes[range.lowerBound] == 0x7b || bytes[range.lowerBound] == 0x5b { return true }
      switch String(decoding: bytes[range], as: UTF8.self) {
      // MySQL says of a login that was refused whether it used a password.
      case "YES", "NO": return true
      case "null", "true", "false", "nil", "None", "undefined": return true
      default: return false
      }
    }

    private func isWord(_ byte: UInt8) -> Bool {
      switch byte {
      case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x5f, 0x2d, 0x2e: true
      default: false
      }
    }

    func isQuote(_ byte: UInt8) -> Bool { byte == 0x22 || byte == 0x27 }
    func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0d).contains(byte) }

    private func endsValue(_ byte: UInt8) -> Bool {
      // & ; , ) } ] < quotes
      isBlank(byte) || isQuote(byte)
        || [0x26, 0x3b, 0x2c, 0x29, 0x7d, 0x5d, 0x3c].contains(byte)
    }

    private func endsAuthority(_ byte: UInt8) -> Bool {
      // / ? # < >
      isBlank(byte) || isQuote(byte) || [0x2f, 0x3f, 0x23, 0x3c, 0x3e].contains(byte)
    }
  }
}

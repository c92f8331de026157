import Entries

/// Secrets in JSON text by the names of their members, also where the text is cut or not quite
/// JSON.
///
/// A scan, not a reader: everything that is no secret stays as it is, byte for byte. Everything
/// under a secret name counts, in objects and arrays as well, and so does the `value` beside a
/// `name` that names a secret.
struct SecretJSON {
  /// Levels that are told apart; deeper ones have what the last has.
  private static let maxDepth = 512

  private struct Level {
    /// Everything in it is a secret.
    var isSecret: Bool
    /// A member called `name` or `key` named a secret: the member `value` holds it.
    var namesSecret = false
    /// The member whose value comes next.
    var key: String?
    /// Texts in this list are private.
    var isPrivateList = false
  }

  /// Texts of a conversation count as well (`PrivateText`).
  private let hidesTexts: Bool
  private let bytes: [UInt8]
  private var at = 0
  private var output: [UInt8] = []
  private var levels = [Level(isSecret: false)]
  private var depth = 0

  private init(_ text: String, hidesTexts: Bool) {
    self.hidesTexts = hidesTexts
    bytes = Array(text.utf8)
    output.reserveCapacity(bytes.count)
  }

  /// `text` with every secret replaced by what `substitute` gives for it, in quotes.
  static func replaced(in text: String, by substitute: (String) -> String) -> String {
    guard text.utf8.contains(0x22) else { return text }
    var scanner = SecretJSON(text, hidesTexts: PrivateText.isConversation(text))
    scanner.run(substitute)
    return String(decoding: scanner.output, as: UTF8.self)
  }

  private mutating func run(_ substitute: (String) -> String) {
    while at < bytes.count {
      switch bytes[at] {
      case 0x22: quoted(substitute)
      case 0x7b, 0x5b:
        open()
        keep()
      case 0x7d, 0x5d:
        close()
        keep()
      case 0x2c:
        levels[levels.count - 1].key = nil
        keep()
      case let byte where isBare(byte) && isSecretNext: bare(substitute)
      default: keep()
      }
    }
  }

  private mutating func keep() {
    output.append(bytes[at])
    at += 1
  }

  private mutating func open() {
    depth += 1
    guard levels.count < Self.maxDepth else { return }
    var level = Level(isSecret: isSecretNext)
    level.isPrivateList = bytes[at] == 0x5b && isPrivateTextNext
    levels.append(level)
  }

  private mutating func close() {
    guard depth > 0 else { return }
    if depth < Self.maxDepth, levels.count > 1 { levels.removeLast() }
    depth -= 1
    levels[levels.count - 1].key = nil
  }

  /// Whether a value that comes now is a secret.
  private var isSecretNext: Bool {
    let level = levels[levels.count - 1]
    if level.isSecret { return true }
    guard let key = level.key else { return false }
    return SecretNames.isSecret(key: key) || level.namesSecret && key.lowercased() == "value"
      || hidesTexts && PrivateText.isWhollyPrivate(key)
  }

  /// Whether a text that comes now is private.
  private var isPrivateTextNext: Bool {
    guard hidesTexts else { return false }
    let level = levels[levels.count - 1]
    return level.isPrivateList || level.key.map(PrivateText.isPrivate) == true
  }

  /// A name or a text.
  private mutating func quoted(_ substitute: (String) -> String) {
    var end = at + 1
    while end < bytes.count, bytes[end] != 0x22 { end += bytes[end] == 0x5c ? 2 : 1 }
    let inner = min(at + 1, bytes.count)..<min(end, bytes.count)
    let after = min(end + 1, bytes.count)
    var next = after
    while next < bytes.count, isBlank(bytes[next]) { next += 1 }
    if next < bytes.count, bytes[next] == 0x3a {
      levels[levels.count - 1].key = Self.unescaped(bytes[inner])
      output += bytes[at..<after]
    } else if isSecretNext || isPrivateTextNext, !inner.isEmpty {
      output.append(0x22)
      output += substitute(Self.unescaped(bytes[inner])).utf8
      output.append(0x22)
    } else {
      if let key = levels[levels.count - 1].key?.lowercased(), key == "name" || key == "key" {
        levels[levels.count - 1].namesSecret = SecretNames.isSecret(
          key: Self.unescaped(bytes[inner]))
      }
      output += bytes[at..<after]
    }
    at = after
  }

  /// A number or a word.
  private mutating func bare(_ substitute: (String) -> String) {
    var end = at
    while end < bytes.count, isBare(bytes[end]) { end += 1 }
    let word = String(decoding: bytes[at..<end], as: UTF8.self)
    if ["null", "true", "false"].contains(word) {
      output += bytes[at..<end]
    } else {
      output += "\"\(substitute(word))\"".utf8
    }
    at = end
  }

  private func isBare(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2b, 0x2d, 0x2e, 0x5f: true
    default: false
    }
  }

  private func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0d).contains(byte) }

  /// The text that a quoted one stands for (RFC 8259 §7), so that equal secrets are equal however
  /// they are written.
  static func unescaped(_ bytes: ArraySlice<UInt8>) -> String {
    guard bytes.contains(0x5c) else { return String(decoding: bytes, as: UTF8.self) }
    var units: [UInt16] = []
    var text = ""
    func flush() {
      text += String(decoding: units, as: UTF16.self)
      units = []
    }
    var at = bytes.startIndex
    var plain: [UInt8] = []
    while at < bytes.endIndex {
      guard bytes[at] == 0x5c, at + 1 < bytes.endIndex else {
        plain.append(bytes[at])
        at += 1
        continue
      }
      let digits = bytes[(at + 2)...].prefix(4)
      if bytes[at + 1] == 0x75, digits.count == 4,
        let unit = UInt16(String(decoding: digits, as: UTF8.self), radix: 16)
      {
        text += String(decoding: plain, as: UTF8.self)
        plain = []
        units.append(unit)
        at += 6
        if at + 1 >= bytes.endIndex || bytes[at] != 0x5c || bytes[at + 1] != 0x75 { flush() }
        continue
      }
      let short: [UInt8: UInt8] = [0x6e: 0x0a, 0x72: 0x0d, 0x74: 0x09, 0x62: 0x08, 0x66: 0x0c]
      plain.append(short[bytes[at + 1]] ?? bytes[at + 1])
      at += 2
    }
    return text + String(decoding: plain, as: UTF8.self)
  }
}

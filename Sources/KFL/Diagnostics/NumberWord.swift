/// A word that begins with digits and is no number, and what its writer probably meant.
struct NumberWord {
  private(set) var text: String
  private(set) var range: Range<Int>
  private(set) var hint = "put text into quotes"
  private(set) var fix: [Edit] = []

  /// The word at `start`, widened over what belongs to dates and addresses.
  init(at start: Int, in lexer: Lexer) {
    let bytes = lexer.bytes
    func isPart(_ byte: UInt8) -> Bool { byte.isNamePart || ".:-/+".utf8.contains(byte) }
    var (first, end) = (start, start)
    while end < bytes.count, isPart(bytes[end]) { end += 1 }
    // `10.0.0.*`
    if end < bytes.count, bytes[end] == UInt8(ascii: "*"), bytes[end - 1] == UInt8(ascii: ".") {
      end += 1
    }
    while end > start + 1, "-+/".utf8.contains(bytes[end - 1]) { end -= 1 }
    // A date begins earlier: its year and month were taken for numbers.
    while first > 0, bytes[first - 1].isNamePart || bytes[first - 1] == UInt8(ascii: "-") {
      first -= 1
    }
    range = first..<end
    text = String(decoding: bytes[range], as: UTF8.self)
    if first != start, !looksLikeDate(text), !bytes[first..<start].contains(where: \.isNameStart) {
      range = start..<end
      text = String(decoding: bytes[range], as: UTF8.self)
    }
    interpret(lexer)
  }

  private mutating func interpret(_ lexer: Lexer) {
    let tokens = lexer.tokens.filter { Int($0.start) < range.lowerBound }
    let operand = Operand(before: tokens, lexer.bytes)
    if looksLikeDate(text) {
      hint = "instants are written timestamp(\"…\")"
      fix = [Edit(range, "timestamp(\"\(DateText.completed(text) ?? text)\")")]
    } else if let hundred = statusClass {
      hint = "a class of status codes is a range"
      if let operand, let sign = tokens.last,
        sign.kind == .equal || sign.kind == .notEqual || sign.kind == .name
      {
        fix = [
          Edit(
            operand.range.lowerBound..<range.upperBound,
            sign.kind != .notEqual
              ? "(\(operand.text) >= \(hundred)00 && \(operand.text) < \(hundred + 1)00)"
              : "(\(operand.text) < \(hundred)00 || \(operand.text) >= \(hundred + 1)00)")
        ]
      }
    } else if let nanoseconds = TimeText.duration(text) {
      hint = "lengths of time are written duration(\"\(text)\")"
      if let sign = tokens.last, sign.kind == .minus, operand == nil {
        // `timestamp > -5m`
        fix = [
          Edit(Int(sign.start)..<range.upperBound, "now() - duration(\"\(text)\")")
        ]
      } else {
        fix = [Edit(range, duration(nanoseconds, tokens.last, operand))]
      }
    } else if let number = Int64(text.filter { $0 != "_" && $0 != "'" }) {
      hint = "digits are not grouped"
      fix = [Edit(range, String(number))]
    } else if text.hasSuffix(".*"), let operand, let sign = tokens.last,
      sign.kind == .equal || sign.kind == .notEqual
    {
      hint = "what begins alike is asked for by startsWith"
      fix = [
        Edit(
          operand.range.lowerBound..<range.upperBound,
          (sign.kind == .equal ? "" : "!") + "\(operand.text).startsWith(\"\(text.dropLast())\")")
      ]
    } else if let bytes = Self.bytes(of: text) {
      hint = "sizes are plain numbers of bytes"
      fix = [Edit(range, String(bytes))]
    } else if looksLikeAddress {
      hint = "addresses are text, in quotes"
      fix = [Edit(range, "\"\(text)\"")]
      if text.contains("/"), let operand, let sign = tokens.last,
        sign.kind == .equal || sign.kind == .notEqual || sign.kind == .name
      {
        let isEqual = sign.kind != .notEqual
        hint = "networks go with in_cidr(address, \"…\")"
        fix = [
          Edit(
            operand.range.lowerBound..<range.upperBound,
            (isEqual ? "" : "!") + "in_cidr(\(operand.text), \"\(text)\")")
        ]
      }
    } else {
      fix = [Edit(range, "\"\(text)\"")]
    }
  }

  private func looksLikeDate(_ text: String) -> Bool {
    let bytes = Array(text.utf8)
    return bytes.count >= 10 && bytes[0..<4].allSatisfy(\.isDigit) && bytes[4] == 0x2d
      && bytes[5].isDigit && bytes[7] == 0x2d
  }

  private var looksLikeAddress: Bool {
    text.split(separator: ".").count == 4
      && text.utf8.allSatisfy { $0.isDigit || $0 == 0x2e || $0 == 0x2f }
  }

  /// 5 for `5xx`.
  private var statusClass: Int? {
    let folded = text.lowercased()
    guard folded.utf8.count == 3, folded.hasSuffix("xx") else { return nil }
    return folded.first?.wholeNumberValue
  }

  /// Bytes of `10KB`, `5MiB`.
  static func bytes(of text: String) -> Int64? {
    let digits = text.prefix { $0.isNumber || $0 == "." }
    guard let number = Double(digits), number < 0x1p30 else { return nil }
    let unit: Double
    switch text.dropFirst(digits.count).lowercased() {
    case "b": unit = 1
    case "k", "kb": unit = 1e3
    case "mb": unit = 1e6
    case "gb": unit = 1e9
    case "kib": unit = 0x1p10
    case "mib": unit = 0x1p20
    case "gib": unit = 0x1p30
    default: return nil
    }
    return Int64(number * unit)
  }

  /// A length of time as the operand beside it wants it: microseconds for `elapsed_time`,
  /// milliseconds for the legacy latency, an instant for `timestamp`.
  private func duration(_ nanoseconds: Int64, _ sign: Token?, _ operand: Operand?) -> String {
    let text = "duration(\"\(text)\")"
    guard let operand, let sign, sign.kind != .plus, sign.kind != .minus else { return text }
    switch operand.text {
    case "timestamp": return "now() - \(text)"
    case "response.latency", "elapsedTime": return String(nanoseconds / 1_000_000)
    case _ where operand.text.hasSuffix(")"): return text
    default: return String(nanoseconds / 1000)
    }
  }
}

/// The operand left of an operator, as it was written: `request.headers["host"]`.
struct Operand {
  let range: Range<Int>
  let text: String

  /// The operand before the last of `tokens`, which is an operator; nil when there is none.
  init?(before tokens: [Token], _ bytes: [UInt8]) {
    self.init(endingBefore: tokens.count - 1, tokens, bytes)
  }

  /// The operand that ends with the token before `place`.
  init?(endingBefore place: Int, _ tokens: [Token], _ bytes: [UInt8]) {
    guard place > 0, place <= tokens.count, tokens[place - 1].endsOperand else { return nil }
    var at = place - 1
    while true {
      // A bracketed part goes with what stands before it.
      if tokens[at].kind == .rightParenthesis || tokens[at].kind == .rightBracket {
        var open = 0
        while at >= 0 {
          switch tokens[at].kind {
          case .rightParenthesis, .rightBracket: open += 1
          case .leftParenthesis, .leftBracket: open -= 1
          default: break
          }
          if open == 0 { break }
          at -= 1
        }
        guard at > 0 else { break }
        if tokens[at - 1].kind == .name || tokens[at - 1].kind == .rightBracket,
          tokens[at - 1].end == tokens[at].start
        {
          at -= 1
          continue
        }
        break
      }
      guard at >= 2, tokens[at - 1].kind == .dot else { break }
      at -= 2
    }
    guard at >= 0 else { return nil }
    range = Int(tokens[at].start)..<Int(tokens[place - 1].end)
    text = String(decoding: bytes[range], as: UTF8.self)
  }
}

/// Dates people write, completed to RFC 3339.
enum DateText {
  /// `2026-03-14` → `2026-03-14T00:00:00Z`; nil when it cannot be completed.
  static func completed(_ text: String) -> String? {
    let text = text.trimmingBlanks.replacing(" ", with: "T").replacing("/", with: "-")
    let endings = ["", "Z", ":00Z", ":00:00Z", "T00:00:00Z"]
    return endings.lazy.map { text + $0 }.first { Instant(rfc3339: $0) != nil }
  }

  /// `5 minutes` → `5m`; nil when it is no length of time in words.
  static func duration(_ text: String) -> String? {
    let folded = text.lowercased().replacing(" ago", with: "").trimmingBlanks
    if TimeText.duration(folded) != nil { return folded }
    let joined = String(folded.filter { $0 != " " })
    if TimeText.duration(joined) != nil { return joined }
    let digits = joined.prefix { $0.isNumber || $0 == "." || $0 == "-" }
    let units = [
      ("millisecond", "ms"), ("msec", "ms"), ("microsecond", "us"), ("nanosecond", "ns"),
      ("second", "s"), ("sec", "s"), ("minute", "m"), ("min", "m"), ("hour", "h"), ("hr", "h"),
      ("day", "d"),
    ]
    let word = joined.dropFirst(digits.count)
    if word.hasPrefix("week"), let weeks = Int(digits) { return "\(weeks * 7)d" }
    guard let unit = units.first(where: { word.hasPrefix($0.0) }) else {
      return digits.count == joined.count && !digits.isEmpty ? digits + "s" : nil
    }
    let result = String(digits) + unit.1
    return TimeText.duration(result) == nil ? nil : result
  }
}

extension String {
  /// Without blanks at both ends.
  var trimmingBlanks: String {
    let start = drop { $0 == " " }
    return String(start.reversed().drop { $0 == " " }.reversed())
  }
}

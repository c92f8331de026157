import Bytes

// Functions on text.

extension Function {
  static let contains = Function(
    "contains", .method, [Signature(.string, .string, gives: .bool)],
    doc: "Whether the text has the argument in it, byte for byte.",
    example: Example(#""/api/v1/orders".contains("v1")"#, gives: .bool(true)),
    rank: 3, body: textTest("contains") { $0.contains(text: $1) })

  static let startsWith = Function(
    "startsWith", .method, [Signature(.string, .string, gives: .bool)],
    doc: "Whether the text begins with the argument, byte for byte.",
    example: Example(#""/api/v1".startsWith("/api")"#, gives: .bool(true)),
    body: textTest("startsWith") { $0.starts(withText: $1) })

  static let endsWith = Function(
    "endsWith", .method, [Signature(.string, .string, gives: .bool)],
    doc: "Whether the text ends with the argument, byte for byte.",
    example: Example(#""s3.amazonaws.com".endsWith(".com")"#, gives: .bool(true)),
    body: textTest("endsWith") { $0.ends(withText: $1) })

  static let matches = Function(
    "matches", .either, [Signature(.string, .string, gives: .bool)],
    doc:
      "Whether the regular expression (RE2) is found anywhere in the text; anchor it with ^ and $.",
    example: Example(#""/api/v1/orders".matches("^/api/v[0-9]+/")"#, gives: .bool(true)),
    rank: 5,
    body: .two { text, pattern throws(Failure) in
      guard case .string(let text) = text, case .string(let pattern) = pattern else {
        throw noOverload("matches", text, pattern)
      }
      do throws(Pattern.Refused) {
        return .bool(try Pattern(pattern).isFound(in: text))
      } catch {
        throw .badPattern(error.reason)
      }
    },
    prepare: { arguments throws(BadLiteral) in
      guard case .string(let text)? = arguments[1] else { return nil }
      do throws(Pattern.Refused) {
        return .pattern(try Pattern(text))
      } catch {
        throw BadLiteral(
          code: error.isTooLarge ? .limit : .regex, message: error.reason, argument: 1)
      }
    })

  static let size = Function(
    "size", .either,
    [
      Signature(.string, gives: .int), Signature(.bytes, gives: .int),
      Signature(.list(.dyn), gives: .int), Signature(.map(.dyn, .dyn), gives: .int),
    ],
    doc: "How many code points, bytes, elements or keys there are.",
    example: Example(#"size("añb")"#, gives: .int(3)),
    body: .one { value throws(Failure) in
      switch value {
      case .string(let text): return .int(Int64(text.unicodeScalars.count))
      case .bytes(let bytes): return .int(Int64(bytes.count))
      case .list(let elements): return .int(Int64(elements.count))
      case .map(let map): return .int(Int64(map.count))
      default: throw noOverload("size", value)
      }
    })

  static let lower = Function(
    "lower", .either, [Signature(.string, gives: .string)],
    doc: "The text in lower case.", example: Example(#"lower("GET")"#, gives: .string("get")),
    isStandard: false,
    body: .one { value throws(Failure) in
      guard case .string(let text) = value else { throw noOverload("lower", value) }
      return .string(text.lowercased())
    })

  static let upper = Function(
    "upper", .either, [Signature(.string, gives: .string)],
    doc: "The text in upper case.", example: Example(#"upper("get")"#, gives: .string("GET")),
    isStandard: false,
    body: .one { value throws(Failure) in
      guard case .string(let text) = value else { throw noOverload("upper", value) }
      return .string(text.uppercased())
    })

  /// A condition on two texts.
  private static func textTest(
    _ name: String, _ test: @escaping @Sendable (String, String) -> Bool
  ) -> Body {
    .two { text, argument throws(Failure) in
      guard case .string(let text) = text, case .string(let argument) = argument else {
        throw noOverload(name, text, argument)
      }
      return .bool(test(text, argument))
    }
  }
}

extension String {
  /// Whether `part` occurs, byte for byte.
  func contains(text part: String) -> Bool {
    if part.isEmpty { return true }
    return utf8.span.firstOffset(of: part.utf8.span) != nil
  }

  /// Whether it begins with `part`, byte for byte.
  func starts(withText part: String) -> Bool {
    let count = part.utf8.count
    guard utf8.count >= count else { return false }
    let (text, part) = (utf8.span, part.utf8.span)
    for place in 0..<count where text[place] != part[place] { return false }
    return true
  }

  /// Whether it ends with `part`, byte for byte.
  func ends(withText part: String) -> Bool {
    let count = part.utf8.count
    let start = utf8.count - count
    guard start >= 0 else { return false }
    let (text, part) = (utf8.span, part.utf8.span)
    for place in 0..<count where text[start + place] != part[place] { return false }
    return true
  }
}

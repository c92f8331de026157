import ToolKit

/// An element of the plain XML that S3 answers with: names, nesting and text; no attributes.
struct XMLElement: Hashable, Sendable {
  /// Elements within each other.
  private static let maxDepth = 32

  /// Without its prefix.
  var name: String
  /// The text in it, entities replaced, without spaces around it.
  var text = ""
  var children: [XMLElement] = []

  subscript(name: String) -> XMLElement? { children.first { $0.name == name } }
  func all(_ name: String) -> [XMLElement] { children.filter { $0.name == name } }

  private init(name: String) { self.name = name }

  /// The root of a document; nil when it is not well-formed as far as we look.
  init?(_ bytes: [UInt8]) {
    var open: [XMLElement] = []
    var root: XMLElement?
    var at = 0
    while at < bytes.count {
      guard bytes[at] == UInt8(ascii: "<") else {
        let end = bytes[at...].firstIndex(of: UInt8(ascii: "<")) ?? bytes.count
        if !open.isEmpty { open[open.count - 1].text += Self.text(bytes[at..<end]) }
        at = end
        continue
      }
      guard let end = bytes[at...].firstIndex(of: UInt8(ascii: ">")) else { return nil }
      let tag = bytes[(at + 1)..<end]
      at = end + 1
      switch tag.first {
      case UInt8(ascii: "?"), UInt8(ascii: "!"): continue
      case UInt8(ascii: "/"):
        guard var done = open.popLast(), done.name == Self.name(tag.dropFirst()) else { return nil }
        done.text = done.text.trimmed
        guard !open.isEmpty else {
          root = done
          continue
        }
        open[open.count - 1].children.append(done)
      default:
        guard root == nil, open.count < Self.maxDepth else { return nil }
        let element = XMLElement(name: Self.name(tag))
        if tag.last != UInt8(ascii: "/") {
          open.append(element)
        } else if open.isEmpty {
          root = element
        } else {
          open[open.count - 1].children.append(element)
        }
      }
    }
    guard let root, open.isEmpty else { return nil }
    self = root
  }

  private static func name(_ tag: ArraySlice<UInt8>) -> String {
    let word = tag.prefix { $0 > 0x20 && $0 != UInt8(ascii: "/") }
    return String(decoding: word.split(separator: UInt8(ascii: ":")).last ?? [], as: UTF8.self)
  }

  private static func text(_ bytes: ArraySlice<UInt8>) -> String {
    var text = ""
    var rest = String(decoding: bytes, as: UTF8.self)[...]
    while let start = rest.firstIndex(of: "&") {
      text += rest[..<start]
      rest = rest[start...]
      guard let end = rest.firstIndex(of: ";"), let character = entity(rest[..<end].dropFirst())
      else {
        text += "&"
        rest = rest.dropFirst()
        continue
      }
      text.append(character)
      rest = rest[end...].dropFirst()
    }
    return text + rest
  }

  private static func entity(_ name: Substring) -> Character? {
    switch name {
    case "amp": return "&"
    case "lt": return "<"
    case "gt": return ">"
    case "quot": return "\""
    case "apos": return "'"
    default: break
    }
    guard name.hasPrefix("#") else { return nil }
    let digits = name.dropFirst()
    let number =
      digits.hasPrefix("x") ? UInt32(digits.dropFirst(), radix: 16) : UInt32(digits)
    return number.flatMap(Unicode.Scalar.init).map(Character.init)
  }
}

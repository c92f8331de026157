/// The edits that mend the arguments of a call.
struct ArgumentFix {
  private(set) var edits: [Edit] = []

  init(
    _ function: Function, _ arguments: [Checked], _ syntax: [Syntax], _ node: Syntax,
    _ checker: Checker
  ) {
    let texts = syntax.map { checker.text($0) }
    switch (function.name, arguments.first?.type) {
    case ("contains", .list(let element)?) where arguments.count == 2:
      edits = [
        Edit(
          node.range, "\(Problem.converted(arguments[1], to: element) ?? texts[1]) in \(texts[0])")
      ]
    case ("contains", .map?) where arguments.count == 2:
      edits = [Edit(node.range, "\(texts[1]) in \(texts[0])")]
    case ("startsWith", .list(.string)?), ("endsWith", .list(.string)?),
      ("matches", .list(.string)?):
      if arguments.count == 2 {
        edits = [
          Edit(node.range, "\(texts[0]).exists(v, v.\(function.name)(\(texts[1])))")
        ]
      }
    case ("contains", let type?), ("startsWith", let type?), ("endsWith", let type?),
      ("matches", let type?):
      guard arguments.count == 2 else { break }
      if type.isNumber { edits.append(Edit(syntax[0].range, "string(\(texts[0]))")) }
      if let literal = Problem.converted(arguments[1], to: .string) {
        edits.append(Edit(syntax[1].range, literal))
      }
    case ("map_get", .map(_, let value)?) where value != .dyn:
      let fallback = value.defaultValue.literalText
      if arguments.count == 2 {
        edits = [.insert(", \(fallback)", at: syntax[1].range.upperBound)]
      } else if arguments.count == 3 {
        edits = [
          Edit(syntax[2].range, Problem.converted(arguments[2], to: value) ?? fallback)
        ]
      }
    case ("size", let type?) where type.isNumber && arguments.count == 1:
      edits = [Edit(node.range, texts[0])]
    case ("duration", .int?) where arguments.count == 1:
      edits = [Edit(syntax[0].range, "\"\(texts[0])s\"")]
    case ("lower", let type?), ("upper", let type?):
      if type.isNumber, arguments.count == 1 {
        edits = [Edit(syntax[0].range, "string(\(texts[0]))")]
      }
    default: break
    }
  }
}

extension Syntax {
  /// The same expression with every node standing at `range`: text of a macro or a legacy name is
  /// not part of the filter, its place there is where it is used.
  func placed(at range: Range<Int>) -> Syntax {
    func moved(_ nodes: [Syntax]) -> [Syntax] { nodes.map { $0.placed(at: range) } }
    func moved(_ node: Syntax) -> Syntax { node.placed(at: range) }
    let kind: Kind =
      switch self.kind {
      case .literal, .regex, .name: self.kind
      case .member(let target, let name): .member(moved(target), name)
      case .index(let target, let index): .index(moved(target), moved(index))
      case .anyMember(let target): .anyMember(moved(target))
      case .call(let name, let arguments): .call(name, moved(arguments))
      case .method(let target, let name, let arguments, _):
        .method(moved(target), name, moved(arguments), name: range)
      case .not(let operand): .not(moved(operand))
      case .negate(let operand): .negate(moved(operand))
      case .binary(let sign, let a, let b, _): .binary(sign, moved(a), moved(b), sign: range)
      case .and(let operands, let isWord): .and(moved(operands), isWord: isWord)
      case .or(let operands): .or(moved(operands))
      case .conditional(let a, let b, let c): .conditional(moved(a), moved(b), moved(c))
      case .list(let elements): .list(moved(elements))
      case .map(let pairs): .map(pairs.map { (key: moved($0.key), value: moved($0.value)) })
      case .braces(let elements): .braces(moved(elements))
      }
    return Syntax(kind, range, parentheses: parentheses, depth: depth)
  }
}

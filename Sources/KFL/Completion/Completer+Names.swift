// What may stand where an operand, a member or an operator may.

extension Completer {
  /// Names that continue the word: variables first, then what stands for expressions, then calls.
  func names() -> [Completion] {
    var found: [(score: Int, completion: Completion)] = []
    func offer(
      _ name: String, _ kind: Completion.Kind, _ type: String, _ doc: String, rank: Int,
      opening: String = ""
    ) {
      guard let score = match(name) else { return }
      let completion = Completion(
        text: name + opening, kind: kind, type: type, doc: doc, replaces: start..<end)
      found.append((score * 10 + rank, completion))
    }
    for local in locals {
      offer(
        local.name, .variable, local.type?.description ?? "", "The element that is looked at.",
        rank: 0)
    }
    for variable in schema.variables {
      let doc = variable.doc + (variable.unit.map { " [\($0)]" } ?? "")
      offer(
        variable.name, .variable, variable.type.description, doc, rank: variable.isFlag ? 0 : 1)
    }
    for (name, text) in schema.macros.sorted(by: { $0.key < $1.key }) where schema.slot(name) == nil
    {
      offer(name, .macro, "bool", text, rank: 1)
    }
    for function in Function.all where function.style != .method {
      offer(
        function.name, .function, "", function.usage + ": " + function.doc, rank: 2, opening: "(")
    }
    offer(
      "has", .function, "", SpecialForm.has.usage + ": " + SpecialForm.has.doc, rank: 2,
      opening: "(")
    for (keyword, doc) in Self.keywords { offer(keyword, .keyword, "", doc, rank: 3) }
    for legacy in LegacyName.all
    where !legacy.name.contains("[]") && schema.slot(legacy.name) == nil && !word.isEmpty
      && legacy.name.hasPrefix(word)
    {
      offer(legacy.name, .variable, "", "Older name of \(legacy.meaning).", rank: 40)
    }
    return found.enumerated().sorted {
      ($0.element.score, $0.offset) < ($1.element.score, $1.offset)
    }
    .map(\.element.completion)
  }

  private static let keywords = [
    ("true", "The condition that always holds."), ("false", "The condition that never holds."),
    ("not", "The opposite of the condition behind it."),
  ]

  /// How well a name continues the word: 0 from its beginning, 1 from the beginning of a part,
  /// 2 inside; nil when it does not.
  private func match(_ name: String) -> Int? {
    if name.hasPrefix(word) { return name == word ? nil : 0 }
    let folded = word.lowercased()
    if name.lowercased().hasPrefix(folded) { return 1 }
    // `statusC` for `status_code`
    if Nearest.folded(name).starts(with: Nearest.folded(word)) { return 1 }
    guard !word.contains("."), word.utf8.count >= 2 else { return nil }
    let parts = name.split(whereSeparator: { $0 == "." || $0 == "_" })
    if parts.contains(where: { $0.lowercased().hasPrefix(folded) }) { return 1 }
    return name.contains(folded) ? 2 : nil
  }

  /// Methods behind a complete name: `path.st` → `path.startsWith(`.
  func members() -> [Completion] {
    guard let dot = word.lastIndex(of: "."), let type = type(of: String(word[..<dot])) else {
      return []
    }
    return methods(of: type, prefix: String(word[word.index(after: dot)...]))
  }

  /// - Parameter type: of the receiver; nil when it is not known.
  func methods(of type: KFLType?, prefix: String) -> [Completion] {
    let place = end - prefix.utf8.count..<end
    var result: [Completion] = []
    for function in Function.all where function.style != .global {
      guard function.name.hasPrefix(prefix),
        type.map({ type in
          function.signatures.contains { $0.arguments.first.map(type.fits) ?? false }
        }) ?? true
      else { continue }
      result.append(
        Completion(
          text: function.name + "(", kind: .function, type: "", doc: function.doc, replaces: place))
    }
    let canWalk: Bool =
      switch type {
      case .list?, .map?, .dyn?, nil: true
      default: false
      }
    guard canWalk else { return result }
    for form in SpecialForm.walks + SpecialForm.pairWalks where form.name.hasPrefix(prefix) {
      result.append(
        Completion(
          text: form.name + form.opening, kind: .function, type: "", doc: form.doc,
          replaces: place))
    }
    return result
  }

  /// Signs and words that may follow the operand before the cursor.
  func operators() -> [Completion] {
    let type = typeBefore
    var result: [Completion] = []
    for row in OperatorRow.all where type.map(row.follows) ?? true {
      for sign in [row.sign, row.word].compactMap(\.self) where sign.hasPrefix(word) {
        result.append(
          Completion(text: sign, kind: .keyword, type: "", doc: row.doc, replaces: start..<end))
      }
    }
    return result
  }
}

// Names: variables, legacy names, macros, type names, and the members behind them.

/// A name with everything that follows it: `request.questions[0].name`.
struct NamePath {
  enum Step {
    case member(String, Syntax)
    case index(Syntax, Syntax)
  }

  var root: String
  var isAbsolute: Bool
  var rootNode: Syntax
  var steps: [Step] = []

  /// Nil when the node does not begin with a name.
  init?(_ node: Syntax) {
    var current = node
    var reversed: [Step] = []
    while true {
      switch current.kind {
      case .name(let name, let isAbsolute):
        root = name
        self.isAbsolute = isAbsolute
        rootNode = current
        steps = reversed.reversed()
        return
      case .member(let target, let name):
        reversed.append(.member(name, current))
        current = target
      case .index(let target, let index):
        reversed.append(.index(index, current))
        current = target
      default: return nil
      }
      // `(a).b` is a member of whatever `a` is; names do not reach into parentheses.
      guard current.parentheses == 0 else { return nil }
    }
  }

  /// The names up to the first index, joined by dots.
  var dotted: String {
    var text = root
    for case .member(let name, _) in steps { text += "." + name }
    return text
  }

  /// The first `count` parts as a legacy row spells them, or nil when they hold no index.
  func pattern(_ count: Int) -> String {
    var text = root
    for step in steps.prefix(count - 1) {
      switch step {
      case .member(let name, _): text += "." + name
      case .index: text += "[]"
      }
    }
    return text
  }

  /// How many leading parts are joined by dots alone.
  var dottedCount: Int {
    var count = 1
    for step in steps {
      guard case .member = step else { break }
      count += 1
    }
    return count
  }
}

extension Checker {
  /// What a path begins with.
  enum Resolution {
    case local(Int)
    case variable(slot: Int)
    case alias(Alias.Target)
    case macro(String)
    case type(String)
    /// A legacy path into the raw record.
    case record(rawSlot: Int)
  }

  /// What the path means and how many of its parts that takes; nil when it is not known.
  func resolve(_ path: NamePath) -> (Resolution, parts: Int)? {
    if !path.isAbsolute, let place = locals.lastIndex(where: { $0.name == path.root }) {
      return (.local(place), 1)
    }
    if path.steps.isEmpty, let slot = schema.slot(path.root) { return (.variable(slot: slot), 1) }
    let dotted = path.dottedCount
    let isLegacyRoot = dialect == .kfl
    var count = min(path.steps.count + 1, max(schema.longestName, isLegacyRoot ? 5 : 3))
    while count > 0 {
      let name = path.pattern(count)
      if count <= dotted {
        if hasWords, let target = Alias.onlyWithWords[name], schema.slot(target) != nil {
          return (.alias(.variable(target)), count)
        }
        if let slot = schema.slot(name) { return (.variable(slot: slot), count) }
      }
      if isLegacyRoot, let alias = Alias.byPath[name] { return (.alias(alias.target), count) }
      if count <= dotted, TypeName.all.contains(name) { return (.type(name), count) }
      count -= 1
    }
    if schema.macros[path.root] != nil, dialect == .kfl { return (.macro(path.root), 1) }
    if isLegacyRoot, !path.steps.isEmpty, Alias.recordRoots.contains(path.root),
      let raw = schema.slot("raw")
    {
      return (.record(rawSlot: raw), 0)
    }
    return nil
  }

  /// A name, or members and indexes of one.
  mutating func reference(_ node: Syntax, against hint: Syntax?) -> Checked {
    guard let path = NamePath(node) else { return stepOnExpression(node) }
    guard let (resolution, parts) = resolve(path), !isForeign(path, resolution, parts) else {
      return unknown(path, node)
    }
    var steps = path.steps.dropFirst(max(parts - 1, 0))
    var result: Checked
    let range = parts > 1 ? path.range(parts) : path.rootNode.range
    switch resolution {
    case .local(let place):
      result = Checked(.local(place, name: path.root), locals[place].type, range)
    case .variable(let slot):
      result = variable(slot, range, name: path.pattern(parts))
    case .alias(let target):
      note(legacyName: true)
      result = legacy(target, range, &steps, path, against: hint)
    case .macro(let name):
      let expansion = expanded(name, path.rootNode)
      result = Checked(expansion.kind, expansion.type, range)
    case .type(let name): result = Checked(.literal(.type(name)), .type, range)
    case .record(let slot):
      note(legacyName: true)
      return recordPath(path, slot, node)
    }
    for step in steps { result = self.step(step, of: result) }
    return result
  }

  /// Whether the name is another tool's, although it begins like one of ours: `tcp.port`.
  func isForeign(_ path: NamePath, _ resolution: Resolution, _ parts: Int) -> Bool {
    guard checks, dialect == .kfl, case .variable(let slot) = resolution, path.dottedCount > parts
    else { return false }
    switch schema.variables[slot].type {
    case .map, .list, .dyn: return false
    default: return ForeignName.isTabled(path.dotted)
    }
  }

  private mutating func variable(_ slot: Int, _ range: Range<Int>, name: String) -> Checked {
    let legacy =
      dialect == .kfl && Alias.formerlyText.contains(name) ? Checked.Legacy(coerces: true) : nil
    warnAboutTransport(name, slot, range)
    // Names with underscores, and those the legacy spelling put under `request`.
    if name.contains("_") || ["method", "path", "url"].contains(name) { note(legacyName: false) }
    return Checked(.variable(slot: slot), schema.variables[slot].type, range, legacy: legacy)
  }

  /// What a legacy name stands for.
  private mutating func legacy(
    _ target: Alias.Target, _ range: Range<Int>, _ steps: inout ArraySlice<NamePath.Step>,
    _ path: NamePath, against hint: Syntax?
  ) -> Checked {
    func named(_ name: String, _ legacy: Checked.Legacy) -> Checked? {
      schema.slot(name).map {
        Checked(.variable(slot: $0), schema.variables[$0].type, range, legacy: legacy)
      }
    }
    var result: Checked?
    switch target {
    case .variable(let name), .map(let name): result = named(name, Checked.Legacy())
    case .rewritten(let name, let rewrite): result = named(name, Checked.Legacy(rewrite: rewrite))
    case .guarded(let name, let flag):
      let presence = schema.slot(flag).map { Checked(.variable(slot: $0), .bool, range) }
      result = named(name, Checked.Legacy(presence: presence))
    case .entry(let map, let key):
      result = named(map, Checked.Legacy()).map {
        Checked(
          .index($0, Checked(.literal(.string(key)), .string, range), isQuiet: false),
          .string, range, legacy: Checked.Legacy())
      }
    case .element(let list):
      let index = path.steps.lazy.compactMap { step -> Syntax? in
        if case .index(let index, _) = step { index } else { nil }
      }.first
      if let index { result = element(of: named(list, Checked.Legacy()), at: index, range) }
    case .expression(let text):
      if var parser = try? Parser(Array(text.utf8), dialect: .kfl), let parsed = try? parser.run() {
        let outer = hasModernNames
        let checked = check(parsed.placed(at: range))
        hasModernNames = outer
        result = Checked(checked.kind, checked.type, range, legacy: Checked.Legacy())
      }
    case .choice(let choose):
      let literal = hint?.literal ?? hint?.firstElement?.literal
      let chosen = choose(literal) { name in
        schema.slot(name).map(assertedFlags.contains) ?? false
      }
      return legacy(chosen, range, &steps, path, against: nil)
    }
    guard let result else {
      report(.undeclared(path.dotted, at: range, in: self))
      return Checked(.literal(.null), .dyn, range)
    }
    return result
  }

  /// An element of a list by its legacy name: absent when the list is too short.
  private mutating func element(
    of list: Checked?, at index: Syntax, _ range: Range<Int>
  ) -> Checked? {
    guard let list else { return nil }
    let place = check(index)
    let count = Checked(
      .call(.size, [list.with(legacy: nil)], Function.size.body, isMethod: false), .int, range)
    let presence = Checked(.operation(.greater, count, place), .bool, range)
    return Checked(
      .index(list.with(legacy: nil), place, isQuiet: false), .string, range,
      legacy: Checked.Legacy(presence: presence))
  }

  /// A path into the raw record: dynamic, and quiet about what is missing.
  private mutating func recordPath(
    _ path: NamePath, _ slot: Int, _ node: Syntax
  ) -> Checked {
    var result = Checked(.variable(slot: slot), schema.variables[slot].type, node.range)
    result = Checked(.member(result, path.root, isQuiet: true), .dyn, path.rootNode.range)
    var name = path.root
    for step in path.steps {
      switch step {
      case .member(let member, let syntax):
        name += "." + member
        result = Checked(.member(result, member, isQuiet: true), .dyn, syntax.range)
      case .index(let index, let syntax):
        name += "[]"
        result = Checked(.index(result, check(index), isQuiet: true), .dyn, syntax.range)
      }
    }
    if ForeignName.isLikely(slipFor: name) || !schema.rawPaths.isEmpty && !schema.knowsRawPath(name)
    {
      warn(.unknownField(name, at: node.range, in: self))
    }
    return Checked(result.kind, .dyn, node.range, legacy: Checked.Legacy(coerces: false))
  }

  /// A member or element of something that is not a name.
  private mutating func stepOnExpression(_ node: Syntax) -> Checked {
    switch node.kind {
    case .member(let target, let name): step(.member(name, node), of: check(target))
    case .index(let target, let index): step(.index(index, node), of: check(target))
    default: broken(node)
    }
  }

  /// One member or element further.
  private mutating func step(_ step: NamePath.Step, of target: Checked) -> Checked {
    switch step {
    case .member(let name, let node): member(name, of: target, node)
    case .index(let index, let node): element(index, of: target, node)
    }
  }

  private mutating func member(_ name: String, of target: Checked, _ node: Syntax) -> Checked {
    switch target.type {
    case .map(let key, let value):
      if checks, !KFLType.string.fits(key) {
        report(.noMember(name, target.type, at: node.range))
        return broken(node)
      }
      let isQuiet = target.legacy != nil && target.type == .dyn
      let key = isHeaderMap(target) ? name.lowercased() : name
      return Checked(
        .member(target.with(legacy: nil), key, isQuiet: isQuiet), value, node.range,
        legacy: legacyKey(name, target))
    case .dyn:
      return Checked(.member(target, name, isQuiet: false), .dyn, node.range)
    default:
      guard checks else { return Checked(.member(target, name, isQuiet: false), .dyn, node.range) }
      report(.unknownMember(name, of: target, node, in: self))
      return broken(node)
    }
  }

  private mutating func element(_ index: Syntax, of target: Checked, _ node: Syntax) -> Checked {
    let place = check(index)
    switch target.type {
    case .list(let element):
      if checks, ![.int, .dyn].contains(place.type) {
        report(.badIndex(place.type, .int, at: index.range))
      }
      return Checked(.index(target, place, isQuiet: false), element, node.range)
    case .map(let key, let value):
      if checks, !place.type.fits(key), !(place.type.isNumber && key.isNumber) {
        report(.badIndex(place.type, key, at: index.range))
      }
      let (folded, legacy) = (headerKey(place, of: target), place.literal.flatMap(\.string))
      return Checked(
        .index(target.with(legacy: nil), folded, isQuiet: false), value, node.range,
        legacy: legacy.flatMap { legacyKey($0, target) })
    default:
      if checks, target.type != .dyn {
        report(.notIndexable(target.type, at: node.range))
        return broken(node)
      }
      return Checked(.index(target, place, isQuiet: false), .dyn, node.range)
    }
  }

  /// Whether look-ups in that map ignore case.
  func isHeaderMap(_ target: Checked) -> Bool {
    target.slot.map { schema.variables[$0].isHeaderMap } ?? false
  }

  /// The key in the case the map is kept in.
  func headerKey(_ key: Checked, of target: Checked) -> Checked {
    guard isHeaderMap(target) else { return key }
    if case .string(let text)? = key.literal {
      return Checked(.literal(.string(text.lowercased())), .string, key.range)
    }
    guard key.type == .string || key.type == .dyn else { return key }
    if case .call(let function, _, _, _) = key.kind, function.name == "lower" { return key }
    return Checked(
      .call(.lower, [key], Function.lower.body, isMethod: false), .string, key.range)
  }

  /// Keys of legacy maps, and header names in capitals, are legacy spellings: what lacks them
  /// never matches.
  private func legacyKey(_ key: String, _ target: Checked) -> Checked.Legacy? {
    target.legacy != nil || isHeaderMap(target) && key.utf8.contains { (0x41...0x5a).contains($0) }
      ? Checked.Legacy() : nil
  }

  /// A name that means nothing here.
  private mutating func unknown(_ path: NamePath, _ node: Syntax) -> Checked {
    if dialect == .kfl, path.steps.isEmpty, let slot = schema.slot(path.root.lowercased()),
      schema.variables[slot].isFlag, path.root == path.root.uppercased()
    {
      warn(.capitalFlag(path.root, at: node.range))
      return Checked(.variable(slot: slot), .bool, node.range)
    }
    return refused(
      node, .undeclared(path.dotted, at: node.range, in: self, path: path),
      .unknownName(path.dotted))
  }
}

extension NamePath {
  /// Bytes of the first `count` parts.
  func range(_ count: Int) -> Range<Int> {
    guard count > 1, steps.count >= count - 1 else { return rootNode.range }
    switch steps[count - 2] {
    case .member(_, let node), .index(_, let node): return node.range
    }
  }
}

extension Syntax {
  /// The first element of a list literal.
  var firstElement: Syntax? {
    switch kind {
    case .list(let elements), .braces(let elements): elements.first
    default: nil
    }
  }
}

extension Value {
  /// The text this is, if it is text.
  var string: String? { if case .string(let text) = self { text } else { nil } }
}

/// Names of types as values.
enum TypeName {
  static let all: Set<String> = [
    "bool", "int", "uint", "double", "string", "bytes", "list", "map", "null_type", "type",
    "google.protobuf.Timestamp", "google.protobuf.Duration",
  ]
}

extension Schema {
  /// Whether some dissector writes that path, or one that continues it.
  func knowsRawPath(_ path: String) -> Bool {
    rawPaths.contains(path)
      || rawPaths.contains { $0.hasPrefix(path + ".") || $0.hasPrefix(path + "[") }
  }
}

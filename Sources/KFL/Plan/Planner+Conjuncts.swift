// Splitting a filter into the conditions that must all hold, each with its shape and cost.

extension Planner {
  /// The conjuncts of a condition, cheapest first.
  ///
  /// `!(a || b)` is taken apart like `!a && !b`: the two agree also where a or b fails.
  func conjuncts(_ node: Checked) -> [Conjunct] {
    var parts: [Checked] = []
    collect(node, isNegated: false, into: &parts)
    let made = parts.map { part in
      var slots: Set<Int> = []
      var rank = 0
      survey(part, &slots, &rank)
      return Conjunct(
        normalForm: Printer.text(of: part, schema: schema), range: part.range,
        slots: slots.sorted(), rank: rank, shape: shape(part, slots), condition: condition(part))
    }
    return made.enumerated().sorted { ($0.element.rank, $0.offset) < ($1.element.rank, $1.offset) }
      .map(\.element)
  }

  private func collect(_ node: Checked, isNegated: Bool, into parts: inout [Checked]) {
    switch (node.kind, isNegated) {
    case (.and(let operands, _), false), (.or(let operands), true):
      for operand in operands { collect(operand, isNegated: isNegated, into: &parts) }
    case (.not(let operand), _): collect(operand, isNegated: !isNegated, into: &parts)
    case (.literal(.bool(let flag)), _):
      if flag == isNegated { parts.append(Checked(.literal(.bool(false)), .bool, node.range)) }
    case (_, false): parts.append(node.with(parentheses: 0))
    case (_, true): parts.append(Checked(.not(node), .bool, node.range))
    }
  }

  /// Notes the variables a node reads and the rank of its dearest part.
  func survey(_ node: Checked, _ slots: inout Set<Int>, _ rank: inout Int) {
    func visit(_ children: Checked...) {
      for child in children { survey(child, &slots, &rank) }
    }
    switch node.kind {
    case .literal, .local, .failing: break
    case .variable(let slot): slots.insert(slot)
    case .member(let target, _, let isQuiet):
      rank = max(rank, isQuiet || target.type == .dyn ? 6 : 4)
      visit(target)
    case .has(let target, _):
      rank = max(rank, 4)
      visit(target)
    case .index(let target, let index, let isQuiet):
      rank = max(rank, isQuiet || target.type == .dyn ? 6 : 4)
      visit(target, index)
    case .call(let function, let arguments, _, _):
      rank = max(rank, function.rank)
      for argument in arguments { survey(argument, &slots, &rank) }
    case .operation(let sign, let a, let b):
      if a.type == .string || b.type == .string { rank = max(rank, 1) }
      if sign == .isIn, b.literalElements == nil { rank = max(rank, 4) }
      visit(a, b)
    case .negate(let operand), .not(let operand): visit(operand)
    case .and(let operands, _), .or(let operands), .list(let operands):
      for operand in operands { survey(operand, &slots, &rank) }
    case .conditional(let condition, let then, let otherwise): visit(condition, then, otherwise)
    case .map(let pairs): for pair in pairs { visit(pair.key, pair.value) }
    case .comprehension(let comprehension):
      rank = 6
      visit(comprehension.range)
      if let predicate = comprehension.predicate { visit(predicate) }
      if let result = comprehension.result { visit(result) }
    }
  }

  // MARK: Shapes

  private func shape(_ node: Checked, _ slots: Set<Int>) -> Conjunct.Shape {
    if let simple = simpleShape(node, isNegated: false) { return simple }
    if slots.count == 1, let slot = slots.first, schema.variables[slot].type == .string {
      return .text(slot: slot)
    }
    return .other
  }

  /// The shape of conditions on single variables and constants, which never fail; nil for others.
  private func simpleShape(_ node: Checked, isNegated: Bool) -> Conjunct.Shape? {
    switch node.kind {
    case .literal(.bool(let flag)): return .constant(flag != isNegated)
    case .variable(let slot) where node.type == .bool:
      return .flag(slot: slot, isNegated: isNegated)
    case .not(let operand): return simpleShape(operand, isNegated: !isNegated)
    case .and(let operands, _), .or(let operands):
      var shapes: [Conjunct.Shape] = []
      for operand in operands {
        guard let shape = simpleShape(operand, isNegated: isNegated) else { return nil }
        shapes.append(shape)
      }
      if case .or = node.kind { return isNegated ? .allOf(shapes) : .anyOf(shapes) }
      return isNegated ? .anyOf(shapes) : .allOf(shapes)
    case .operation(.isIn, let element, let list):
      guard let slot = scalarSlot(element), let values = list.literalElements,
        values.allSatisfy({ isComparable($0, schema.variables[slot].type) })
      else { return nil }
      return .oneOf(slot: slot, values, isNegated: isNegated)
    case .operation(let sign, let a, let b):
      guard let comparison = sign.comparison else { return nil }
      return simpleComparison(comparison, a, b, isNegated: isNegated)
        ?? simpleComparison(comparison.mirrored, b, a, isNegated: isNegated)
    default: return nil
    }
  }

  private func simpleComparison(
    _ comparison: Comparison, _ variable: Checked, _ constant: Checked, isNegated: Bool
  ) -> Conjunct.Shape? {
    guard let slot = scalarSlot(variable), let value = constant.constant,
      isComparable(value, schema.variables[slot].type)
    else { return nil }
    // NaN makes both an order and its opposite false.
    if isNegated, schema.variables[slot].type == .double || value.isDouble,
      comparison != .equal, comparison != .notEqual
    {
      return nil
    }
    return .comparison(slot: slot, isNegated ? comparison.opposite : comparison, value)
  }

  private func scalarSlot(_ node: Checked) -> Int? {
    guard let slot = node.slot else { return nil }
    switch node.type {
    case .bool, .int, .uint, .double, .string, .timestamp, .duration, .bytes: return slot
    default: return nil
    }
  }

  /// Whether comparing that constant with a variable of that type is always defined.
  private func isComparable(_ value: Value, _ type: KFLType) -> Bool {
    value.type == type || value.type.isNumber && type.isNumber
  }
}

extension Checked {
  /// The constant this is: a literal, `now()`, `timestamp("…")`, `duration("…")`, and sums of them.
  var constant: Value? {
    switch kind {
    case .literal(let value): value
    case .call(_, _, .constant(let value), _): value
    case .operation(let sign, let a, let b):
      if sign.comparison == nil, sign != .isIn, let a = a.constant, let b = b.constant {
        try? a.computed(sign, b)
      } else {
        nil
      }
    default: nil
    }
  }

  /// The values of a list literal of constants.
  fileprivate var literalElements: [Value]? {
    switch kind {
    case .list(let elements):
      let values = elements.compactMap(\.constant)
      return values.count == elements.count ? values : nil
    case .literal(.list(let values)): return values
    default: return nil
    }
  }
}

extension Value {
  fileprivate var isDouble: Bool { if case .double = self { true } else { false } }
}

extension Comparison {
  /// What holds exactly when this does not, for values that have an order.
  package var opposite: Comparison {
    switch self {
    case .equal: .notEqual
    case .notEqual: .equal
    case .less: .greaterOrEqual
    case .lessOrEqual: .greater
    case .greater: .lessOrEqual
    case .greaterOrEqual: .less
    }
  }

  /// The same relation with its sides exchanged.
  var mirrored: Comparison {
    switch self {
    case .equal, .notEqual: self
    case .less: .greater
    case .lessOrEqual: .greaterOrEqual
    case .greater: .less
    case .greaterOrEqual: .lessOrEqual
    }
  }
}

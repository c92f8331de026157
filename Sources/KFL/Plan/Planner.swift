/// Turns a checked expression into steps that run: the third of the four steps.
///
/// Everything that can be settled once is settled here: places of variables, bodies of functions,
/// constants, and the kind of a comparison.
struct Planner {
  let schema: Schema

  // MARK: Conditions

  /// A condition with the absorption rules of CEL: a false operand settles `&&` and a true one
  /// `||`, whatever fails beside it.
  func condition(_ node: Checked) -> Condition {
    switch node.kind {
    case .literal(.bool(let flag)): { _ in flag ? .yes : .no }
    case .variable(let slot): flag(slot)
    case .not(let operand): negated(condition(operand))
    case .and(let operands, _): all(operands.map { condition($0) })
    case .or(let operands): any(operands.map { condition($0) })
    case .operation(let sign, let a, let b):
      comparison(sign, a, b) ?? fromValue(step(node))
    default: fromValue(step(node))
    }
  }

  private func flag(_ slot: Int) -> Condition {
    { frame in
      switch frame.record.value(slot) {
      case .bool(let flag): flag ? .yes : .no
      case let other: .failed(.noOverload("a condition", [other.typeName]))
      }
    }
  }

  private func negated(_ operand: @escaping Condition) -> Condition {
    { frame in
      switch operand(&frame) {
      case .yes: .no
      case .no: .yes
      case .failed(let reason): .failed(reason)
      }
    }
  }

  private func all(_ operands: [Condition]) -> Condition {
    { frame in
      var failure: Failure?
      for operand in operands {
        switch operand(&frame) {
        case .no: return .no
        case .yes: continue
        case .failed(let reason): failure = failure ?? reason
        }
      }
      return failure.map(Outcome.failed) ?? .yes
    }
  }

  private func any(_ operands: [Condition]) -> Condition {
    { frame in
      var failure: Failure?
      for operand in operands {
        switch operand(&frame) {
        case .yes: return .yes
        case .no: continue
        case .failed(let reason): failure = failure ?? reason
        }
      }
      return failure.map(Outcome.failed) ?? .no
    }
  }

  private func fromValue(_ step: @escaping Step) -> Condition {
    { frame in
      do throws(Failure) {
        let value = try step(&frame)
        guard case .bool(let flag) = value else {
          return .failed(.noOverload("a condition", [value.typeName]))
        }
        return flag ? .yes : .no
      } catch {
        return .failed(error)
      }
    }
  }

  /// A comparison of a variable with a constant, without a detour over values; nil for others.
  private func comparison(_ sign: Syntax.Operator, _ a: Checked, _ b: Checked) -> Condition? {
    guard let comparison = sign.comparison, let slot = a.slot, let constant = b.constant else {
      return nil
    }
    switch constant {
    case .int(let number):
      return { frame in
        let value = frame.record.value(slot)
        guard case .int(let found) = value else { return compared(value, comparison, constant) }
        return found.compares(comparison, to: number) ? .yes : .no
      }
    case .string(let text) where comparison == .equal || comparison == .notEqual:
      let isEqual = comparison == .equal
      return { frame in
        let value = frame.record.value(slot)
        guard case .string(let found) = value else { return compared(value, comparison, constant) }
        return sameText(found, text) == isEqual ? .yes : .no
      }
    default: return { frame in compared(frame.record.value(slot), comparison, constant) }
    }
  }

  // MARK: Values

  func step(_ node: Checked) -> Step {
    switch node.kind {
    case .literal(let value): { _ in value }
    case .variable(let slot): { frame in frame.record.value(slot) }
    case .local(let place, _): { frame in frame.locals[place] }
    case .failing(let failure): { _ throws(Failure) in throw failure }
    case .not, .and, .or: fromCondition(condition(node))
    case .member(let target, let key, let isQuiet): member(target, key, isQuiet: isQuiet)
    case .has(let target, let key): has(target, key)
    case .index(let target, let index, let isQuiet): element(target, index, isQuiet: isQuiet)
    case .negate(let operand): negate(step(operand))
    case .operation(let sign, let a, let b): operation(sign, a, b)
    case .conditional(let condition, let then, let otherwise):
      conditional(self.condition(condition), step(then), step(otherwise))
    case .list(let elements): list(elements)
    case .map(let pairs): map(pairs)
    case .call(let function, let arguments, let body, _): call(function, arguments, body)
    case .comprehension(let comprehension): plan(comprehension)
    }
  }

  private func fromCondition(_ condition: @escaping Condition) -> Step {
    { frame throws(Failure) in
      switch condition(&frame) {
      case .yes: return .bool(true)
      case .no: return .bool(false)
      case .failed(let reason): throw reason
      }
    }
  }

  private func negate(_ operand: @escaping Step) -> Step {
    { frame throws(Failure) in
      let value = try operand(&frame)
      switch value {
      case .int(let number):
        let (result, overflow) = Int64(0).subtractingReportingOverflow(number)
        if overflow { throw .overflow }
        return .int(result)
      case .double(let number): return .double(-number)
      default: throw .noOverload("-", [value.typeName])
      }
    }
  }

  private func conditional(
    _ condition: @escaping Condition, _ then: @escaping Step, _ otherwise: @escaping Step
  ) -> Step {
    { frame throws(Failure) in
      switch condition(&frame) {
      case .yes: return try then(&frame)
      case .no: return try otherwise(&frame)
      case .failed(let reason): throw reason
      }
    }
  }

  private func operation(_ sign: Syntax.Operator, _ a: Checked, _ b: Checked) -> Step {
    if sign.comparison == nil, sign != .isIn, let x = a.constant, let y = b.constant,
      let value = try? x.computed(sign, y)
    {
      return { _ in value }
    }
    let (left, right) = (step(a), step(b))
    if let comparison = sign.comparison {
      return { frame throws(Failure) in
        let (x, y) = (try left(&frame), try right(&frame))
        try frame.spend(min(x.weight, y.weight))
        guard let holds = x.compares(comparison, to: y) else {
          throw .noOverload(comparison.rawValue, [x.typeName, y.typeName])
        }
        return .bool(holds)
      }
    }
    if sign == .isIn { return membership(left, b) }
    return { frame throws(Failure) in
      let (x, y) = (try left(&frame), try right(&frame))
      try frame.spend(x.weight + y.weight)
      return try x.computed(sign, y)
    }
  }

  /// `x in list`, hashed when the list is literal.
  private func membership(_ element: @escaping Step, _ container: Checked) -> Step {
    if case .list(let elements) = container.kind, elements.count > 8 {
      let literals = elements.compactMap(\.literal)
      if literals.count == elements.count {
        let set = Set(literals.lazy.map(MapKey.init))
        return { frame throws(Failure) in .bool(set.contains(MapKey(value: try element(&frame)))) }
      }
    }
    let container = step(container)
    return { frame throws(Failure) in
      let (x, container) = (try element(&frame), try container(&frame))
      switch container {
      case .list(let elements):
        try frame.spend(elements.count)
        return .bool(elements.contains { $0.equals(x) })
      case .map(let map): return .bool(map.value(for: x) != nil)
      default: throw .noOverload("in", [x.typeName, container.typeName])
      }
    }
  }

  private func list(_ elements: [Checked]) -> Step {
    let literals = elements.compactMap(\.literal)
    if literals.count == elements.count { return { _ in .list(literals) } }
    let steps = elements.map { step($0) }
    return { frame throws(Failure) in
      var values: [Value] = []
      values.reserveCapacity(steps.count)
      for step in steps { values.append(try step(&frame)) }
      try frame.spend(values.count)
      return .list(values)
    }
  }

  private func map(_ pairs: [(key: Checked, value: Checked)]) -> Step {
    let steps = pairs.map { (key: step($0.key), value: step($0.value)) }
    return { frame throws(Failure) in
      var entries: [(key: Value, value: Value)] = []
      var seen: Set<MapKey> = []
      for pair in steps {
        let key = try pair.key(&frame)
        switch key {
        case .string, .int, .uint, .bool: break
        default: throw .noOverload("a map key", [key.typeName])
        }
        guard seen.insert(MapKey(value: key)).inserted else {
          throw .repeatedKey(key.literalText)
        }
        entries.append((key, try pair.value(&frame)))
      }
      try frame.spend(entries.count)
      return .map(ValueMap(entries))
    }
  }

  private func call(_ function: Function, _ arguments: [Checked], _ body: Function.Body) -> Step {
    let steps = arguments.map { step($0) }
    switch body {
    case .constant(let value): return { _ in value }
    case .one(let body):
      let argument = steps[0]
      return { frame throws(Failure) in
        let value = try argument(&frame)
        try frame.spend(value.weight)
        return try body(value)
      }
    case .pattern(let pattern):
      let argument = steps[0]
      return { frame throws(Failure) in
        let value = try argument(&frame)
        try frame.spend(value.weight)
        guard case .string(let text) = value else { throw Function.noOverload("matches", value) }
        return .bool(pattern.isFound(in: text))
      }
    case .two(let body):
      let (first, second) = (steps[0], steps[1])
      return { frame throws(Failure) in
        let (a, b) = (try first(&frame), try second(&frame))
        try frame.spend(a.weight + b.weight)
        return try body(a, b)
      }
    case .many(let body):
      return { frame throws(Failure) in
        var values: [Value] = []
        for step in steps { values.append(try step(&frame)) }
        try frame.spend(values.count)
        return try body(values)
      }
    }
  }
}

/// `value comparison constant` as an outcome.
private func compared(_ value: Value, _ comparison: Comparison, _ constant: Value) -> Outcome {
  guard let holds = value.compares(comparison, to: constant) else {
    return .failed(.noOverload(comparison.rawValue, [value.typeName, constant.typeName]))
  }
  return holds ? .yes : .no
}

extension Int64 {
  /// Whether `self comparison other` holds.
  fileprivate func compares(_ comparison: Comparison, to other: Int64) -> Bool {
    switch comparison {
    case .equal: self == other
    case .notEqual: self != other
    case .less: self < other
    case .lessOrEqual: self <= other
    case .greater: self > other
    case .greaterOrEqual: self >= other
    }
  }
}

// Comprehensions: every element costs, so that nests of them end.

extension Planner {
  func plan(_ comprehension: Comprehension) -> Step {
    let walk = Walk(
      range: step(comprehension.range), places: comprehension.variables.map(\.place))
    let predicate = comprehension.predicate.map { condition($0) }
    let result = comprehension.result.map { step($0) }
    switch comprehension.kind {
    case .all: return walk.quantor(predicate ?? { _ in .yes }, settles: false)
    case .exists: return walk.quantor(predicate ?? { _ in .no }, settles: true)
    case .existsOne: return walk.existsOne(predicate ?? { _ in .no })
    case .filter: return walk.filter(predicate ?? { _ in .no })
    case .map, .transformList: return walk.list(predicate, result ?? { _ in .null })
    case .transformMap: return walk.map(predicate, result ?? { _ in .null })
    case .transformMapEntry: return walk.mapOfEntries(predicate, result ?? { _ in .null })
    }
  }
}

/// Walking a list, or the keys of a map, with the variables set to each element in turn.
private struct Walk: Sendable {
  let range: Step
  let places: [Int]

  /// Calls `body` per element with its key: the index of a list, the key of a map.
  ///
  /// - Parameter body: gives whether to go on.
  private func forEach(
    _ frame: inout Frame, _ body: (inout Frame, Value, Value) throws(Failure) -> Bool
  ) throws(Failure) {
    let value = try range(&frame)
    while frame.locals.count <= places[places.count - 1] { frame.locals.append(.null) }
    switch value {
    case .list(let elements):
      for (index, element) in elements.enumerated() {
        try frame.spend(1)
        let key = Value.int(Int64(index))
        set(&frame, key, element, isMap: false)
        guard try body(&frame, key, element) else { return }
      }
    case .map(let map):
      for entry in map.entries {
        try frame.spend(1)
        set(&frame, entry.key, entry.value, isMap: true)
        guard try body(&frame, entry.key, entry.value) else { return }
      }
    default: throw .noOverload("a comprehension", [value.typeName])
    }
  }

  private func set(_ frame: inout Frame, _ key: Value, _ value: Value, isMap: Bool) {
    if places.count == 1 {
      frame.locals[places[0]] = isMap ? key : value
    } else {
      frame.locals[places[0]] = key
      frame.locals[places[1]] = value
    }
  }

  /// `exists` (settled by a true element) and `all` (settled by a false one).
  func quantor(_ predicate: @escaping Condition, settles: Bool) -> Step {
    { frame throws(Failure) in
      var failure: Failure?
      var isSettled = false
      try forEach(&frame) { frame, _, _ throws(Failure) in
        switch predicate(&frame) {
        case .yes: isSettled = settles
        case .no: isSettled = !settles
        case .failed(.tooCostly): throw .tooCostly
        case .failed(let reason): failure = failure ?? reason
        }
        return !isSettled
      }
      if isSettled { return .bool(settles) }
      if let failure { throw failure }
      return .bool(!settles)
    }
  }

  /// Failures are not absorbed: every element counts.
  func existsOne(_ predicate: @escaping Condition) -> Step {
    { frame throws(Failure) in
      var count = 0
      try forEach(&frame) { frame, _, _ throws(Failure) in
        if try holds(predicate, &frame) { count += 1 }
        return true
      }
      return .bool(count == 1)
    }
  }

  func filter(_ predicate: @escaping Condition) -> Step {
    { frame throws(Failure) in
      var kept: [Value] = []
      try forEach(&frame) { frame, _, _ throws(Failure) in
        let element = frame.locals[places[0]]
        if try holds(predicate, &frame) { kept.append(element) }
        return true
      }
      return .list(kept)
    }
  }

  func list(_ predicate: Condition?, _ result: @escaping Step) -> Step {
    { frame throws(Failure) in
      var made: [Value] = []
      try forEach(&frame) { frame, _, _ throws(Failure) in
        if let predicate, try !holds(predicate, &frame) { return true }
        made.append(try result(&frame))
        return true
      }
      return .list(made)
    }
  }

  func map(_ predicate: Condition?, _ result: @escaping Step) -> Step {
    { frame throws(Failure) in
      var made: [(key: Value, value: Value)] = []
      try forEach(&frame) { frame, key, _ throws(Failure) in
        if let predicate, try !holds(predicate, &frame) { return true }
        made.append((key, try result(&frame)))
        return true
      }
      return .map(ValueMap(made))
    }
  }

  /// Each result is a map whose entries are collected; a key may come once.
  func mapOfEntries(_ predicate: Condition?, _ result: @escaping Step) -> Step {
    { frame throws(Failure) in
      var made: [(key: Value, value: Value)] = []
      var seen: Set<MapKey> = []
      try forEach(&frame) { frame, _, _ throws(Failure) in
        if let predicate, try !holds(predicate, &frame) { return true }
        guard case .map(let entries) = try result(&frame) else {
          throw .noOverload("transformMapEntry", ["a result that is no map"])
        }
        for entry in entries.entries {
          guard seen.insert(MapKey(value: entry.key)).inserted else {
            throw .repeatedKey(entry.key.literalText)
          }
          made.append(entry)
        }
        return true
      }
      return .map(ValueMap(made))
    }
  }
}

private func holds(_ predicate: Condition, _ frame: inout Frame) throws(Failure) -> Bool {
  switch predicate(&frame) {
  case .yes: return true
  case .no: return false
  case .failed(let reason): throw reason
  }
}

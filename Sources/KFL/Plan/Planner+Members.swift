// Members, elements and `has`, with failures made once while planning.

extension Planner {
  /// `target.key`
  func member(_ target: Checked, _ key: String, isQuiet: Bool) -> Step {
    let failure = missing(key, of: target, isQuiet: isQuiet)
    let notMap = isQuiet ? failure : Failure.noOverload("." + key, [target.type.description])
    let (target, key) = (step(target), Value.string(key))
    return { frame throws(Failure) in
      guard case .map(let map) = try target(&frame) else { throw notMap }
      guard let value = map.value(for: key) else { throw failure }
      return value
    }
  }

  /// The failure of a look-up that finds nothing.
  private func missing(_ key: String, of target: Checked, isQuiet: Bool) -> Failure {
    let container = description(of: target)
    return isQuiet ? .absent(container + "." + key) : .noKey(key, in: container)
  }

  /// What a failure calls a map or list: its name, when it has one.
  private func description(of target: Checked) -> String {
    var node = target
    while true {
      switch node.kind {
      case .member(let inner, _, _): node = inner
      case .variable, .local: return Printer.text(of: target, schema: schema)
      default:
        if case .list = target.type { return "the list" }
        return "the map"
      }
    }
  }

  /// `has(target.key)`
  func has(_ target: Checked, _ key: String) -> Step {
    let (target, name) = (step(target), Value.string(key))
    return { frame throws(Failure) in
      let value = try target(&frame)
      guard case .map(let map) = value else { throw .noOverload("has", [value.typeName]) }
      return .bool(map.value(for: name) != nil)
    }
  }

  /// `target[index]`
  func element(_ target: Checked, _ index: Checked, isQuiet: Bool) -> Step {
    if case .string(let key)? = index.literal { return member(target, key, isQuiet: isQuiet) }
    let container = description(of: target)
    let (target, index) = (step(target), step(index))
    return { frame throws(Failure) in
      let (target, index) = (try target(&frame), try index(&frame))
      switch target {
      case .map(let map):
        switch index {
        case .string, .int, .uint, .bool, .double: break
        default: throw .noOverload("[]", [target.typeName, index.typeName])
        }
        if let value = map.value(for: index) { return value }
        if isQuiet { throw .absent(container) }
        throw .noKey(index.string ?? index.literalText, in: container)
      case .list(let elements):
        guard let place = index.wholeNumber else {
          throw .noOverload("[]", [target.typeName, index.typeName])
        }
        guard place >= 0, place < elements.count else {
          if isQuiet { throw .absent(container) }
          throw .outOfRange(index: place, count: elements.count)
        }
        return elements[Int(place)]
      default:
        if isQuiet { throw .absent(container) }
        throw .noOverload("[]", [target.typeName, index.typeName])
      }
    }
  }
}

extension Value {
  /// The integer this number is, also when it is unsigned or a double without fraction.
  var wholeNumber: Int64? {
    switch self {
    case .int(let number): number
    case .uint(let number): Int64(exactly: number)
    case .double(let number): Int64(exactly: number)
    default: nil
    }
  }
}

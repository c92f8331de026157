// Conversions between types. What cannot be converted is an evaluation error.

extension Function {
  static let int = Function(
    "int", .global,
    [
      Signature(.int, gives: .int), Signature(.uint, gives: .int), Signature(.double, gives: .int),
      Signature(.string, gives: .int), Signature(.timestamp, gives: .int),
    ],
    doc: "As a 64-bit integer: doubles lose their fraction, instants become Unix seconds.",
    example: Example(#"int("-7")"#, gives: .int(-7)),
    body: .one { value throws(Failure) in
      switch value {
      case .int: return value
      case .uint(let number): if let exact = Int64(exactly: number) { return .int(exact) }
      case .double(let number):
        // 2^63 itself is a double but not an int.
        if number > -0x1p63, number < 0x1p63 { return .int(Int64(number)) }
      case .string(let text): if let number = Int64(text) { return .int(number) }
      case .timestamp(let instant): return .int(instant.seconds)
      default: throw noOverload("int", value)
      }
      throw .notConvertible(value.literalText, to: "int")
    })

  static let uint = Function(
    "uint", .global,
    [
      Signature(.uint, gives: .uint), Signature(.int, gives: .uint),
      Signature(.double, gives: .uint), Signature(.string, gives: .uint),
    ],
    doc: "As an unsigned 64-bit integer.", example: Example("uint(7)", gives: .uint(7)),
    body: .one { value throws(Failure) in
      switch value {
      case .uint: return value
      case .int(let number): if let exact = UInt64(exactly: number) { return .uint(exact) }
      case .double(let number):
        if number > -1, number < 0x1p64 { return .uint(UInt64(number)) }
      case .string(let text): if let number = UInt64(text) { return .uint(number) }
      default: throw noOverload("uint", value)
      }
      throw .notConvertible(value.literalText, to: "uint")
    })

  static let double = Function(
    "double", .global,
    [
      Signature(.double, gives: .double), Signature(.int, gives: .double),
      Signature(.uint, gives: .double), Signature(.string, gives: .double),
    ],
    doc: "As a floating-point number.", example: Example("double(3)", gives: .double(3)),
    body: .one { value throws(Failure) in
      switch value {
      case .double: return value
      case .int(let number): return .double(Double(number))
      case .uint(let number): return .double(Double(number))
      case .string(let text):
        if let number = Double(text) { return .double(number) }
        throw .notConvertible(value.literalText, to: "double")
      default: throw noOverload("double", value)
      }
    })

  static let string = Function(
    "string", .global,
    [
      Signature(.string, gives: .string), Signature(.int, gives: .string),
      Signature(.uint, gives: .string), Signature(.double, gives: .string),
      Signature(.bool, gives: .string), Signature(.bytes, gives: .string),
      Signature(.timestamp, gives: .string), Signature(.duration, gives: .string),
    ],
    doc: "As text; bytes must be UTF-8.", example: Example("string(404)", gives: .string("404")),
    body: .one { value throws(Failure) in
      switch value {
      case .string: return value
      case .int(let number): return .string(String(number))
      case .uint(let number): return .string(String(number))
      case .double(let number): return .string(number.shortText)
      case .bool(let flag): return .string(flag ? "true" : "false")
      case .timestamp(let instant): return .string(instant.rfc3339)
      case .duration(let nanoseconds): return .string(TimeText.seconds(nanoseconds))
      case .bytes(let bytes):
        if let text = String(validating: bytes, as: UTF8.self) { return .string(text) }
        throw .notConvertible("a run of \(bytes.count) bytes", to: "string")
      default: throw noOverload("string", value)
      }
    })

  static let bytes = Function(
    "bytes", .global, [Signature(.bytes, gives: .bytes), Signature(.string, gives: .bytes)],
    doc: "As bytes: the UTF-8 of a text.",
    example: Example(#"bytes("ab")"#, gives: .bytes([97, 98])),
    body: .one { value throws(Failure) in
      switch value {
      case .bytes: return value
      case .string(let text): return .bytes(Array(text.utf8))
      default: throw noOverload("bytes", value)
      }
    })

  static let bool = Function(
    "bool", .global, [Signature(.bool, gives: .bool), Signature(.string, gives: .bool)],
    doc: "As a condition: true, false, 1, 0, t, f.",
    example: Example(#"bool("true")"#, gives: .bool(true)),
    body: .one { value throws(Failure) in
      switch value {
      case .bool: return value
      case .string("1"), .string("t"), .string("T"), .string("true"), .string("TRUE"),
        .string("True"):
        return .bool(true)
      case .string("0"), .string("f"), .string("F"), .string("false"), .string("FALSE"),
        .string("False"):
        return .bool(false)
      case .string: throw .notConvertible(value.literalText, to: "bool")
      default: throw noOverload("bool", value)
      }
    })

  static let type = Function(
    "type", .global, [Signature(.dyn, gives: .type)],
    doc: "The type of a value, to compare with a type's name.",
    example: Example("type(1) == int", gives: .bool(true)),
    body: .one { value throws(Failure) in .type(value.typeName) })

  static let dyn = Function(
    "dyn", .global, [Signature(.dyn, gives: .dyn)],
    doc: "The same value, with its type checked at run time.",
    example: Example("dyn(1) == 1u", gives: .bool(true)),
    body: .one { value throws(Failure) in value })
}

extension Double {
  /// The shortest text that reads back as this number, whole ones without a fraction.
  var shortText: String {
    if self == .infinity { return "+Inf" }
    if self == -.infinity { return "-Inf" }
    if isNaN { return "NaN" }
    let text = description
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }
}

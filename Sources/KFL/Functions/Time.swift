import Bytes

// Instants, lengths of time, and the parts of both.

extension Function {
  static let timestamp = Function(
    "timestamp", .global,
    [
      Signature(.string, gives: .timestamp), Signature(.int, gives: .timestamp),
      Signature(.timestamp, gives: .timestamp),
    ],
    doc: "An instant from RFC 3339 text (with Z or an offset), or from Unix seconds.",
    example: Example(
      #"timestamp("2026-03-14T23:00:00+01:00") == timestamp("2026-03-14T22:00:00Z")"#,
      gives: .bool(true)),
    body: .one { value throws(Failure) in
      switch value {
      case .timestamp: return value
      case .string(let text): if let instant = Instant(rfc3339: text) { return .timestamp(instant) }
      case .int(let seconds):
        if Instant.validSeconds.contains(seconds) {
          return .timestamp(Instant(seconds: seconds, nanoseconds: 0))
        }
      default: throw noOverload("timestamp", value)
      }
      throw .notConvertible(value.literalText, to: "timestamp")
    },
    prepare: { arguments throws(BadLiteral) in
      guard case .string(let text)? = arguments[0] else { return nil }
      guard let instant = Instant(rfc3339: text) else {
        throw BadLiteral(
          code: .literal,
          message: "\"\(text)\" is not an instant such as \"2026-03-14T22:50:00Z\"", argument: 0)
      }
      return .constant(.timestamp(instant))
    })

  static let duration = Function(
    "duration", .global,
    [Signature(.string, gives: .duration), Signature(.duration, gives: .duration)],
    doc: "A length of time from numbers with units: h m s ms us ns, and d for 24 hours.",
    example: Example(#"duration("1h30m") == duration("90m")"#, gives: .bool(true)),
    body: .one { value throws(Failure) in
      switch value {
      case .duration: return value
      case .string(let text):
        if let nanoseconds = TimeText.duration(text) { return .duration(nanoseconds: nanoseconds) }
        throw .notConvertible(value.literalText, to: "duration")
      default: throw noOverload("duration", value)
      }
    },
    prepare: { arguments throws(BadLiteral) in
      guard case .string(let text)? = arguments[0] else { return nil }
      guard let nanoseconds = TimeText.duration(text) else {
        throw BadLiteral(
          code: .literal,
          message: "\"\(text)\" is not a length of time such as \"5m\" or \"1h30m\"", argument: 0)
      }
      return .constant(.duration(nanoseconds: nanoseconds))
    })

  /// The checker puts the compile instant into the call.
  static let now = Function(
    "now", .global, [Signature(gives: .timestamp)],
    doc: "The instant the filter was compiled.",
    example: Example(#"now() - now() == duration("0s")"#, gives: .bool(true)),
    isStandard: false,
    body: .many { _ throws(Failure) in throw .unknownFunction("now") })

  /// `getHours()` and its like.
  static let timeParts: [Function] = [
    part("getFullYear", "The year.", gives: 2026) { $0.date.year },
    part("getMonth", "The month, counted from 0.", gives: 2) { Int64($0.date.month - 1) },
    part("getDate", "The day of the month, counted from 1.", gives: 14) { Int64($0.date.day) },
    part("getDayOfMonth", "The day of the month, counted from 0.", gives: 13) {
      Int64($0.date.day - 1)
    },
    part("getDayOfWeek", "The day of the week, Sunday is 0.", gives: 6) { $0.dayOfWeek },
    part("getDayOfYear", "The day of the year, counted from 0.", gives: 72) { $0.dayOfYear },
    part("getHours", "The hour of the day, or the whole hours of a length of time.", gives: 22) {
      $0.second / 3600
    } duration: {
      $0 / 3_600_000_000_000
    },
    part("getMinutes", "The minute, or the whole minutes of a length of time.", gives: 59) {
      $0.second / 60 % 60
    } duration: {
      $0 / 60_000_000_000
    },
    part("getSeconds", "The second, or the whole seconds of a length of time.", gives: 40) {
      $0.second % 60
    } duration: {
      $0 / 1_000_000_000
    },
    part("getMilliseconds", "The milliseconds within the second.", gives: 125) {
      Int64($0.nanosecond / 1_000_000)
    } duration: {
      $0 / 1_000_000 % 1000
    },
  ]

  /// A part of an instant, in UTC or in the zone of an optional argument.
  private static func part(
    _ name: String, _ doc: String, gives example: Int64,
    _ part: @escaping @Sendable (CivilTime) -> Int64,
    duration: (@Sendable (Int64) -> Int64)? = nil
  ) -> Function {
    var signatures = [
      Signature(.timestamp, gives: .int), Signature(.timestamp, .string, gives: .int),
    ]
    if duration != nil { signatures.append(Signature(.duration, gives: .int)) }
    return Function(
      name, .method, signatures, doc: doc,
      example: Example(
        #"timestamp("2026-03-14T22:59:40.125Z").\#(name)()"#, gives: .int(example)),
      body: .many { arguments throws(Failure) in
        switch (arguments[0], arguments.count > 1 ? arguments[1] : nil) {
        case (.timestamp(let instant), nil): return .int(part(CivilTime(instant)))
        case (.timestamp(let instant), .string(let name)):
          guard let zone = TimeZone.named(name) else { throw .unknownZone(name) }
          return .int(part(CivilTime(instant, offset: zone.offset(at: instant.seconds))))
        case (.duration(let nanoseconds), nil):
          guard let duration else { fallthrough }
          return .int(duration(nanoseconds))
        default: throw .noOverload(name, arguments.map(\.typeName))
        }
      },
      prepare: { arguments throws(BadLiteral) in
        guard arguments.count == 2, case .string(let name)? = arguments[1] else { return nil }
        guard let zone = TimeZone.named(name) else {
          throw BadLiteral(
            code: .literal,
            message: "\"\(name)\" is not a time zone such as \"+02:00\" or \"Europe/Berlin\"",
            argument: 1)
        }
        return .one { value throws(Failure) in
          guard case .timestamp(let instant) = value else { throw noOverload(name, value) }
          return .int(part(CivilTime(instant, offset: zone.offset(at: instant.seconds))))
        }
      })
  }
}

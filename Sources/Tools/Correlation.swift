import Entries

/// The identifiers by which services mark all calls of one request.
enum Correlation {
  /// One of them: the part that stays the same from hop to hop.
  struct Mark: Hashable {
    enum Kind: Hashable {
      /// A trace identifier in hexadecimal, whichever header carries it.
      case trace
      /// Any text.
      case request
    }

    var kind: Kind
    var value: String
  }

  /// Shortest value that means anything: `1` and `-` are in use.
  private static let least = 4

  /// Header fields that carry a trace identifier, in lower case: W3C Trace Context §3.2, B3 in both
  /// forms, Jaeger, AWS X-Ray.
  static let traceHeaders = [
    "traceparent", "x-b3-traceid", "b3", "uber-trace-id", "x-amzn-trace-id",
  ]
  static let requestHeaders = ["x-request-id", "x-correlation-id"]

  /// The marks of a request's header fields with the names of the fields, most telling first.
  static func marks(_ fields: [HeaderBlock.Field]) -> [(header: String, mark: Mark)] {
    var found: [(header: String, mark: Mark)] = []
    for name in traceHeaders + requestHeaders {
      for field in fields where field.name.lowercased() == name {
        guard let mark = mark(name, field.value), !found.contains(where: { $0.mark == mark }) else {
          continue
        }
        found.append((name, mark))
      }
    }
    return found
  }

  static func mark(_ header: String, _ value: String) -> Mark? {
    let trace: Substring?
    switch header {
    case "traceparent":
      let parts = value.split(separator: "-", omittingEmptySubsequences: false)
      trace = parts.count >= 4 && parts[1].utf8.count == 32 ? parts[1] : nil
    case "b3": trace = value.split(separator: "-").first
    case "uber-trace-id":
      trace = value.replacing("%3A", with: ":").split(separator: ":").first
    case "x-amzn-trace-id":
      trace = value.split(separator: ";").first { $0.hasPrefix("Root=") }?.dropFirst(5)
    case "x-b3-traceid": trace = value[...]
    default:
      return value.utf8.count >= least ? Mark(kind: .request, value: value) : nil
    }
    guard let trace else { return nil }
    let digits = trace.lowercased().filter { $0 != "-" }.drop { $0 == "0" }
    guard digits.utf8.count >= least, digits.allSatisfy(\.isHexDigit) else { return nil }
    return Mark(kind: .trace, value: String(digits))
  }

  /// The marks that a value given by hand may stand for: a whole header value or the identifier.
  static func marks(given value: String) -> [Mark] {
    var marks = [Mark(kind: .request, value: value)]
    for name in traceHeaders {
      if let mark = mark(name, value), !marks.contains(mark) { marks.append(mark) }
    }
    return marks
  }

  /// A KFL condition that holds for every call with one of these marks, and for few others.
  static func condition(_ marks: [Mark]) -> String {
    marks.flatMap { mark in
      switch mark.kind {
      case .request:
        requestHeaders.map {
          "map_get(request.headers, \"\($0)\", \"\") == \(quoted(mark.value))"
        }
      case .trace:
        // X-Ray writes its identifier in three parts; the last alone is unique enough to look for.
        traceHeaders.map {
          let part = $0 == "x-amzn-trace-id" ? String(mark.value.suffix(24)) : mark.value
          return "lower(map_get(request.headers, \"\($0)\", \"\")).contains(\(quoted(part)))"
        }
      }
    }.joined(separator: " || ")
  }
}

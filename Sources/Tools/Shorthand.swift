import Entries
import Query
import ToolKit

/// Arguments that stand for a condition: `src_ns: "shop"` for `src.namespace == "shop"`.
///
/// Each gives a filter of its own; they are joined with the caller's filter as compiled
/// expressions, never as text, so that no value can escape its quotes.
enum Shorthand {
  struct Row: Sendable {
    var parameter: Parameter
    /// Of its value, and of the protocol that is asked for beside it.
    var condition: @Sendable (String, String?) throws(ToolError) -> String
  }

  static let rows: [Row] = [
    names("src_ns", ["src.namespace"], "Client's namespace"),
    names("dst_ns", ["dst.namespace"], "Server's namespace"),
    names("ns", ["src.namespace", "dst.namespace"], "Either side's", aliases: ["namespace"]),
    pods("src_pod", ["src"], "Client's pod or workload"),
    pods("dst_pod", ["dst"], "Server's pod or workload"),
    pods("pod", ["src", "dst"], "Either side's"),
    services("src_svc", ["src"], "Client's service"),
    services("dst_svc", ["dst"], "Server's service"),
    services("svc", ["src", "dst"], "Either side's", aliases: ["service"]),
    Row(
      parameter: Parameter(
        "proto", .text, "http, http2, grpc, dns, redis, …", aliases: ["protocol"])
    ) {
      (value, _) throws(ToolError) in try proto(value)
    },
    Row(parameter: Parameter("method", .text, "HTTP method or command")) {
      (value, proto) throws(ToolError) in method(value, of: proto)
    },
    Row(parameter: Parameter("path", .text, "Trailing * for a prefix")) {
      (value, proto) throws(ToolError) in path(value, of: proto)
    },
    Row(
      parameter: Parameter("status", .text, "Number, 4xx, 5xx, error or success")
    ) { (value, _) throws(ToolError) in try status(value) },
  ]

  /// The same arguments where the filter can say what they say: of all but the namespace, the schema
  /// is silent.
  static let inFilter = rows.map {
    $0.parameter.name == "ns" ? $0.parameter : $0.parameter.unlisted
  }

  /// The condition of each argument that is given, and how it was given: `proto=dns`.
  static func conditions(
    _ arguments: Arguments
  ) throws(ToolError) -> [(text: String, given: String)] {
    var conditions: [(text: String, given: String)] = []
    let proto = rows.first { $0.parameter.name == "proto" }.flatMap { arguments.text($0.parameter) }
    for row in rows {
      guard let value = arguments.text(row.parameter) else { continue }
      conditions.append((try row.condition(value, proto), Self.given(row.parameter, value)))
    }
    return conditions
  }

  static func given(_ parameter: Parameter, _ value: String) -> String {
    "\(parameter.name)=\(Shown.text(value, limit: 60))"
  }

  /// The arguments that are given, as they are: `proto=dns`.
  static func given(_ arguments: Arguments) -> [String] {
    rows.compactMap { row in
      arguments.text(row.parameter).map { given(row.parameter, $0) }
    }
  }

  private static func names(
    _ name: String, _ fields: [String], _ doc: String, aliases: [String] = []
  ) -> Row {
    Row(parameter: Parameter(name, .text, doc, aliases: aliases)) { (value, _) throws(ToolError) in
      fields.map { match($0, value) }.joined(separator: " || ")
    }
  }

  private static func services(
    _ name: String, _ sides: [String], _ doc: String, aliases: [String] = []
  ) -> Row {
    Row(parameter: Parameter(name, .text, doc, aliases: aliases)) { (value, _) throws(ToolError) in
      sides.map { service(of: $0, value) }.joined(separator: " || ")
    }
  }

  private static func pods(_ name: String, _ sides: [String], _ doc: String) -> Row {
    Row(parameter: Parameter(name, .text, doc)) { (value, _) throws(ToolError) in
      sides.map { pod(of: $0, value) }.joined(separator: " || ")
    }
  }

  /// A service of a side (`src`, `dst`), also as answers write it: `shop/orders`.
  static func service(of side: String, _ value: String) -> String {
    within(side, value) { match("\(side).service.name", $0) }
  }

  /// A pod of a side, also as answers write it: `shop/orders-7d9f8b6c5d-x2x7k`.
  static func pod(of side: String, _ value: String) -> String {
    within(side, value) { pod("\(side).pod.name", $0) }
  }

  /// No name has a slash: before it stands the namespace.
  private static func within(
    _ side: String, _ value: String, _ condition: (String) -> String
  ) -> String {
    guard let slash = value.firstIndex(of: "/") else { return condition(value) }
    let (namespace, name) = (String(value[..<slash]), String(value[value.index(after: slash)...]))
    return "(\(match("\(side).namespace", namespace)) && (\(condition(name))))"
  }

  /// Equal, or beginning with what stands before a trailing `*`.
  static func match(_ field: String, _ value: String) -> String {
    value.hasSuffix("*")
      ? "\(field).startsWith(\(quoted(String(value.dropLast()))))" : "\(field) == \(quoted(value))"
  }

  private static let protocols = FieldSchema.fields.filter(\.isFlag).compactMap(\.name)

  private static func proto(_ value: String) throws(ToolError) -> String {
    let name = value.lowercased()
    guard protocols.contains(name) else {
      throw .invalid(
        "proto", "unknown protocol \(quoted(value))",
        hint: nearest(to: name, among: protocols).map { "Did you mean \"\($0)\"?" }
          ?? "Known: " + protocols.joined(separator: ", ") + ".")
    }
    return name
  }

  private static func status(_ value: String) throws(ToolError) -> String {
    switch value.lowercased() {
    case "error", "errors", "failed": return "call_failed || error"
    case "success", "ok": return "!call_failed && !error"
    case let text where text.count == 3 && text.hasSuffix("xx"):
      guard let digit = Int(text.prefix(1)), (1...5).contains(digit) else { break }
      return "http && status_code >= \(digit)00 && status_code < \(digit + 1)00"
    case let text:
      if let number = UInt16(text) { return "status_code == \(number)" }
    }
    throw .invalid(
      "status", "status must be a number, 4xx, 5xx, error or success, not \(quoted(value))",
      hint: "For example status=5xx.")
  }
}

extension Shorthand {
  /// A pod by its whole name, its beginning before a trailing `*`, or the workload that made it:
  /// `orders` for `orders-7d9f8b6c5d-x2x7k`, `orders-x2x7k` and `orders-0`.
  static func pod(_ field: String, _ value: String) -> String {
    guard !value.hasSuffix("*") else { return match(field, value) }
    let name = value.unicodeScalars.map { scalar in
      scalar.isASCII && !scalar.properties.isAlphabetic && !("0"..."9").contains(scalar)
        ? "\\" + String(scalar) : String(scalar)
    }.joined()
    // Hashes of templates are written without vowels, 0, 1 and 3; older ones in hexadecimal.
    let pattern =
      "^\(name)(-[bcdfghjklmnpqrstvwxz2456789]{5,10}|-[a-f0-9]{6,10})?(-[a-z0-9]{5}|-[0-9]+)$"
    return "\(field) == \(quoted(value)) || \(field).matches(\(quoted(pattern)))"
  }
}

/// A KFL text literal.
func quoted(_ value: String) -> String {
  var text = "\""
  for scalar in value.unicodeScalars {
    switch scalar {
    case "\"", "\\": text += "\\" + String(scalar)
    case "\n": text += "\\n"
    case "\r": text += "\\r"
    case "\t": text += "\\t"
    case let scalar where scalar.value < 0x20 || scalar.value == 0x7f:
      let digits = String(scalar.value, radix: 16)
      text += "\\x" + (digits.count == 1 ? "0" : "") + digits
    default: text.unicodeScalars.append(scalar)
    }
  }
  return text + "\""
}

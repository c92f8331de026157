import JSON
import ToolKit

/// The REST form of a tool: a method, a path under `/mcp`, and the tool that answers.
package struct HubRoute: Hashable, Sendable {
  package var method: String
  package var tool: String
  /// Segments after `/mcp`; one that begins with `:` stands for an argument of that name.
  private var segments: [String]

  /// - Parameter route: such as `GET calls/:id`.
  package init(_ route: String, tool: String) {
    let parts = route.split(separator: " ", maxSplits: 1)
    precondition(parts.count == 2, "the route \(route) is not a method and a path")
    method = String(parts[0])
    segments = parts[1].split(separator: "/").map(String.init)
    if segments.first == "mcp" { segments.removeFirst() }
    self.tool = tool
  }

  /// How many segments a path needs for an exact match.
  var length: Int { segments.count }

  /// The path as the discovery document shows it.
  var path: String { "/mcp/" + segments.joined(separator: "/") }

  /// The arguments that stand in the path, or nil when it is another one. An argument at the end
  /// takes the rest of the path: ids of calls hold slashes.
  func arguments(in path: [String]) -> JSONObject? {
    var path = path
    if path.count > segments.count, let last = segments.last, last.hasPrefix(":") {
      let rest = path[(segments.count - 1)...].joined(separator: "/")
      path = path.prefix(segments.count - 1) + [rest]
    }
    guard path.count == segments.count else { return nil }
    var arguments = JSONObject()
    for (segment, value) in zip(segments, path) {
      if segment.hasPrefix(":") {
        arguments[String(segment.dropFirst())] = .string(value)
      } else if segment != value {
        return nil
      }
    }
    return arguments
  }
}

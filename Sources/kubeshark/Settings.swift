import Logging
import ToolKit
import Yams

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// What a configuration file and `--set` say, of what this program acts on. `--set` goes first.
struct Settings {
  enum Key: String, CaseIterable {
    case kubeconfig = "kube.configPath"
    case context = "kube.context"
    case namespace = "tap.release.namespace"
  }

  /// Largest file that is read, in bytes.
  private static let maxFile = 1 << 20

  private var values: [Key: String] = [:]

  subscript(key: Key) -> String? { values[key] }

  /// - Parameters:
  ///   - sets: as given by `--set`.
  ///   - configPath: as given; without it the file is looked for.
  init(sets: [String], configPath: String?, _ log: Logger) throws(Failure) {
    if let path = configPath ?? Self.standardFile() {
      try readFile(absolutePath(path))
      log.info("settings are read from \(path)")
    }
    var seen: Set<String> = []
    for set in sets {
      for pair in Self.pairs(set) {
        let (name, value) = try Self.checked(pair)
        guard seen.insert(name).inserted || Key(rawValue: name) == nil else {
          throw .usage("--set \(name) is given twice; it takes one value")
        }
        if let key = Key(rawValue: name) {
          values[key] = value.isEmpty ? nil : value
        } else {
          log.warning("--set \(name) has no effect on this command")
        }
      }
    }
  }

  /// The file in the working directory, else the one in the home directory; nil when neither is
  /// there.
  private static func standardFile() -> String? {
    ["./kubeshark.yaml", "~/.kubeshark/config.yaml"].first { access(absolutePath($0), R_OK) == 0 }
  }

  private mutating func readFile(_ path: String) throws(Failure) {
    let bytes: [UInt8]
    do throws(Failure) { bytes = try contents(of: path, limit: Self.maxFile) } catch {
      throw .failed(error.message)
    }
    let root: Node?
    do {
      root = try Yams.compose(yaml: String(decoding: bytes, as: UTF8.self))
    } catch {
      // The error names the line.
      throw .failed("\(path) is not YAML: \("\(error)".prefix(300))")
    }
    guard let root, root.scalar?.string.isEmpty != true else { return }
    guard root.mapping != nil else {
      throw .failed(
        "\(path): settings are expected, such as tap: {release: {namespace: kubeshark}}")
    }
    for key in Key.allCases {
      var node: Node? = root
      for part in key.rawValue.split(separator: ".") { node = node?[String(part)] }
      guard let node, node.null == nil else { continue }
      guard let text = node.scalar?.string else {
        let line = node.mark.map { ":\($0.line)" } ?? ""
        throw .failed("\(path)\(line): \(key.rawValue) must be a text")
      }
      if !text.isEmpty { values[key] = text }
    }
  }

  /// The parts between commas that stand neither in quotes nor in braces.
  private static func pairs(_ text: String) -> [String] {
    var parts = [""]
    var depth = 0
    var isQuoted = false
    for character in text {
      switch character {
      case "\"": isQuoted.toggle()
      case "{" where !isQuoted: depth += 1
      case "}" where !isQuoted: depth -= 1
      case "," where !isQuoted && depth <= 0:
        parts.append("")
        continue
      default: break
      }
      parts[parts.count - 1].append(character)
    }
    return parts
  }

  private static func checked(_ pair: String) throws(Failure) -> (name: String, value: String) {
    let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2 else {
      throw .usage(
        "--set takes key=value, not \"\(pair)\"; for example tap.release.namespace=kubeshark")
    }
    let name = String(parts[0])
    let isKnown = knownSettings.contains { name == $0 || name.hasPrefix($0 + ".") }
    guard isKnown else {
      let near = nearest(to: name, among: knownSettings).map { "; did you mean \($0)?" } ?? ""
      throw .usage("--set: there is no setting \"\(name)\"\(near)")
    }
    var value = parts[1]
    if value.count >= 2, value.hasPrefix("\""), value.hasSuffix("\"") {
      value = value.dropFirst().dropLast()
    }
    return (name, String(value))
  }
}

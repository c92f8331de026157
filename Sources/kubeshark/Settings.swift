import Cluster
import JSON
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
  /// Largest file that is read, in bytes.
  private static let maxFile = 1 << 20

  private(set) var values = ClusterSettings()
  /// The file that was read.
  private(set) var file: String?

  /// - Parameters:
  ///   - sets: as given by `--set`.
  ///   - configPath: as given; without it the file is looked for.
  init(sets: [String], configPath: String?, _ log: Logger) throws(Failure) {
    if let path = configPath ?? Self.standardFile() {
      try readFile(absolutePath(path))
      file = absolutePath(path)
      log.info("settings are read from \(path)")
    }
    var seen: Set<String> = []
    for set in sets {
      for pair in Self.pairs(set) {
        let (name, value) = try Self.split(pair)
        guard let setting = Self.setting(name) else {
          log.warning("--set \(name) has no effect on this command")
          continue
        }
        let isFirst = seen.insert(name).inserted
        guard isFirst || setting.kind == .names else {
          throw .usage("--set \(name) is given twice; it takes one value")
        }
        let inner = String(name.dropFirst(setting.name.count + 1))
        do throws(ClusterSettings.Mistake) {
          try values.set(setting, at: inner, to: value, adds: !isFirst)
        } catch { throw .usage("--set: \(error.message)") }
      }
    }
  }

  /// The setting that a name is meant for, or is a part of; nil for those that have no effect.
  private static func setting(_ name: String) -> ClusterSetting? {
    ClusterSetting.all.first { name == $0.name || name.hasPrefix($0.name + ".") }
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
    for setting in ClusterSetting.all {
      var node: Node? = root
      for part in setting.name.split(separator: ".") { node = node?[String(part)] }
      guard let node, node.null == nil else { continue }
      let line = node.mark.map { ":\($0.line)" } ?? ""
      do throws(ClusterSettings.Mistake) {
        try values.set(setting, Self.value(node, setting.kind))
      } catch { throw .failed("\(path)\(line): \(error.message)") }
    }
  }

  /// A YAML node as JSON. Of a text the characters count, whatever YAML takes them for.
  private static func value(_ node: Node, _ kind: ClusterSetting.Kind) -> JSONValue {
    if let mapping = node.mapping {
      return .object(
        JSONObject(
          members: mapping.compactMap { member in
            member.key.string.map { .init(name: $0, value: value(member.value, kind)) }
          }))
    }
    if let sequence = node.sequence { return .array(sequence.map { value($0, kind) }) }
    guard let scalar = node.scalar else { return .null }
    switch kind {
    case .text, .names, .labels: return .string(scalar.string)
    case .flag, .count, .tree:
      guard scalar.style == .plain else { return .string(scalar.string) }
      if let number = node.int { return JSONValue(number) }
      if let flag = node.bool { return .bool(flag) }
      return .string(scalar.string)
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
      case "{" where !isQuoted, "[" where !isQuoted: depth += 1
      case "}" where !isQuoted, "]" where !isQuoted: depth -= 1
      case "," where !isQuoted && depth <= 0:
        parts.append("")
        continue
      default: break
      }
      parts[parts.count - 1].append(character)
    }
    return parts
  }

  private static func split(_ pair: String) throws(Failure) -> (name: String, value: String) {
    let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2 else {
      throw .usage(
        "--set takes key=value, not \"\(pair)\"; for example tap.release.namespace=kubeshark")
    }
    // Within a label helm wants its dots escaped; here they may be.
    let name = String(parts[0]).replacing("\\.", with: ".")
    let known = ClusterSetting.all.map(\.name) + otherSettings
    guard known.contains(where: { name == $0 || name.hasPrefix($0 + ".") }) else {
      let near = nearest(to: name, among: known).map { "; did you mean \($0)?" } ?? ""
      throw .usage("--set: there is no setting \"\(name)\"\(near)")
    }
    var value = parts[1]
    if value.count >= 2, value.hasPrefix("\""), value.hasSuffix("\"") {
      value = value.dropFirst().dropLast()
    }
    return (name, String(value))
  }
}

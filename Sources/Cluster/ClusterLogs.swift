import JSON
import KFL
package import ToolKit

/// What a deployment says of itself, for whoever looks for a fault: the logs of its pods, its
/// events, its objects without Secrets and without the values in containers' environments.
package struct ClusterLogs: Sendable {
  /// Lines of the end of one container's log, and most bytes of them: where there are more, the
  /// last lines are missing, so that the number of lines has to be the limit that counts.
  private static let (lastLines, maxLog) = (20_000, 8 << 20)
  private static let maxPods = 2_000

  private let access: ClusterAccess
  private let origin: String
  private let pattern: Pattern?

  /// - Parameter pattern: only lines in which this regular expression (RE2) is found.
  package init(
    _ access: ClusterAccess, origin: String, pattern: String?
  ) throws(ToolError) {
    (self.access, self.origin) = (access, origin)
    do throws(Pattern.Refused) {
      self.pattern = try pattern.map { text throws(Pattern.Refused) in try Pattern(text) }
    } catch {
      throw .invalid("grep", "this is no regular expression (RE2): \(error.reason)")
    }
  }

  /// Adds everything; gives how many pods there are.
  ///
  /// - Parameter told: takes what is done, and what cannot be had.
  package func add(
    to archive: inout ZipArchive, told: (String) -> Void
  ) async throws(ToolError) -> Int {
    let kubectl = Kubectl(access: access)
    let pods: [ClusterPod]
    do throws(ClusterFault) { pods = try await ClusterPod.all(kubectl) } catch {
      throw error.toolError(origin: origin, start: "")
    }
    for pod in pods.prefix(Self.maxPods) {
      told("reading the log of \(pod.name)")
      for (suffix, flags) in [("", [String]()), (".previous", ["--previous"])] {
        do throws(ClusterFault) {
          let log = try await kubectl.run(
            [
              "--namespace=\(access.namespace)", "logs", "pod/\(pod.name)", "--all-containers",
              "--timestamps", "--tail=\(Self.lastLines)", "--limit-bytes=\(Self.maxLog)",
            ] + flags)
          add(&archive, "\(pod.name)\(suffix).log", filtered(log), told)
        } catch {
          // Most containers have run once.
          if suffix.isEmpty { told(problem("the log of \(pod.name)", error)) }
        }
      }
    }
    let listings = [
      ("events", "events", [String]()),
      ("objects", "pods,services,deployments.apps,daemonsets.apps", [ClusterPod.selectorFlag]),
    ]
    for (name, kinds, flags) in listings {
      do throws(ClusterFault) {
        let list = try await kubectl.run(
          ["--namespace=\(access.namespace)", "get", kinds, "--output=json"] + flags)
        add(&archive, "\(name).json", try Self.withoutValues(list), told)
      } catch { told(problem(name, error)) }
    }
    return pods.count
  }

  /// Objects without what may be secrets in them: values that stand in a container's environment, and
  /// kubectl's copy of an object, which has them as well.
  static func withoutValues(_ list: [UInt8]) throws(ClusterFault) -> [UInt8] {
    let value: JSONValue
    do throws(JSONError) { value = try JSONReader.value(of: list) } catch {
      throw .other("its output is not JSON: \(error)")
    }
    return Array(withoutValues(value, isVariable: false).text.utf8)
  }

  private static let copy = "kubectl.kubernetes.io/last-applied-configuration"

  private static func withoutValues(_ value: JSONValue, isVariable: Bool) -> JSONValue {
    if let elements = value.array {
      return .array(elements.map { withoutValues($0, isVariable: isVariable) })
    }
    guard let object = value.object else { return value }
    return .object(
      JSONObject(
        members: object.members.map { member -> JSONObject.Member in
          let isLeftOut = member.name == copy || isVariable && member.name == "value"
          return JSONObject.Member(
            name: member.name,
            value: isLeftOut
              ? "(left out)" : withoutValues(member.value, isVariable: member.name == "env"))
        }))
  }

  private func add(
    _ archive: inout ZipArchive, _ path: String, _ contents: [UInt8], _ told: (String) -> Void
  ) {
    if !archive.add(path, contents) { told("\(path) is left out: the archive is full") }
  }

  private func problem(_ what: String, _ fault: ClusterFault) -> String {
    "\(what) cannot be had: \(fault.toolError(origin: origin, start: "").message)"
  }

  private func filtered(_ log: [UInt8]) -> [UInt8] {
    guard let pattern else { return log }
    let lines = String(decoding: log, as: UTF8.self).split(
      separator: "\n", omittingEmptySubsequences: true)
    let found = lines.filter { pattern.isFound(in: String($0)) }
    return Array(found.map { $0 + "\n" }.joined().utf8)
  }
}

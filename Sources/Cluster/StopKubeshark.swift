import JSON
package import ToolKit

/// Removes what `start_kubeshark` installed, and says what is left.
package struct StopKubeshark: Tool {
  package static let row = ToolRow(
    name: "stop_kubeshark", title: "Remove Kubeshark from the cluster",
    doc: """
      Removes Kubeshark from the cluster together with the traffic it has captured. Ask the user first.
      """,
    parameters: [ClusterParameters.release],
    answer: [
      "type": "object",
      "properties": [
        "removed": ["type": "boolean"], "namespace": ["type": "string"],
        "objects": ["type": "array", "items": ["type": "string"]],
        "left": ["type": "array", "items": ["type": "string"]],
        "complete": ["type": "boolean"],
      ], "required": ["removed", "namespace", "left"],
    ],
    annotations: ToolAnnotations(readOnly: false, destructive: true, idempotent: true),
    route: "POST stop")

  private let hub: ClusterHub
  private let deployable: Deployable

  package init(hub: ClusterHub, deployable: Deployable) {
    (self.hub, self.deployable) = (hub, deployable)
  }

  package func call(
    _ arguments: Arguments, progress: @escaping ProgressReport
  ) async throws(ToolError) -> ToolAnswer {
    let access = try hub.access.inNamespace(arguments.text(ClusterParameters.release))
    let steps = Steps(progress)
    defer { hub.expectChanges() }
    switch deployable {
    case .chart(let chart, _): return try await uninstall(chart, access, steps)
    case .manifests: return try await remove(access, steps)
    }
  }

  private func remove(_ access: ClusterAccess, _ steps: Steps) async throws(ToolError) -> ToolAnswer
  {
    let outcome: Removal.Outcome
    let pods: [ClusterPod]
    do throws(ClusterFault) {
      outcome = try await Removal(access: access).run { steps.tell($0) }
      pods = outcome.removed.isEmpty ? try await ClusterPod.all(Kubectl(access: access)) : []
    } catch {
      var error = hub.error(error)
      error.message = "Kubeshark was not removed, or not all of it. " + error.message
      if error.code == "cluster_forbidden" {
        error.hint = "Whoever removes it needs list and delete on the objects that were deployed."
      }
      throw error
    }
    let place = "namespace '\(access.namespace)'"
    var text =
      outcome.removed.isEmpty
      ? "Nothing was removed: start_kubeshark has made nothing in \(place)."
      : "Kubeshark was removed from \(place): \(outcome.removed.count) objects."
    var left = outcome.left
    if outcome.removed.isEmpty, !pods.isEmpty {
      text += " What runs there was installed in another way, and is removed that way."
      left += pods.map { "Pod/\($0.name): it was installed in another way" }
    }
    return answer(
      access, removed: !outcome.removed.isEmpty, outcome.removed.map(\.title), left,
      isComplete: outcome.isComplete, text)
  }

  private func uninstall(
    _ chart: String, _ access: ClusterAccess, _ steps: Steps
  ) async throws(ToolError) -> ToolAnswer {
    steps.tell("removing the release in namespace \(access.namespace)")
    let wasThere: Bool
    do throws(ClusterFault) {
      wasThere = try await Helm(access: access, chart: chart).uninstall()
    } catch { throw helmError(error) }
    let left: [String]
    do throws(ClusterFault) {
      left = try await ClusterPod.all(Kubectl(access: access)).map(\.name)
    } catch { throw hub.error(error) }
    let place = "namespace '\(access.namespace)'"
    let text =
      wasThere
      ? "Kubeshark was removed from \(place)."
      : "Nothing was removed: helm knows no release \(Helm.release) in \(place)."
    return answer(access, removed: wasThere, [], left, isComplete: left.isEmpty, text)
  }

  /// Most objects that are named one by one.
  private static let maxNamed = 10

  private func answer(
    _ access: ClusterAccess, removed: Bool, _ objects: [String], _ left: [String],
    isComplete: Bool, _ text: String
  ) -> ToolAnswer {
    var text = text
    if !left.isEmpty {
      text += " Still there: \(left.prefix(Self.maxNamed).joined(separator: "; "))"
      text += left.count > Self.maxNamed ? "; and \(left.count - Self.maxNamed) more." : "."
    } else if removed {
      text += " Nothing is left."
    }
    return ToolAnswer(
      structured: [
        "removed": .bool(removed), "namespace": .string(access.namespace),
        "objects": .array(objects.map { .string($0) }), "left": .array(left.map { .string($0) }),
        "complete": .bool(isComplete),
      ], text: text)
  }
}

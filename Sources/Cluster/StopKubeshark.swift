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
        "left": ["type": "array", "items": ["type": "string"]],
      ], "required": ["removed", "namespace"],
    ],
    annotations: ToolAnnotations(readOnly: false, destructive: true, idempotent: true),
    route: "POST stop")

  private let hub: ClusterHub
  private let chart: String

  package init(hub: ClusterHub, chart: String) { (self.hub, self.chart) = (hub, chart) }

  package func call(
    _ arguments: Arguments, progress: @escaping ProgressReport
  ) async throws(ToolError) -> ToolAnswer {
    let access = try hub.access.inNamespace(arguments.text(ClusterParameters.release))
    progress(Progress(done: 0, message: "removing the release in namespace \(access.namespace)"))
    let wasThere: Bool
    do throws(ClusterFault) {
      wasThere = try await Helm(access: access, chart: chart).uninstall()
    } catch { throw helmError(error) }
    let left: [String]
    do throws(ClusterFault) {
      left = try await ClusterPod.all(Kubectl(access: access)).map(\.name)
    } catch { throw hub.error(error) }
    hub.expectChanges()
    let place = "namespace '\(access.namespace)'"
    var text =
      wasThere
      ? "Kubeshark was removed from \(place)."
      : "Nothing was removed: helm knows no release \(Helm.release) in \(place)."
    if !left.isEmpty {
      text += " Pods that are still there: \(left.prefix(10).joined(separator: ", "))."
    }
    return ToolAnswer(
      structured: [
        "removed": .bool(wasThere), "namespace": .string(access.namespace),
        "left": .array(left.map { .string($0) }),
      ], text: text)
  }
}

import JSON
import ToolKit

/// Brings our manifests into the cluster by server-side apply.
struct Installation: Sendable {
  /// For applying all objects: webhooks may take their time with each.
  private static let limit = Duration.seconds(120)
  /// For one of them, in seconds: a webhook may take 30 ("Dynamic Admission Control", Timeouts).
  private static let requestSeconds = 40

  let access: ClusterAccess
  /// Where the access comes from, for sentences.
  let origin: String
  let settings: ClusterSettings
  /// The tag of the image where none is set.
  let version: String

  private var kubectl: Kubectl { Kubectl(access: access) }

  /// - Returns: whether anything of it was there before.
  func install(_ told: (String) -> Void) async throws(ToolError) -> Bool {
    let manifests: Manifests
    do throws(ClusterSettings.Mistake) {
      manifests = try Manifests(
        settings, namespace: access.namespace, token: Manifests.newToken(), version: version)
    } catch {
      throw ToolError(
        status: 400, code: "invalid_setting", message: "Nothing was done: \(error.message).",
        hint: "Settings come from --set, the configuration file and the call's arguments.")
    }
    let input = manifests.list()
    guard input.count <= ClusterCommand.maxInput else {
      throw ToolError(
        status: 400, code: "invalid_setting",
        message:
          "Nothing was done: the manifests are larger than \(ClusterCommand.maxInput) bytes.",
        hint: "Name fewer or shorter settings.")
    }
    told("looking at what is there")
    if let version = await KubernetesVersion.of(kubectl), version < .oldest {
      throw version.error(origin: origin)
    }
    let found = try await found(manifests, told)
    try check(found, manifests)
    let kept = { (manifest: Manifest) in
      found.contains { $0.isSame(as: manifest) && (!$0.isOurs || manifest.kind == "Secret") }
    }
    let wanted = manifests.list(leavingOut: kept)
    if found.contains(where: { $0.kind == "Namespace" }) {
      told("asking the API server whether it would take them")
      try await rehearse(wanted)
    }
    told("applying the manifests in namespace \(access.namespace)")
    do throws(ClusterFault) { try await apply(wanted, more: []) } catch {
      throw startError(
        error,
        "Kubeshark was not deployed, or not all of it",
        hint: "stop_kubeshark (kubeshark clean) removes what was made.")
    }
    if found.contains(where: \.isOurs) { await prune(manifests) }
    return found.contains { $0.kind == "Deployment" }
  }

  /// What is there of these objects. What is on its way out is waited for: it would take with it what
  /// is made in its place, and nothing can be made in a namespace that goes.
  private func found(
    _ manifests: Manifests, _ told: (String) -> Void
  ) async throws(ToolError) -> [ClusterObject] {
    let start = ContinuousClock.now
    while true {
      let found: [ClusterObject]
      do throws(ClusterFault) { found = try await look(manifests.list()) } catch {
        guard case .forbidden(let reason) = error,
          reason.contains("namespaces \"\(access.namespace)\"")
        else { throw startError(error, "Nothing was done") }
        // Who may work in a namespace need not be allowed to look at it.
        let place: JSONValue = [
          "kind": "Namespace", "metadata": ["name": .string(access.namespace)],
        ]
        let inside = manifests.list { $0.kind == "Namespace" }
        found = try await refusing { () async throws(ClusterFault) in
          try await look(inside) + [ClusterObject(place)].compactMap { $0 }
        }
      }
      guard let going = found.first(where: \.isGoing) else { return found }
      guard ContinuousClock.now - start < Removal.patience else {
        throw ToolError(
          status: 409, code: "still_going",
          message: "Nothing was done, because of what was there before: \(going.stillThere).",
          hint: "Try again when it has gone: kubectl get \(going.kind)/\(going.name) -o yaml")
      }
      told("waiting for \(going.title) to go, which is being removed")
      do { try await Task.sleep(for: Removal.look) } catch { throw .cancelled }
    }
  }

  private func look(_ list: [UInt8]) async throws(ClusterFault) -> [ClusterObject] {
    try ClusterObject.all(
      in: await kubectl.run(
        ["get", "--filename=-", "--ignore-not-found", "--output=json"], input: list))
  }

  /// Objects of the same names that somebody else has made are left alone, and said to be there.
  private func check(_ found: [ClusterObject], _ manifests: Manifests) throws(ToolError) {
    let optional = ["Namespace", "Secret"]
    guard let other = found.first(where: { !$0.isOurs && !optional.contains($0.kind) }) else {
      return
    }
    let manager = other.labels["app.kubernetes.io/managed-by"].map { " (it is managed by \($0))" }
    throw ToolError(
      status: 409, code: "already_exists",
      message: """
        Nothing was done: \(other.title) in namespace '\(access.namespace)' was not made by \
        start_kubeshark\(manager ?? "").
        """,
      hint: "Remove that installation the way it was made, or name another release_namespace.")
  }

  /// Everything that would refuse the objects refuses them here, before one is changed.
  private func rehearse(_ input: [UInt8]) async throws(ToolError) {
    do throws(ClusterFault) { try await apply(input, more: ["--dry-run=server"]) } catch {
      // Some webhooks cannot be asked in advance, and older kubectls want to read more for it.
      let passes = ["dry run", "dry-run", "openapi"]
      if case .other(let reason) = error, passes.contains(where: { reason.contains($0) }) {
        return
      }
      throw startError(error, "Nothing was done: the cluster would not take the manifests")
    }
  }

  private func apply(_ input: [UInt8], more: [String]) async throws(ClusterFault) {
    // Whoever gives up stops waiting; kubectl is not left half-way.
    let kubectl = kubectl
    let work = Task.detached { () async -> ClusterFault? in
      do throws(ClusterFault) {
        _ = try await kubectl.run(
          [
            "apply", "--server-side", "--force-conflicts", "--field-manager=\(Manifests.manager)",
            "--validate=false",
          ] + more + ["--filename=-"], input: input, requestSeconds: Self.requestSeconds,
          limit: Self.limit)
        return nil
      } catch { return error }
    }
    if let fault = await work.value { throw fault }
  }

  /// Removes what an earlier start has made and this one does not need: other settings need other
  /// objects. That it cannot be done does not stop a start.
  private func prune(_ manifests: Manifests) async {
    do throws(ClusterFault) {
      let removal = Removal(access: access)
      let stale = try await removal.objects().found.filter { object in
        !manifests.all.contains { object.isSame(as: $0) }
      }
      try await removal.delete(stale)
    } catch { return }
  }

  private func refusing<Value: Sendable>(
    _ body: () async throws(ClusterFault) -> Value
  ) async throws(ToolError) -> Value {
    do throws(ClusterFault) { return try await body() } catch {
      throw startError(error, "Nothing was done")
    }
  }

  private func startError(
    _ fault: ClusterFault, _ opening: String, hint: String? = nil
  ) -> ToolError {
    var error = fault.toolError(
      origin: origin, start: "Check the cluster.")
    error.message = "\(opening). \(error.message)"
    if case .forbidden = fault {
      error.hint = """
        Whoever deploys needs to create the objects that kubeshark tap --dry-run shows, and to hold \
        the rights that its roles give. Without rights in the whole cluster: \
        --set \(ClusterSetting.clusterRoles.name)=false with --set \(ClusterSetting.namespaces.name)={…}.
        """
    }
    if case .other(let reason) = fault {
      let autopilot =
        "GKE Autopilot lets no pod use its node's network, which agents need: use a Standard cluster. "
      let isAutopilot = ["autogke", "Autopilot"].contains { reason.contains($0) }
      error.hint =
        (isAutopilot ? autopilot : "")
        + "kubeshark tap --dry-run shows what is deployed, and --set changes it."
    }
    if case .noNamespace(let name) = fault, name != access.namespace {
      error.message = """
        \(opening). The cluster (\(origin)) has no namespace '\(name)', which \
        \(ClusterSetting.namespaces.name) names.
        """
      error.hint = "kubectl get namespaces lists them."
    }
    if let hint { error.hint = (error.hint.map { $0 + " " } ?? "") + hint }
    return error
  }
}

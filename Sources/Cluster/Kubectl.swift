/// The kubectl on the PATH: it knows every way to sign in to a cluster.
struct Kubectl: Sendable {
  /// How long the cluster may take for one request, in seconds.
  static let requestSeconds = 10
  /// For a whole command: a sign-in plug-in may take its time.
  static let limit = Duration.seconds(30)

  let access: ClusterAccess

  /// The output of a command that ends by itself.
  ///
  /// - Parameters:
  ///   - input: at most `ClusterCommand.maxInput` bytes.
  ///   - requestSeconds: for each request of it.
  ///   - limit: for the whole command.
  func run(
    _ arguments: [String], input: [UInt8] = [], requestSeconds: Int = Kubectl.requestSeconds,
    limit: Duration = Kubectl.limit
  ) async throws(ClusterFault) -> [UInt8] {
    try await ClusterCommand(program: "kubectl", access: access).run(
      access.flags + ["--request-timeout=\(requestSeconds)s"] + arguments, input: input,
      limit: limit)
  }
}

import Synchronization
package import ToolKit

/// The Hub of a cluster on a port of this machine, for as long as it is wanted.
package struct HubForward: Sendable {
  private let access: ClusterAccess
  private let origin: String
  private let host: String
  private let port: Int

  /// - Parameters:
  ///   - origin: where the access comes from, for sentences.
  ///   - port: 0 takes a free one.
  package init(_ access: ClusterAccess, origin: String, host: String, port: Int) {
    (self.access, self.origin, self.host, self.port) = (access, origin, host, port)
  }

  private static let shortestPause = Duration.seconds(1)
  private static let longestPause = Duration.seconds(30)

  /// Keeps the forward open until the task is cancelled, and opens it again when it breaks.
  ///
  /// - Parameters:
  ///   - opened: takes the port, each time.
  ///   - lost: takes the reason, each time.
  /// - Throws: when it cannot be opened the first time, or somebody has to sign in again.
  package func run(
    opened: @Sendable (Int) -> Void, lost: @Sendable (String) -> Void
  ) async throws(ToolError) {
    var wasOpen = false
    var pause = Self.shortestPause
    // Whoever has the port keeps it.
    var port = self.port == 0 ? nil : self.port
    while !Task.isCancelled {
      let bell = Doorbell()
      let reason = Mutex("kubectl ended")
      do throws(ClusterFault) {
        let service = try await ClusterService.installed(Kubectl(access: access))[0]
        let seen = bell.count
        let forward = try await PortForward.open(service, access, host: host, port: port) { said in
          if let said { reason.withLock { $0 = said } }
          bell.ring()
        }
        (wasOpen, pause, port) = (true, Self.shortestPause, forward.port)
        opened(forward.port)
        await bell.wait(beyond: seen)
        forward.stop()
        if Task.isCancelled { return }
        lost(reason.withLock { $0 })
      } catch {
        if error == .cancelled { return }
        let problem = error.toolError(origin: origin, start: "kubeshark tap deploys it.")
        // To sign in is for somebody: each try may open another page in a browser.
        if case .signIn = error { throw problem }
        guard wasOpen else { throw problem }
        lost(problem.message)
        pause = min(Self.longestPause, pause * 2)
      }
      do { try await Task.sleep(for: pause) } catch { return }
    }
  }
}

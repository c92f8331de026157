import Testing

@testable import Cluster

struct ClusterCommandTests {
  /// So many zeros, as a program of every system prints them.
  private func output(of bytes: Int) async throws -> Int {
    try await ClusterCommand(program: "head", access: ClusterAccess()).run(
      ["-c", "\(bytes)", "/dev/zero"], limit: .seconds(300)
    ).count
  }

  @Test func thePodsOfALargeClusterAreRead() async throws {
    let pods = 5_000 * 10_240
    let read = try await output(of: pods)
    #expect(read == pods)
  }

  @Test func outputWithoutEndIsRefused() async throws {
    let tooMuch = ClusterFault.other("head printed more than 64 MiB")
    await #expect(throws: tooMuch) { try await output(of: ClusterCommand.maxOutput + 1) }
  }
}

package import ToolKit

/// A Hub elsewhere, whose files have addresses of their own.
package protocol RemoteHub: HubConnection {
  /// Where a file of the Hub can be had at this moment.
  func address(of path: String) async throws(ToolError) -> FileAddress
  /// How often a transfer that broke off is taken up again without having come further.
  var resumptions: Int { get }
}

/// The address of a file.
package struct FileAddress: Hashable, Sendable {
  package var url: String
  /// Whether whoever has no token is refused.
  package var needsSignIn: Bool
  package var isLoopback: Bool
}

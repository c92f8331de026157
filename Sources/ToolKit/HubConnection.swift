package import JSON

/// Whatever answers tool calls: the Hub in this process, or one elsewhere over HTTP.
///
/// The MCP side sees nothing else, so it cannot tell the ways apart. Cancelling the task that
/// waits stops the work; an answer after that is dropped.
package protocol HubConnection: Sendable {
  /// What the Hub offers. May be cached by the connection; a Hub that cannot be asked is an error.
  func catalogue() async throws(ToolError) -> Catalogue

  /// The answer of the tool called `name`.
  ///
  /// - Parameter arguments: as the caller sent them; the Hub checks them.
  /// - Parameter progress: called from any thread, at most a few times a second, never after the
  ///   call has returned.
  func call(
    _ name: String, arguments: JSONObject, progress: @escaping ProgressReport
  ) async throws(ToolError) -> ToolAnswer

  /// A file of the Hub (a PCAP export, say) by its path on the Hub, as a stream of chunks.
  func file(_ path: String) async throws(ToolError) -> HubFile
}

/// Takes what a long call has done so far.
package typealias ProgressReport = @Sendable (Progress) -> Void

/// How far a long call has come.
package struct Progress: Hashable, Sendable {
  /// Grows with every report.
  package var done: Double
  /// What `done` will be at the end, when that is known.
  package var total: Double?
  /// What is being done, for people.
  package var message: String?

  package init(done: Double, total: Double? = nil, message: String? = nil) {
    (self.done, self.total, self.message) = (done, total, message)
  }
}

/// A file of the Hub on its way here.
package struct HubFile: Sendable {
  /// Last path component to suggest to the user; made safe for a file system.
  package var name: String
  package var contentType: String
  /// In bytes, when the Hub says so.
  package var length: Int64?
  /// The contents, in order. Ends early by throwing `ToolError`.
  package var chunks: AsyncThrowingStream<[UInt8], any Error>

  package init(
    name: String, contentType: String, length: Int64?,
    chunks: AsyncThrowingStream<[UInt8], any Error>
  ) {
    (self.name, self.contentType) = (name, contentType)
    (self.length, self.chunks) = (length, chunks)
  }
}

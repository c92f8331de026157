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
  /// - Parameter caller: reached from any thread, never after the call has returned.
  func call(
    _ name: String, arguments: JSONObject, caller: Caller
  ) async throws(ToolError) -> ToolAnswer

  /// A file of the Hub (a PCAP export, say) by its path on the Hub.
  ///
  /// - Parameter start: where to begin, in bytes; more than 0 only for a file that was opened
  ///   before and can be resumed.
  func file(_ path: String, from start: FileStart) async throws(ToolError) -> HubFile
}

extension HubConnection {
  /// The answer for a caller who only watches the progress.
  package func call(
    _ name: String, arguments: JSONObject, progress: @escaping ProgressReport
  ) async throws(ToolError) -> ToolAnswer {
    try await call(name, arguments: arguments, caller: Caller(progress: progress))
  }
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

/// Where a file is read from.
package struct FileStart: Hashable, Sendable {
  /// In bytes.
  package var offset: Int64
  /// The version of the file that the bytes before belong to (an entity tag, RFC 9110 §8.8.3).
  package var tag: String?

  package init(offset: Int64, tag: String?) { (self.offset, self.tag) = (offset, tag) }

  package static let beginning = FileStart(offset: 0, tag: nil)
}

/// A file of the Hub on its way here.
package struct HubFile: Sendable {
  /// Takes the next bytes; what it throws ends the transfer.
  package typealias Sink = (_ bytes: [UInt8]) async throws(ToolError) -> Void

  /// Last path component to suggest to the user; made safe for a file system.
  package var name: String
  package var contentType: String
  /// Where `copy` begins, in bytes: what was asked for, or 0 when the Hub begins anew.
  package var offset: Int64
  /// Of the whole file in bytes, when the Hub says so.
  package var length: Int64?
  /// The file's version, when the transfer can be resumed.
  package var tag: String?
  /// SHA-256 of the whole file, when it is known beforehand.
  package var digest: [UInt8]?
  /// Hands over the contents in order, never more than a piece at a time. Call it once.
  package var copy: @Sendable (Sink) async throws(ToolError) -> Void

  package init(
    name: String, contentType: String, offset: Int64 = 0, length: Int64?, tag: String? = nil,
    digest: [UInt8]? = nil,
    copy: @escaping @Sendable (Sink) async throws(ToolError) -> Void
  ) {
    (self.name, self.contentType) = (name, contentType)
    (self.offset, self.length, self.tag) = (offset, length, tag)
    (self.digest, self.copy) = (digest, copy)
  }
}

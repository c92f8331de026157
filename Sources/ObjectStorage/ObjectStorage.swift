/// A place elsewhere that keeps objects under keys: a bucket, or a folder that stands for one.
///
/// What is written is there whole or not at all. A transfer that broke off goes on where it was when
/// it is asked for again, also by another process.
package protocol ObjectStorage: Sendable {
  var place: StoragePlace { get }

  /// - Throws: why the place cannot be used.
  func check() async throws(StorageError)

  /// The objects whose keys begin with `prefix`, by key.
  func list(_ prefix: String) async throws(StorageError) -> [StoredObject]

  /// A small object.
  ///
  /// - Parameter limit: bytes; what is longer is not read.
  func read(_ key: String, limit: Int) async throws(StorageError) -> [UInt8]

  func write(_ bytes: [UInt8], at key: String) async throws(StorageError)

  /// - Parameter report: gets how many bytes are there, those of earlier attempts included.
  func upload(
    _ file: StoredFile, at key: String, report: @Sendable (UInt64) -> Void
  ) async throws(StorageError)

  /// Writes the object to a file, behind what it holds already.
  ///
  /// - Parameter path: a file that is made, or gone on with.
  /// - Parameter bytes: the length of the object.
  func download(
    _ key: String, to path: String, bytes: UInt64, report: @Sendable (UInt64) -> Void
  ) async throws(StorageError)
}

/// Which place it is.
package struct StoragePlace: Hashable, Sendable {
  /// `s3` or `file`.
  package var provider: String
  /// Name of the bucket, or path of the folder.
  package var bucket: String
  /// Begins every key of ours; empty, or with a slash at its end.
  package var prefix: String
}

/// An object as a listing shows it.
package struct StoredObject: Hashable, Sendable {
  package var key: String
  package var bytes: UInt64
  /// Changes with the contents.
  package var tag: String
}

/// A file of this machine, and what it holds.
package struct StoredFile: Hashable, Sendable {
  package var path: String
  package var bytes: UInt64
  package var digest: [UInt8]

  /// - Parameter digest: SHA-256 of its bytes.
  package init(path: String, bytes: UInt64, digest: [UInt8]) {
    (self.path, self.bytes, self.digest) = (path, bytes, digest)
  }
}

/// Why something could not be kept elsewhere, or had from there.
package struct StorageError: Error, Hashable, Sendable {
  package enum Code: String, Hashable, Sendable {
    /// The settings are wrong or name what is not supported.
    case settings
    case unreachable
    /// Refused by credentials or rights.
    case denied
    case notFound
    /// The place said no for another reason.
    case refused
    /// A file of this machine failed.
    case file
    /// The bytes that came are not those that were sent away.
    case changed
    case cancelled
  }

  package var code: Code
  package var message: String
  /// What to do.
  package var hint: String

  package init(_ code: Code, _ message: String, hint: String) {
    (self.code, self.message, self.hint) = (code, message, hint)
  }

  static func unreadable(_ path: String) -> StorageError {
    StorageError(
      .file, "The file \(path) cannot be read.", hint: "Check that it is still where it was.")
  }

  static func unwritable(_ path: String, _ reason: String) -> StorageError {
    StorageError(
      .file, "The file \(path) cannot be written: \(reason).",
      hint: "Check that the folder is there, may be written to, and has room.")
  }
}

/// Why the store could not do what it was asked: what, to what, and what to try next.
package struct StoreError: Error, Sendable, CustomStringConvertible {
  package enum Code: String, Sendable, CaseIterable {
    /// Stored bytes are not what their checksum or their format says.
    case damaged
    /// Written by a version of the format that this one does not know.
    case unknownVersion
    /// No room on the device, or a quota is used up.
    case diskFull
    /// The place cannot be written.
    case readOnly
    /// The place cannot be opened: missing folder, no permission, not a database.
    case cannotOpen
    /// Another process holds the database.
    case locked
    /// Reading or writing failed.
    case inputOutput
    /// A block is larger than the limits allow.
    case tooLarge
    /// A block that was made could not be read.
    case unsound
    /// The store was closed.
    case closed
  }

  package var code: Code
  /// What was being done, to what: "reading column 163 of block 12".
  package var doing: String
  /// What the layer below said.
  package var underlying: String?

  package init(_ code: Code, _ doing: String, underlying: String? = nil) {
    (self.code, self.doing, self.underlying) = (code, doing, underlying)
  }

  /// One sentence: what is wrong.
  package var problem: String {
    switch code {
    case .damaged: "stored data is damaged"
    case .unknownVersion: "the data was written by a version this program does not know"
    case .diskFull: "no space is left on the device"
    case .readOnly: "the folder or file cannot be written"
    case .cannotOpen: "the database cannot be opened"
    case .locked: "another process is using it"
    case .inputOutput: "reading or writing failed"
    case .tooLarge: "a block is larger than allowed"
    case .unsound: "a block that was made cannot be read, and its entries are lost"
    case .closed: "the store is closed"
    }
  }

  /// What to try next.
  package var nextStep: String {
    switch code {
    case .damaged: "the rest stays readable; delete the file to start afresh"
    case .unknownVersion: "use the newer program, or give it another folder"
    case .diskFull: "free some space or lower the retention limit, then go on"
    case .readOnly: "make the folder writable or name another one"
    case .cannotOpen: "check that the folder exists and that the file is ours"
    case .locked: "stop that process, ask it instead (--url), or name another folder"
    case .inputOutput: "check the device, then try again"
    case .tooLarge: "send smaller blocks"
    case .unsound: "the other blocks are there; please report this"
    case .closed: "open it again"
    }
  }

  package var description: String {
    "\(doing): \(problem)\(underlying.map { " (\($0))" } ?? ""); \(nextStep)"
  }
}

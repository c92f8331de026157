import Synchronization

/// Who may ask, as the file of tokens says it at this moment.
///
/// The file is looked at for each request, so that a token that was added is let in, and one that
/// was removed is not, without a new start. A file that became wrong changes nothing.
package final class AccessList: Sendable {
  private let file: Mutex<AccessFile>
  private let renewed: @Sendable () -> AccessFile?

  /// - Parameter renewed: gives the file again when it has changed since it was last asked.
  package init(
    _ file: AccessFile, renewed: @escaping @Sendable () -> AccessFile? = { nil }
  ) {
    self.file = Mutex(file)
    self.renewed = renewed
  }

  /// From now on that is who may ask.
  package func renew(_ new: AccessFile) { file.withLock { $0 = new } }

  /// Whose token it is, or nil.
  func access(of token: String) -> Access? {
    if let new = renewed() { file.withLock { $0 = new } }
    return file.withLock { $0 }.access(of: token)
  }
}

/// Something made once for each access, when it is first wanted.
package final class PerAccess<Value: Sendable>: Sendable {
  /// What is kept; a file of tokens has fewer accesses, unless it changes all the time.
  private static var most: Int { 1_000 }

  private let values = Mutex<[Access: Value]>([:])
  private let make: @Sendable (Access) -> Value

  package init(_ make: @escaping @Sendable (Access) -> Value) { self.make = make }

  package subscript(access: Access) -> Value {
    values.withLock { values in
      if let known = values[access] { return known }
      let value = make(access)
      if values.count < Self.most { values[access] = value }
      return value
    }
  }
}

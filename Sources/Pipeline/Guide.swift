package import Bytes
package import Entries
import Synchronization

/// What workers go by while live traffic is read, and which changes as pods come and go: who holds
/// which address, and whose entries are kept.
///
/// Written by one, read by all workers, each of which keeps a copy until there is a newer one.
package final class Guide: Sendable {
  /// Whether an entry between these two ends is kept.
  package typealias Choice = @Sendable (_ client: IPAddress, _ server: IPAddress) -> Bool

  /// What holds at a moment.
  package struct Page: Sendable {
    package var names: NameTable
    /// Nil keeps all entries.
    package var keeps: Choice?

    package init(names: NameTable = NameTable(), keeps: Choice? = nil) {
      (self.names, self.keeps) = (names, keeps)
    }
  }

  private let latest: Mutex<Page>
  /// Counts the pages, from 1.
  private let number = Atomic(1)

  package init(_ page: Page = Page()) { latest = Mutex(page) }

  /// What holds from now on.
  package func turn(to page: Page) {
    latest.withLock { $0 = page }
    number.add(1, ordering: .releasing)
  }

  /// The latest page when it is newer than the one `known` stands for, which then stands for it.
  func page(after known: inout Int) -> Page? {
    let current = number.load(ordering: .acquiring)
    guard current != known else { return nil }
    known = current
    return latest.withLock { $0 }
  }
}

package import Bytes

/// Address → workload, with validity times, so that old traffic keeps its old names.
///
/// An immutable value: whoever learns more publishes a new table, readers hold the one they got.
package struct NameTable: Sendable {
  /// A workload and the time from which it held the address.
  package struct Record: Sendable {
    package var workload: Workload
    package var since: Timestamp

    package init(workload: Workload, since: Timestamp = .distantPast) {
      (self.workload, self.since) = (workload, since)
    }
  }

  /// Oldest first in each list.
  private var records: [IPAddress: [Record]]

  package init() { records = [:] }

  package init(_ list: [(address: IPAddress, record: Record)]) {
    records = Dictionary(grouping: list, by: \.address).mapValues { group in
      group.map(\.record).sorted { $0.since < $1.since }
    }
  }

  package var isEmpty: Bool { records.isEmpty }
  package var addresses: [IPAddress] { records.keys.sorted() }

  /// Who held `address` at `instant`: the newest record not after it, else the oldest known.
  ///
  /// The oldest serves for earlier times because a table written after a capture would name
  /// nothing otherwise.
  package func workload(at address: IPAddress, when instant: Timestamp) -> Workload? {
    guard let list = records[address] else { return nil }
    return (list.last { $0.since <= instant } ?? list.first)?.workload
  }

  package func records(of address: IPAddress) -> [Record] { records[address] ?? [] }
}

package import Bytes

/// Why there is no snapshot, or nothing can be done with it, and what to do instead.
package struct SnapshotError: Error, Hashable, Sendable {
  package enum Code: String, Hashable, Sendable {
    /// There is none of that name.
    case notFound
    /// Another one has the name.
    case nameTaken
    /// What cannot be a name, a window, or another argument; `argument` says which.
    case invalid
    /// libpcap does not take the filter.
    case badFilter
    /// There are no packets of that time any more, or not yet.
    case outside
    /// The store has no room.
    case full
    /// No raw packets are kept here.
    case noRawCapture
    /// It is not cut yet, or its cutting failed.
    case notCompleted
    /// A capture file was changed since it was made part of a snapshot.
    case changed
    /// A pcap file cannot hold packets of several link types.
    case mixedLinks
    /// The disk.
    case inputOutput
  }

  package var code: Code
  /// One sentence.
  package var message: String
  /// What to do, as a sentence.
  package var hint: String
  package var argument: String?
  /// Where in that argument, in bytes from its start.
  package var position: Int?
  /// Of `outside`: the times there are packets of.
  package var available: ClosedRange<Timestamp>?

  package init(
    _ code: Code, _ message: String, hint: String, argument: String? = nil, position: Int? = nil,
    available: ClosedRange<Timestamp>? = nil
  ) {
    (self.code, self.message, self.hint) = (code, message, hint)
    (self.argument, self.position, self.available) = (argument, position, available)
  }
}

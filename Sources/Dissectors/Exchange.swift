import Bytes
import Entries
import Flows

/// A message with what its runner adds: times, packets, wire bytes, content so far.
struct Half {
  /// Memory of a message beside its texts, in bytes.
  static let overhead = 512

  var message: Message
  var start: Moment
  /// Newest packet that brought bytes of it.
  var end: Moment
  /// Bytes on the wire, framing included.
  var wireLength: Int64
  /// Bytes of content, kept or not.
  var bodyLength: Int64
  /// Bytes of it that were not captured.
  var lost: Int64 = 0
  var isOpen: Bool

  init(_ message: consuming Message, from start: Moment, to end: Moment, length: Int) {
    isOpen = message.extent != .whole
    bodyLength = Int64(message.body.count)
    self.message = message
    self.start = start
    self.end = end
    wireLength = Int64(length)
  }

  mutating func append(_ content: RawSpan, keeping kept: Int, wire length: Int, at moment: Moment) {
    if kept > 0 { message.body.append(content.prefix(kept)) }
    bodyLength += Int64(content.byteCount)
    wireLength += Int64(length)
    end = moment
  }

  mutating func lose(_ count: Int) {
    lost += Int64(count)
    bodyLength += Int64(count)
    wireLength += Int64(count)
  }

  mutating func finish(_ ending: Ending, wire length: Int, at moment: Moment) {
    isOpen = false
    wireLength += Int64(length)
    if length > 0 { end = moment }
    message.fields.merge(ending.fields)
    if !ending.trailers.isEmpty {
      for field in ending.trailers.fields { message.headers.append(field.name, field.value) }
    }
    if ending.failed { message.failed = true }
    if let fault = ending.fault { message.fault = fault }
    if let kind = ending.kind { message.kind = kind }
  }

  /// What kept it from being whole.
  var fault: Entry.Fault? {
    if let fault = message.fault { return fault }
    if lost > 0 { return Entry.Fault(.dissection, "\(lost) bytes were not captured") }
    if isOpen { return Entry.Fault(.dissection, "the connection ended inside the message") }
    return nil
  }

  var content: Content? {
    if message.headers.isEmpty && bodyLength == 0 { return nil }
    return Content(headers: message.headers, body: message.body, bodyLength: bodyLength)
  }
}

/// A request and its reply, as far as they have come.
///
/// A class because it is large, changes in place, and is moved between the arrays of its one owner.
final class Exchange {
  let index: UInt32
  let requester: Side
  /// Place of the dissector's row.
  let row: Int
  /// Last sign of life, for the timeout.
  var touched: Timestamp
  var request: Half?
  var response: Half?
  /// Memory that the ledger has charged for its messages, in bytes.
  var charge = 0

  init(index: UInt32, requester: Side, row: Int, touched: Timestamp) {
    (self.index, self.requester, self.row, self.touched) = (index, requester, row, touched)
  }

  /// Nothing more can come.
  var isComplete: Bool {
    if request != nil {
      if request?.isOpen == true { return false }
      if response != nil { return response?.isOpen == false }
      return request?.message.partner != .expected
    }
    return response?.isOpen == false && response?.message.partner != .expected
  }

  /// One half is here, finished, and waits for the other.
  var isHalf: Bool { (request == nil) != (response == nil) && !isOpen(.client) && !isOpen(.server) }

  /// A half is missing that should be there.
  var lacksHalf: Bool {
    (request == nil) != (response == nil)
      && (request?.message.partner ?? response?.message.partner) != Message.Partner.none
  }

  /// The message of `sender` is not over.
  func isOpen(_ sender: Side) -> Bool {
    (sender == requester ? request?.isOpen : response?.isOpen) == true
  }

  /// Changes the message of `sender`, if there is one.
  @inline(__always)
  func update(_ sender: Side, _ change: (inout Half) -> Void) {
    if sender == requester {
      if request != nil { change(&request!) }
    } else {
      if response != nil { change(&response!) }
    }
  }

  /// Sets the message of `sender`.
  func put(_ half: consuming Half, from sender: Side) {
    if sender == requester { request = half } else { response = half }
  }

  var keptBytes: Int {
    (request?.message.body.count ?? 0) + (response?.message.body.count ?? 0)
  }

  /// Why a half is missing, as far as the exchange itself tells.
  var absence: Entry.Fault {
    if request == nil { return Entry.Fault(.pairNotFound, "no request was captured") }
    return Entry.Fault(.pairNotFound, "the connection ended without a reply")
  }
}

import Bytes
import Entries
import Flows

/// A message with what its runner adds: times, packets, wire bytes, content so far.
struct Half {
  /// Memory of a message beside its texts, in bytes.
  static let overhead = 512

  /// Bytes of a body whose length is known that get their memory at once.
  static let reserved = 32 << 10

  /// Bytes of memory that content may have to spare when it becomes a body as it is.
  private static let slack = 64

  var message: Message
  private(set) var start: Moment
  /// Newest packet that brought bytes of it.
  var end: Moment
  /// Bytes on the wire, framing included.
  var wireLength: Int64
  /// Bytes of content, kept or not.
  var bodyLength: Int64
  /// Bytes of it that were not captured.
  var lost: Int64 = 0
  var isOpen: Bool
  /// What is noted of content that is read as it comes.
  private(set) var stream: BodyStream?

  /// The half of a message that is missing.
  static var none: Half {
    let moment = Moment(timestamp: .distantPast, packet: 0)
    return Half(Message(.request, .tcp, key: 0), from: moment, to: moment, length: 0)
  }

  /// Lets go of what takes memory worth speaking of, and of what its dissector may use again.
  mutating func strip() {
    if !message.fields.isEmpty { message.fields = FieldValues() }
    if !message.headers.isEmpty { message.headers = HeaderBlock() }
    if !message.body.isEmpty { message.body = [] }
    if !message.details.isEmpty { message.details = [] }
    if stream != nil { stream = nil }
  }

  mutating func append(_ content: RawSpan, keeping kept: Int, wire length: Int, at moment: Moment) {
    if kept > 0 {
      if message.body.isEmpty, case .body(let length) = message.extent, length != .max {
        message.body.reserveCapacity(min(length, Self.reserved))
      }
      message.body.append(content.prefix(kept))
    }
    stream?.append(content, kept: kept, at: moment)
    bodyLength += Int64(content.byteCount)
    wireLength += Int64(length)
    end = moment
  }

  /// The same of content that is here alone: it becomes the body where there is none.
  mutating func append(
    _ content: inout [UInt8], keeping kept: Int, wire length: Int, at moment: Moment
  ) {
    let count = content.count
    // One that has memory to spare would keep it as long as the entry is kept.
    guard kept == count, kept > 0, message.body.isEmpty, message.extent == .open,
      stream == nil, content.capacity - count <= Self.slack
    else { return append(content.rawSpan, keeping: kept, wire: length, at: moment) }
    swap(&message.body, &content)
    bodyLength += Int64(count)
    wireLength += Int64(length)
    end = moment
  }

  mutating func lose(_ count: Int) {
    lost += Int64(count)
    stream?.lose()
    bodyLength += Int64(count)
    wireLength += Int64(count)
  }

  mutating func finish(_ ending: Ending, wire length: Int, at moment: Moment) {
    isOpen = false
    wireLength += Int64(length)
    if length > 0 { end = moment }
    message.fields.merge(ending.fields)
    message.headers.append(ending.trailers)
    if !ending.details.isEmpty { message.details = ending.details }
    if ending.failed { message.failed = true }
    if let fault = ending.fault { message.fault = fault }
    if let kind = ending.kind { message.kind = kind }
  }

  /// Something may have kept it from being whole. (`fault` copies what it looks at.)
  var isFaulty: Bool {
    @inline(__always) get { isOpen || lost > 0 || message.isExceptional }
  }

  /// What kept it from being whole.
  var fault: Entry.Fault? {
    if let fault = message.fault { return fault }
    if lost > 0 { return Entry.Fault(.dissection, "\(lost) bytes were not captured") }
    if isOpen { return Runner.ended }
    return nil
  }

  /// Headers and body, given away.
  mutating func takeContent() -> Content? {
    if message.headers.isEmpty && bodyLength == 0 { return nil }
    var content = Content(bodyLength: bodyLength)
    swap(&content.headers, &message.headers)
    swap(&content.body, &message.body)
    return content
  }
}

extension Half {
  // As with `Entry`.
  @inline(__always)
  init(_ message: consuming Message, from start: Moment, to end: Moment, length: Int) {
    let isOpen = message.extent != .whole
    let bodyLength = Int64(message.body.count)
    let stream = message.isStreamed ? BodyStream(since: start.timestamp) : nil
    self.init(
      message: consume message, start: start, end: end, wireLength: Int64(length),
      bodyLength: bodyLength, isOpen: isOpen, stream: stream)
  }
}

/// A request and its reply, as far as they have come.
///
/// A class because it is large, changes in place, and is moved between the arrays of its one owner;
/// used again for the next when it is done.
final class Exchange {
  /// Memory that the ledger has charged for its messages, in bytes.
  var charge = 0

  /// How far a half is.
  enum Status: UInt8 { case missing, open, whole }

  private(set) var index: UInt32 = 0
  private(set) var requester = Side.client
  /// Place of the dissector's row.
  private(set) var row = 0
  /// The conversation it belongs to, where several share what is unfinished.
  private(set) var home: Home?
  /// Last sign of life, for the timeout.
  var touched = Timestamp.distantPast
  // What a half is that is missing, says nothing: the memory of the one before is used again.
  private(set) var request = Half.none
  private(set) var response = Half.none
  private(set) var requestStatus = Status.missing
  private(set) var responseStatus = Status.missing
  /// When the halves began; nil for one that is missing.
  private(set) var requestStart: Moment?
  private(set) var responseStart: Moment?
  private var requestPartner = Message.Partner.expected
  private var responsePartner = Message.Partner.expected

  /// Begins anew; both halves are missing.
  func begin(index: UInt32, requester: Side, row: Int, touched: Timestamp) {
    (self.index, self.requester, self.row, self.touched) = (index, requester, row, touched)
  }

  /// The conversation that an entry names. An object: few exchanges have one.
  final class Home {
    let stream: UInt64
    private(set) var ends: Ends

    init(stream: UInt64, ends: Ends) { (self.stream, self.ends) = (stream, ends) }

    fileprivate func turn() { (ends.client, ends.server) = (ends.server, ends.client) }
  }

  /// It belongs to that conversation, in which it has that index.
  func settle(in home: Home, index: UInt32) { (self.home, self.index) = (home, index) }

  /// Client and server have changed places.
  func turn() {
    requester = requester.other
    home?.turn()
  }

  /// Takes the reply of another one, which has nothing else.
  func complete(with other: Exchange) {
    guard other.responseStatus != .missing else { return }
    put(other.response, from: requester.other)
    charge += other.charge
    other.charge = 0
    other.clear()
  }

  /// Nothing more can come.
  var isComplete: Bool {
    switch (requestStatus, responseStatus) {
    case (.open, _), (_, .open), (.missing, .missing): false
    case (.whole, .whole): true
    case (.whole, .missing): requestPartner != .expected
    case (.missing, .whole): responsePartner != .expected
    }
  }

  /// One half is here, finished, and waits for the other.
  var isHalf: Bool {
    (requestStatus == .missing) != (responseStatus == .missing)
      && requestStatus != .open && responseStatus != .open
  }

  /// A half is missing that should be there.
  var lacksHalf: Bool {
    (requestStatus == .missing) != (responseStatus == .missing)
      && (requestStatus == .missing ? responsePartner : requestPartner) != .none
  }

  /// The message of `sender` is not over.
  func isOpen(_ sender: Side) -> Bool {
    (sender == requester ? requestStatus : responseStatus) == .open
  }

  /// Changes the message of `sender`, if there is one.
  @inline(__always)
  func update(_ sender: Side, _ change: (inout Half) -> Void) {
    if sender == requester {
      guard requestStatus != .missing else { return }
      change(&request)
      requestStatus = request.isOpen ? .open : .whole
    } else {
      guard responseStatus != .missing else { return }
      change(&response)
      responseStatus = response.isOpen ? .open : .whole
    }
  }

  /// Sets the message of `sender`.
  @inline(__always)
  func put(_ half: consuming Half, from sender: Side) {
    let status: Status = half.isOpen ? .open : .whole
    let partner = half.message.partner
    if sender == requester {
      (requestStatus, requestPartner, requestStart) = (status, partner, half.start)
      request = consume half
    } else {
      (responseStatus, responsePartner, responseStart) = (status, partner, half.start)
      response = consume half
    }
  }

  /// Adds what is kept of the reply, which comes whole and has no fields of its own, to those of the
  /// request: they become the entry's together.
  func add(answer facts: RawSpan) { request.message.fields.add(.responseFacts, bytes: facts) }

  /// A half that is missing now is not waited for, and nobody misses it.
  func endAsItIs() { (requestPartner, responsePartner) = (.none, .none) }

  /// Forgets both halves, of which `give` may have given away what an entry keeps.
  func clear() {
    if requestStatus != .missing { request.strip() }
    if responseStatus != .missing { response.strip() }
    (requestStatus, responseStatus) = (.missing, .missing)
    (requestStart, responseStart) = (nil, nil)
    if home != nil { home = nil }
  }

  /// Moves what an entry keeps of the halves. The reply comes second: its fields replace the
  /// request's.
  func give(to entry: inout Entry) {
    if requestStatus != .missing { request.give(to: &entry, asRequest: true) }
    if responseStatus != .missing { response.give(to: &entry, asRequest: false) }
  }

  var keptBytes: Int {
    (requestStatus == .missing ? 0 : request.message.body.count)
      + (responseStatus == .missing ? 0 : response.message.body.count)
  }
}

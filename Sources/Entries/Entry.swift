package import Bytes

/// One thing that happened: a request with its reply, a lone message, or a connection record.
///
/// The envelope is typed; what only some protocols have is in `fields`, by the rows of the field
/// catalogue. Made once by a dissector, then only read.
package struct Entry: Sendable {
  package var kind: ProtocolKind
  package var transport: EntryTransport
  /// First byte of the request; of the reply when there is no request.
  package var timestamp: Timestamp
  /// First byte of the reply minus first byte of the request, in microseconds; nil for halves.
  package var elapsed: Int64?
  /// The requesting side.
  package var source: Endpoint
  /// The answering side.
  package var destination: Endpoint
  /// Number of the first packet of its connection.
  package var stream: UInt64
  /// Position within the stream, from 0.
  package var index: UInt32
  /// Numbers of the first and last packet that carry it; 0 when unknown.
  package var packets: ClosedRange<UInt64>
  package var hasRequest: Bool
  package var hasResponse: Bool
  /// Bytes on the wire of each message.
  package var requestSize: Int64
  package var responseSize: Int64
  /// The protocol itself reported failure (HTTP ≥ 400, rcode ≠ 0, …).
  package var failed: Bool
  /// The capture or the dissection did not get the whole of it.
  package var fault: Fault?
  /// Whether it was read in clear text through known TLS secrets.
  package var decrypted: Bool
  package var fields: FieldValues
  package var request: Content?
  package var response: Content?
  /// Bits that a dissector noted of the messages for the completion of the entry.
  package var hints: UInt8 = 0
  /// What is known of the reply's body besides, while the entry is completed.
  package var streamed: StreamedBody?

  /// What kept an entry from being whole (`error_type`, `raw.error`).
  package struct Fault: Hashable, Sendable {
    package enum Kind: UInt8, Sendable {
      case dissection = 1
      case connection = 2
      case timeout = 3
      case pairNotFound = 4

      package var name: String {
        switch self {
        case .dissection: "dissection"
        case .connection: "connection"
        case .timeout: "timeout"
        case .pairNotFound: "pair-not-found"
        }
      }
    }
    package var kind: Kind
    /// One phrase, such as "1448 bytes of the body were not captured".
    package var message: String

    package init(_ kind: Kind, _ message: String) { (self.kind, self.message) = (kind, message) }
  }
}

extension Entry {
  // Hands all to the initializer that every structure has: one of its own is made apart, and copied, with
  // all references in it, to its place.
  @inline(__always)
  package init(
    kind: ProtocolKind, transport: EntryTransport, timestamp: Timestamp, elapsed: Int64? = nil,
    source: Endpoint, destination: Endpoint, stream: UInt64, index: UInt32,
    packets: ClosedRange<UInt64> = 0...0, hasRequest: Bool = false, hasResponse: Bool = false,
    requestSize: Int64 = 0, responseSize: Int64 = 0, failed: Bool = false, fault: Fault? = nil,
    decrypted: Bool = false, fields: FieldValues = FieldValues(), request: Content? = nil,
    response: Content? = nil
  ) {
    self.init(
      kind: kind, transport: transport, timestamp: timestamp, elapsed: elapsed, source: source,
      destination: destination, stream: stream, index: index, packets: packets,
      hasRequest: hasRequest, hasResponse: hasResponse, requestSize: requestSize,
      responseSize: responseSize, failed: failed, fault: fault, decrypted: decrypted,
      fields: fields, request: request, response: response, hints: 0, streamed: nil)
  }
}

/// One end of an entry.
package struct Endpoint: Sendable {
  package var address: IPAddress
  /// 0 when the protocol has none.
  package var port: UInt16
  /// Who that was at the time of the traffic, when a name table knows.
  package var workload: Workload?

  package init(address: IPAddress, port: UInt16, workload: Workload? = nil) {
    (self.address, self.port, self.workload) = (address, port, workload)
  }
}

/// Header fields and body of one message, as far as they are kept. Stored apart from the columns.
package struct Content: Hashable, Sendable {
  /// Header fields in order, as lines; `HeaderBlock` reads them.
  package var headers: HeaderBlock
  /// The first bytes of the body without its transfer coding, still in its content coding.
  package var body: [UInt8]
  /// Bytes the body had without its transfer coding; more than `body.count` when it was cut.
  package var bodyLength: Int64

  package init(headers: HeaderBlock = HeaderBlock(), body: [UInt8] = [], bodyLength: Int64 = 0) {
    (self.headers, self.body, self.bodyLength) = (headers, body, bodyLength)
  }

  package var isCut: Bool { Int64(body.count) < bodyLength }
}

package import Bytes
import Dissectors
import Flows
import Layers
import Packets
import ToolKit

/// The connection whose packets are wanted.
package struct PacketQuestion: Hashable, Sendable {
  package var client: IPAddress
  package var server: IPAddress
  /// Nil for any: all connections of a flow.
  package var clientPort: UInt16?
  package var serverPort: UInt16
  /// `tcp`, `udp`, `sctp` or `icmp`.
  package var transport: String
  /// Numbers of the packets among which it lies, in the order of the capture.
  package var numbers: ClosedRange<UInt64>
  /// Where its packets lie in time, about.
  package var window: Range<Timestamp>
  /// Bytes of the capture that is made, at most.
  package var limit: Int
}

/// Packets cut out of captures, as a capture of their own.
package struct PacketCut: Hashable, Sendable {
  /// A pcap file.
  package var bytes: [UInt8]
  package var packets: Int
  /// Packets beyond the limit, and those of another link type or in fragments.
  package var leftOut: Int
}

extension PacketCut {
  /// The packets of a connection among those of a capture, which is read up to its last packet.
  ///
  /// - Parameter isNumbered: whether the packets have the numbers that the entries speak of.
  static func cut(
    _ question: PacketQuestion, from packets: CaptureMerger, isNumbered: Bool
  ) throws(ToolError) -> PacketCut {
    var cut = PacketCut(bytes: [], packets: 0, leftOut: 0)
    var writer: (writer: PcapWriter, linkType: LinkType)?
    var decapsulator = Decapsulator()
    var choice = PacketChoice(question)
    var over: Timestamp?
    var decoded = Decoded.none
    do throws(CaptureError) {
      var reader = packets
      while let chunk = try reader.next() {
        if Task.isCancelled { break }
        for packet in chunk.packets {
          if isNumbered {
            guard packet.number <= question.numbers.upperBound else { return cut }
            guard packet.number >= question.numbers.lowerBound || choice.looksBack else { continue }
          } else if let over, question.clientPort != nil,
            packet.timestamp > over.advanced(by: PacketQuestion.margin)
          {
            return cut
          }
          let bytes = chunk.store.bytes.slice(packet.range)
          guard decapsulator.decode(packet, in: bytes, into: &decoded) == .decoded else { continue }
          let memory = decapsulator.datagram ?? chunk.store
          guard choice.takes(decoded, in: memory.bytes, &cut.leftOut),
            !isNumbered || packet.number >= question.numbers.lowerBound
          else { continue }
          if let tcp = decoded.tcp {
            // The ports are used again: another connection.
            if over != nil, question.clientPort != nil, tcp.flags.contains(.syn),
              !tcp.flags.contains(.ack)
            {
              return cut
            }
            if !tcp.flags.isDisjoint(with: [.fin, .rst]) { over = packet.timestamp }
          }
          if writer == nil {
            writer = (PcapWriter(linkType: packet.linkType), packet.linkType)
            writer?.writer.start(&cut.bytes)
          }
          guard let (writer, linkType) = writer, linkType == packet.linkType,
            !decoded.marks.contains(.reassembled),
            cut.bytes.count + packet.range.count + 16 <= question.limit
          else {
            cut.leftOut += 1
            continue
          }
          writer.add(
            bytes, at: packet.timestamp, originalLength: packet.originalLength, to: &cut.bytes)
          cut.packets += 1
        }
      }
    } catch { throw unreadable(error) }
    if Task.isCancelled {
      throw ToolError.cancelled
    }
    return cut
  }

  static func unreadable(_ error: CaptureError) -> ToolError {
    ToolError(
      status: 500, code: "capture", message: "The packets could not be read again: \(error)",
      hint: "Is the capture still where it was?")
  }
}

/// Where packets of the traffic can be had again.
package struct PacketSource: Sendable {
  /// Why they cannot; nil where they can.
  package var unavailable: String?
  var cut: @Sendable (PacketQuestion) async throws(ToolError) -> PacketCut

  /// - Parameter reason: one sentence, with what would help.
  package static func none(_ reason: String) -> PacketSource {
    PacketSource(unavailable: reason) { _ async throws(ToolError) in
      throw ToolError(status: 409, code: "no_packets", message: reason)
    }
  }

  /// Capture files that can be read again.
  package static func files(_ paths: [String]) -> PacketSource {
    PacketSource(unavailable: nil) { (question) async throws(ToolError) in
      try await read(question, isNumbered: true) { () throws(ToolError) in
        do throws(CaptureError) { return try CaptureMerger(paths: paths) } catch {
          throw PacketCut.unreadable(error)
        }
      }
    }
  }

  /// Packets that are found by their times: of the ring, or of a snapshot.
  ///
  /// - Parameters:
  ///   - isNumbered: whether they have the numbers that the entries speak of.
  ///   - open: gives the packets of a window, in order of time.
  static func window(
    isNumbered: Bool,
    _ open: @escaping @Sendable (Range<Timestamp>) throws(ToolError) -> CaptureMerger
  ) -> PacketSource {
    PacketSource(unavailable: nil) { (question) async throws(ToolError) in
      try await read(question, isNumbered: isNumbered) { () throws(ToolError) in
        try open(question.window)
      }
    }
  }

  @concurrent
  private static func read(
    _ question: PacketQuestion, isNumbered: Bool,
    _ open: @Sendable () throws(ToolError) -> CaptureMerger
  ) async throws(ToolError) -> PacketCut {
    try PacketCut.cut(question, from: try open(), isNumbered: isNumbered)
  }
}

/// Chooses the packets of a connection: of an association of SCTP those on all its paths, for the answer
/// to what was asked on one may take another.
private struct PacketChoice {
  private let question: PacketQuestion
  private var book = AssociationBook()
  private var paths: [Pair: SCTPPath] = [:]
  /// The path that is asked for, where there may be others.
  private let asked: SCTPPath?

  /// Pairs of addresses between the same ports that are told apart. Packets of further ones are left out.
  private static let maxPaths = 1024

  private struct Pair: Hashable {
    var client: IPAddress
    var server: IPAddress
  }

  init(_ question: PacketQuestion) {
    self.question = question
    guard question.transport == "sctp", let port = question.clientPort else {
      asked = nil
      return
    }
    asked = Self.path(Pair(client: question.client, server: question.server), port, question)
    paths[Pair(client: question.client, server: question.server)] = asked
  }

  /// What came before the connection's first packet tells of its paths.
  var looksBack: Bool { asked != nil }

  mutating func takes(_ packet: Decoded, in memory: RawSpan, _ leftOut: inout Int) -> Bool {
    guard let asked, let port = question.clientPort, packet.transport == .sctp else {
      return question.concerns(packet)
    }
    let ports = (packet.sourcePort, packet.destinationPort)
    let back = Pair(client: packet.destination, server: packet.source)
    let isBack = ports == (question.serverPort, port) && (ports.0 != ports.1 || paths[back] != nil)
    guard isBack || ports == (port, question.serverPort) else { return false }
    let pair = isBack ? back : Pair(client: packet.source, server: packet.destination)
    if paths[pair] == nil {
      guard paths.count < Self.maxPaths else {
        leftOut += 1
        return false
      }
      paths[pair] = Self.path(pair, port, question)
    }
    guard let path = paths[pair] else { return false }
    note(memory.slice(packet.payload), path, isBack)
    return path.isJoined(with: asked)
  }

  private mutating func note(_ packet: RawSpan, _ path: SCTPPath, _ isBack: Bool) {
    book.note(packet, on: path, from: isBack ? .server : .client)
  }

  private static func path(_ pair: Pair, _ port: UInt16, _ question: PacketQuestion) -> SCTPPath {
    SCTPPath(
      client: Conversation.Peer(address: pair.client, port: port),
      server: Conversation.Peer(address: pair.server, port: question.serverPort))
  }
}

extension PacketQuestion {
  func concerns(_ packet: Decoded) -> Bool {
    guard packet.transport.name == transport else { return false }
    return packet.source == client && packet.destination == server
      && packet.sourcePort == clientPort ?? packet.sourcePort
      && packet.destinationPort == serverPort
      || packet.source == server && packet.destination == client
        && packet.sourcePort == serverPort
        && packet.destinationPort == clientPort ?? packet.destinationPort
  }
}

extension Transport {
  /// As `l4proto` has it.
  fileprivate var name: String {
    switch self {
    case .tcp: "tcp"
    case .udp: "udp"
    case .sctp: "sctp"
    case .icmp, .icmpv6: "icmp"
    case .other: ""
    }
  }
}

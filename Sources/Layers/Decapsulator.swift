package import Bytes
package import Packets

/// Takes the wrappings off packets: link layer, tags, tunnels, IP, fragments.
///
/// Of packets inside packets the innermost is kept. Packets of one capture must pass through one
/// decapsulator, for the fragments of a datagram to meet.
package struct Decapsulator: Sendable {
  /// Headers of one packet that are followed; a longer chain is hostile or damaged.
  static let maximumHeaders = 48
  /// Packets inside packets that are followed.
  static let maximumTunnels = 8

  /// Which packets have their checksums computed, to count and mark those where they are wrong.
  package var checksums: ChecksumPolicy
  package private(set) var counters = LayerCounters()
  /// What the payload of the latest packet lies in when it was put together from fragments; else nil.
  package private(set) var datagram: ByteStore?
  private var fragments: FragmentTable

  package init(limits: FragmentLimits = FragmentLimits(), checksums: ChecksumPolicy = .none) {
    self.checksums = checksums
    fragments = FragmentTable(limits: limits)
  }

  /// What is inside `packet`.
  ///
  /// - Parameter bytes: the packet's own bytes: those of `packet.range` in its chunk.
  package mutating func decode(_ packet: Packet, in bytes: RawSpan) -> Decapsulation {
    var decoded = Decoded.none
    switch decode(packet, in: bytes, into: &decoded) {
    case .decoded: return .decoded(decoded)
    case .held: return .held
    case .skipped(let reason): return .skipped(reason)
    }
  }

  /// As `decode(_:in:)`, into a value that is used again for every packet: half the time.
  ///
  /// `decoded` means something only when the answer is `decoded`.
  package mutating func decode(
    _ packet: Packet, in bytes: RawSpan, into decoded: inout Decoded
  ) -> Outcome {
    counters.packets &+= 1
    if datagram != nil { datagram = nil }
    let verifiesChecksums = checksums.verifies(packet.number)
    if !verifiesChecksums, decoded.takeUsual(packet, bytes) {
      counters.decoded &+= 1
      return .decoded
    }
    guard let first = Step(packet.linkType) else {
      counters.count(unknown: packet.linkType)
      return .skipped(.unknownLinkType)
    }
    var walk = Walk(packet, captured: bytes.byteCount, verifiesChecksums: verifiesChecksums)
    let outcome = follow(first, &walk, bytes, packet, &decoded)
    if !walk.checks.isEmpty { counters.checksums.add(walk.checks) }
    switch outcome {
    case .decoded: counters.count(decoded)
    case .held: counters.held &+= 1
    case .skipped(let reason): counters.count(reason)
    }
    return outcome
  }

  /// The capture is over: datagrams that are not whole never will be, and are counted.
  package mutating func finish() { fragments.finish(&counters) }

  /// Follows headers from `first` until a transport is reached.
  ///
  /// `out` is written only when that succeeds.
  private mutating func follow(
    _ first: Step, _ walk: inout Walk, _ bytes: RawSpan, _ packet: Packet,
    _ out: inout Decoded
  ) -> Outcome {
    var step = first
    do throws(WireError) {
      while true {
        walk.headers &+= 1
        guard walk.headers <= Self.maximumHeaders, walk.tunnels <= Self.maximumTunnels else {
          return .skipped(.tooDeep)
        }
        switch step {
        case .ethernet: step = try walk.ethernet(bytes)
        case .etherType(let type): step = try walk.etherType(type, bytes)
        case .ipv4: step = try walk.ipv4(bytes)
        case .ipv6: step = try walk.ipv6(bytes)
        case .transport(6):
          if walk.verifiesChecksums { walk.verifyTransport(6, bytes) }
          try walk.tcp(bytes, packet, &out)
          return .decoded
        case .transport(17): return try udp(&walk, bytes, packet, &out)
        case .transport(132):
          if walk.verifiesChecksums { walk.verifyTransport(132, bytes) }
          try walk.sctp(bytes, packet, &out)
          return .decoded
        case .transport(let number): step = try walk.transport(number, bytes)
        case .fragment(let piece): return reassembled(piece, &walk, bytes, packet, &out)
        case .end(let transport):
          walk.finish(packet, transport, ports: (0, 0), from: walk.at, &out)
          return .decoded
        case .notIP: return .skipped(.notIP)
        default: step = try walk.other(step, bytes)
        }
      }
    } catch {
      return .skipped(SkipReason(error.kind))
    }
  }

  /// A datagram, or what it carries when that is a packet that can be followed.
  private mutating func udp(
    _ walk: inout Walk, _ bytes: RawSpan, _ packet: Packet, _ out: inout Decoded
  ) throws(WireError) -> Outcome {
    try walk.udp(bytes, packet, &out)
    guard let port = TunnelPort(out.sourcePort, out.destinationPort) else { return .decoded }
    var inner = walk
    guard let step = inner.tunnel(port, bytes) else { return .decoded }
    // What cannot be followed inside stays a datagram.
    let outcome = follow(step, &inner, bytes, packet, &out)
    walk.checks.formUnion(inner.checks)
    if case .skipped = outcome { return .decoded }
    return outcome
  }

  /// The whole datagram when `piece` completes it.
  private mutating func reassembled(
    _ piece: Fragment, _ walk: inout Walk, _ bytes: RawSpan, _ packet: Packet,
    _ out: inout Decoded
  ) -> Outcome {
    guard walk.end == walk.declaredEnd, !walk.isOverlong else {
      // Its datagram will never be whole; the first piece alone still shows who talks to whom.
      guard piece.offset == 0 else {
        return .skipped(walk.isOverlong ? .malformed : .truncated)
      }
      walk.marks.insert(.cut)
      return follow(.transport(piece.number), &walk, bytes, packet, &out)
    }
    let result = fragments.insert(
      piece, bytes.slice(walk.at..<walk.end), at: packet.timestamp, &counters)
    switch result {
    case .held: return .held
    case .refused: return .skipped(.malformed)
    case .complete(let store, let number):
      var inner = walk
      inner.base = 0
      inner.at = 0
      inner.end = store.count
      inner.declaredEnd = store.count
      inner.marks.insert(.reassembled)
      let outcome = follow(.transport(number), &inner, store.bytes, packet, &out)
      walk.checks.formUnion(inner.checks)
      if case .decoded = outcome, datagram == nil { datagram = store }
      return outcome
    }
  }
}

/// What became of a packet, without what is inside it.
package enum Outcome: Hashable, Sendable {
  case decoded
  /// A fragment that waits for the rest of its datagram.
  case held
  /// Not followed; counted under the reason.
  case skipped(SkipReason)
}

/// What became of a packet.
package enum Decapsulation: Sendable {
  case decoded(Decoded)
  /// A fragment that waits for the rest of its datagram.
  case held
  /// Not followed; counted under the reason.
  case skipped(SkipReason)
}

/// Why a packet is not followed.
package enum SkipReason: UInt8, Hashable, Sendable, CaseIterable {
  /// The capture's link type is not known; `LayerCounters.linkTypes` has its number.
  case unknownLinkType
  /// It holds no IP packet: ARP, LLDP, spanning tree and the like.
  case notIP
  /// The capture cut it inside a header.
  case truncated
  /// A header contradicts itself or what surrounds it.
  case malformed
  /// A version or variant of a header that is not known.
  case unsupported
  /// More headers or tunnels than are followed.
  case tooDeep

  init(_ kind: WireError.Kind) {
    switch kind {
    case .truncated: self = .truncated
    case .invalid: self = .malformed
    case .unsupported: self = .unsupported
    case .tooLarge: self = .tooDeep
    case .foreign: self = .notIP
    }
  }
}

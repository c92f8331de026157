import Bytes
import Decompression
import Dissectors
import Flows
import Layers
import Packets

extension Statistics {
  /// More packets.
  mutating func count(_ more: [Packet]) {
    guard let first = more.first?.timestamp else { return }
    var length: UInt64 = 0
    var (least, most) = (oldest ?? first, newest ?? first)
    for packet in more {
      length += UInt64(packet.originalLength)
      least = min(least, packet.timestamp)
      most = max(most, packet.timestamp)
    }
    packets += UInt64(more.count)
    bytes += length
    (oldest, newest) = (least, most)
  }

  /// What the reading thread has counted, which leaves what the workers count as it is.
  mutating func takeReading(_ other: Statistics) {
    (sources, packets, bytes) = (other.sources, other.packets, other.bytes)
    (oldest, newest) = (other.oldest, other.newest)
    (cutPackets, notFollowed) = (other.cutPackets, other.notFollowed)
    (wrongChecksums, fragmentTroubles) = (other.wrongChecksums, other.fragmentTroubles)
  }

  /// What could not be followed below the transport.
  mutating func take(_ counters: LayerCounters) {
    cutPackets = counters.cut
    wrongChecksums = ChecksumKind.allCases.compactMap { kind in
      let wrong = counters.checksums.wrong(kind)
      return wrong > 0 ? Named(name: kind.words, count: wrong) : nil
    }
    notFollowed = SkipReason.allCases.compactMap { reason in
      counters[reason] > 0 ? Named(name: reason.words, count: counters[reason]) : nil
    }
    fragmentTroubles = [
      Named(name: "datagrams with fragments missing", count: counters.datagramsExpired),
      Named(name: "datagrams given up to make room", count: counters.datagramsEvicted),
      Named(name: "fragments refused", count: counters.fragmentsRefused),
      Named(name: "fragments that overlap", count: counters.fragmentOverlaps),
      Named(name: "fragments captured twice", count: counters.fragmentCopies),
    ].filter { $0.count > 0 }
  }

  /// What the captures say of themselves, and where they are damaged.
  mutating func take(_ summaries: [CaptureSummary]) {
    droppedPackets = summaries.reduce(0) { $0 + $1.dropped }
    warnings = []
    for (source, summary) in zip(sources, summaries) {
      warnings += summary.warnings.map { "\(source): \($0.text) (byte \($0.offset))" }
      if summary.furtherWarnings > 0 {
        warnings.append("\(source): \(summary.furtherWarnings) further places are damaged")
      }
      if summary.packetsWithoutTime > 0 {
        warnings.append(
          "\(source): \(summary.packetsWithoutTime) packets carry no time and are shown at that of "
            + "the packet before")
      }
      for (count, what) in [
        (summary.furtherInterfaces, "interfaces"), (summary.furtherNames, "names of addresses"),
        (summary.furtherSecrets, "blocks of decryption secrets"),
      ] where count > 0 {
        warnings.append("\(source): \(count) \(what) beyond the limit are left out")
      }
    }
  }

  /// What one worker's reassembly counted.
  mutating func add(_ counters: FlowCounters) {
    conversations += counters.conversations
    duplicates += counters.duplicates
    bytesLost += counters.bytesLost
    for (name, count) in [
      ("conversations evicted", counters.evicted), ("gaps given up", counters.gapsLost),
      ("stray segments", counters.straySegments),
      ("waiting bytes over the limit", counters.pendingOverflows),
      ("packets that could not wait for what they answer", counters.earlyOverflows),
      ("segments not timed", counters.untimedSegments),
      ("closed connections not kept for late packets", counters.closedEarly),
      ("unanswered conversations not kept for an answer", counters.unansweredEarly),
      ("transports not followed", counters.unfollowed),
      ("connections not suspected of being captured twice", counters.unsuspected),
    ] where count > 0 {
      if let at = flowTroubles.firstIndex(where: { $0.name == name }) {
        flowTroubles[at].count += count
      } else {
        flowTroubles.append(Named(name: name, count: count))
      }
    }
  }

  /// What dissection met.
  mutating func take(_ counters: DissectionCounters) {
    unrecognised = counters.unrecognised.values.reduce(0, +)
    var troubles: [Named] = []
    for (name, figures) in counters.protocols.sorted(by: { $0.key < $1.key }) {
      for kind in WireError.Kind.allCases where figures.errors(of: kind) > 0 {
        troubles.append(Named(name: "\(name) \(kind)", count: figures.errors(of: kind)))
      }
      if figures.halves > 0 {
        troubles.append(Named(name: "\(name) halves", count: figures.halves))
      }
    }
    for (name, count) in [
      ("waiting bytes dropped", counters.waitingDropped),
      ("references forgotten", counters.referencesForgotten),
      ("body bytes cut", counters.bodyBytesCut),
      ("pending evicted", counters.pendingEvicted), ("misbehaved", counters.misbehaved),
      ("bytes that waited for TLS secrets in vain", counters.sealedDropped),
      ("topics of Kafka not told to other connections", counters.topicsUntold),
      ("tags of SCTP associations forgotten", counters.associationTagsForgotten),
      ("compressed contents cut", counters.decompressions.cut),
      ("compressed contents damaged", counters.decompressions.damaged),
      ("decompressions over the output limit", counters.decompressions.overOutput),
      ("decompressions over the ratio limit", counters.decompressions.overRatio),
    ] where count > 0 {
      troubles.append(Named(name: name, count: count))
    }
    for secrecy in Secrecy.allCases {
      let count = counters.secrecy[secrecy] ?? 0
      if count > 0 { troubles.append(Named(name: secrecy.counterName, count: count)) }
    }
    dissectionTroubles = troubles
  }
}

/// What follows the last slash.
func lastComponent(_ path: String) -> String {
  path == "-" ? "standard input" : String(path.split(separator: "/").last ?? Substring(path))
}

extension Secrecy {
  /// Name of the count of connections over TLS that it is true of.
  package var counterName: String {
    "TLS connections " + String(rawValue.map { $0 == "_" ? " " : $0 })
  }
}

extension ChecksumKind {
  /// For the coverage line.
  fileprivate var words: String {
    switch self {
    case .ipv4: "IPv4"
    case .tcp: "TCP"
    case .udp: "UDP"
    case .icmp: "ICMP"
    case .sctp: "SCTP"
    }
  }
}

extension SkipReason {
  /// For the coverage line.
  fileprivate var words: String {
    switch self {
    case .unknownLinkType: "unknown link type"
    case .notIP: "not IP"
    case .truncated: "too short"
    case .malformed: "malformed"
    case .unsupported: "unsupported"
    case .tooDeep: "nested too deep"
    }
  }
}

import Bytes

/// Which packets have their checksums verified: the IPv4 header's and the transport's.
///
/// What is found is counted and never a reason to drop: offloading leaves the checksums of sent
/// packets to the network card, so that a capture on the sender shows wrong ones.
package enum ChecksumPolicy: Sendable {
  case none
  /// The first packets of a capture, so that small captures are verified whole, then one in so
  /// many: enough to see offloading, for a hundredth of the work.
  case sample
  case all

  /// Packets at the beginning that `sample` verifies.
  static let sampleStart: UInt64 = 1_024
  /// Of the later ones it verifies one in so many.
  static let sampleInterval: UInt64 = 64

  @inline(__always)
  func verifies(_ number: UInt64) -> Bool {
    switch self {
    case .none: false
    case .sample: number <= Self.sampleStart || number % Self.sampleInterval == 0
    case .all: true
    }
  }
}

/// Kinds of checksums.
package enum ChecksumKind: UInt8, Hashable, Sendable, CaseIterable {
  /// Of the IPv4 header (RFC 791 §3.1).
  case ipv4
  /// RFC 9293 §3.1.
  case tcp
  /// RFC 768; 0 says that there is none.
  case udp
  /// RFC 792, RFC 4443 §2.3.
  case icmp
  /// CRC-32C (RFC 9260 appendix A).
  case sctp
}

/// How many checksums were verified and how many of them were wrong, by kind.
package struct ChecksumCounters: Hashable, Sendable {
  private var verifiedOfKind = [UInt64](repeating: 0, count: ChecksumKind.allCases.count)
  private var wrongOfKind = [UInt64](repeating: 0, count: ChecksumKind.allCases.count)

  package init() {}

  package func verified(_ kind: ChecksumKind) -> UInt64 { verifiedOfKind[Int(kind.rawValue)] }
  package func wrong(_ kind: ChecksumKind) -> UInt64 { wrongOfKind[Int(kind.rawValue)] }

  mutating func add(_ check: ChecksumCheck) {
    for kind in ChecksumKind.allCases {
      if check.has(kind) { verifiedOfKind[Int(kind.rawValue)] &+= 1 }
      if check.finds(kind) { wrongOfKind[Int(kind.rawValue)] &+= 1 }
    }
  }
}

/// What was verified in one packet.
struct ChecksumCheck: Sendable {
  private var verified: UInt8 = 0
  private var wrong: UInt8 = 0

  var isEmpty: Bool { verified == 0 }
  func has(_ kind: ChecksumKind) -> Bool { verified >> kind.rawValue & 1 == 1 }
  func finds(_ kind: ChecksumKind) -> Bool { wrong >> kind.rawValue & 1 == 1 }

  mutating func note(_ kind: ChecksumKind, isWrong: Bool) {
    verified |= 1 << kind.rawValue
    if isWrong { wrong |= 1 << kind.rawValue }
  }

  mutating func formUnion(_ other: ChecksumCheck) {
    verified |= other.verified
    wrong |= other.wrong
  }
}

extension Walk {
  mutating func note(_ kind: ChecksumKind, isWrong: Bool) {
    checks.note(kind, isWrong: isWrong)
    if isWrong { marks.insert(.badChecksum) }
  }

  /// Verifies the checksum of what begins here and is carried by IP protocol `number`.
  ///
  /// What was cut is not judged.
  mutating func verifyTransport(_ number: UInt8, _ bytes: RawSpan) {
    guard end == declaredEnd, !isOverlong else { return }
    switch number {
    case 6 where end - at >= 20: note(.tcp, isWrong: isWrong(bytes, number: 6))
    case 17 where end - at >= 8 && bytes.big16(at + 6) != 0:
      note(.udp, isWrong: isWrong(bytes, number: 17))
    case 1 where end - at >= 4 && !isV6:
      note(.icmp, isWrong: internetChecksum(bytes.slice(at..<end)) != 0)
    case 58 where end - at >= 4 && isV6: note(.icmp, isWrong: isWrong(bytes, number: 58))
    case 132 where end - at >= SCTPHeader.length:
      note(.sctp, isWrong: SCTPHeader.isChecksumWrong(bytes.slice(at..<end)))
    default: break
    }
  }

  /// Whether the checksum over pseudo-header and segment is wrong (RFC 9293 §3.1, RFC 8200 §8.1).
  private func isWrong(_ bytes: RawSpan, number: UInt8) -> Bool {
    var sum: UInt64 = UInt64(number) &+ UInt64(end - at)
    if isV6 {
      for half in [source.high, source.low, destination.high, destination.low] {
        sum &+= half >> 32 &+ half & 0xffff_ffff
      }
    } else {
      sum &+= UInt64(source.v4) &+ UInt64(destination.v4)
    }
    while sum >> 32 != 0 { sum = sum & 0xffff_ffff &+ sum >> 32 }
    return internetChecksum(bytes.slice(at..<end), adding: UInt32(sum)) != 0
  }
}

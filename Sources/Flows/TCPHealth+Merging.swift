extension TCPHealth {
  /// The figures of several connections as those of one flow: counts are added, extremes kept,
  /// means weighted by what they are means of, and the times of the opening are the means of the
  /// connections that have them.
  package func merged(with other: TCPHealth) -> TCPHealth {
    var sum = self
    sum.connections &+= other.connections
    sum.retransmissions &+= other.retransmissions
    sum.fastRetransmissions &+= other.fastRetransmissions
    sum.spuriousRetransmissions &+= other.spuriousRetransmissions
    sum.zeroWindowEvents &+= other.zeroWindowEvents
    sum.windowFullEvents &+= other.windowFullEvents
    sum.outOfOrder &+= other.outOfOrder
    sum.duplicateACKs &+= other.duplicateACKs
    sum.missingSegments &+= other.missingSegments
    sum.resets &+= other.resets
    sum.fins &+= other.fins
    sum.keepAlives &+= other.keepAlives
    sum.completeness |= other.completeness
    sum.windowScale.client = windowScale.client ?? other.windowScale.client
    sum.windowScale.server = windowScale.server ?? other.windowScale.server
    let (mine, theirs) = (UInt64(connections), UInt64(other.connections))
    func mean(_ path: KeyPath<TCPHealth, UInt32?>) -> UInt32? {
      Self.mean(self[keyPath: path], mine, other[keyPath: path], theirs)
    }
    sum.averageReceiveWindow = mean(\.averageReceiveWindow)
    sum.synToSynAck = mean(\.synToSynAck)
    sum.synAckToAck = mean(\.synAckToAck)
    sum.synToAck = mean(\.synToAck)
    sum.connectionTime = mean(\.connectionTime)
    sum.timeToFirstByte = mean(\.timeToFirstByte)
    sum.mergeRoundTrips(self, other)
    sum.goodput &+= other.goodput
    sum.isOffloaded = isOffloaded || other.isOffloaded
    sum.bySide.client.add(other.bySide.client)
    sum.bySide.server.add(other.bySide.server)
    return sum
  }

  private mutating func mergeRoundTrips(_ a: TCPHealth, _ b: TCPHealth) {
    rttSamples = a.rttSamples &+ b.rttSamples
    rttMinimum = [a.rttMinimum, b.rttMinimum].compactMap(\.self).min()
    rttMaximum = [a.rttMaximum, b.rttMaximum].compactMap(\.self).max()
    rttAverage = Self.mean(
      a.rttAverage, UInt64(a.rttSamples), b.rttAverage, UInt64(b.rttSamples))
    guard rttSamples > 1, let whole = rttAverage.map(Double.init) else {
      jitter = nil
      return
    }
    // Variance within both, and between their means.
    var squares = 0.0
    for part in [a, b] {
      let spread = Double(part.jitter ?? 0)
      let shift = part.rttAverage.map { Double($0) - whole } ?? 0
      squares += Double(part.rttSamples) * (spread * spread + shift * shift)
    }
    jitter = UInt32(clamping: Int64((squares / Double(rttSamples)).squareRoot().rounded()))
  }

  private static func mean(_ a: UInt32?, _ m: UInt64, _ b: UInt32?, _ n: UInt64) -> UInt32? {
    guard let a, m > 0 else { return b }
    guard let b, n > 0 else { return a }
    return UInt32(clamping: (UInt64(a) &* m &+ UInt64(b) &* n) / (m &+ n))
  }

  /// The same figures with the sides exchanged.
  package var turned: TCPHealth {
    var turned = self
    turned.windowScale = BySide(client: windowScale.server, server: windowScale.client)
    turned.bySide = BySide(client: bySide.server, server: bySide.client)
    return turned
  }
}

extension TCPHealth.Counts {
  fileprivate mutating func add(_ other: Self) {
    retransmissions &+= other.retransmissions
    fastRetransmissions &+= other.fastRetransmissions
    spuriousRetransmissions &+= other.spuriousRetransmissions
    outOfOrder &+= other.outOfOrder
    duplicateACKs &+= other.duplicateACKs
    zeroWindows &+= other.zeroWindows
    windowFull &+= other.windowFull
    keepAlives &+= other.keepAlives
    missingSegments &+= other.missingSegments
  }
}

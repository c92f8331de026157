/// The health figures of the connections of a flow, added up.
///
/// Counts are added and extremes kept; a mean is that of all connections that have the figure, and
/// of all samples where it is one of samples. In whatever order and grouping connections are added,
/// the figures are the same to the last bit.
package struct HealthSum: Hashable, Sendable {
  /// Counts, extremes and bits. Its means are nil.
  var figures: TCPHealth
  /// Sums of what connections have figures of.
  var receiveWindow: Mean
  var synToSynAck: Mean
  var synAckToAck: Mean
  var synToAck: Mean
  var connectionTime: Mean
  var timeToFirstByte: Mean
  /// Of all samples of the round trip.
  var roundTrip = Mean()
  /// Of their squares: an integer, for a sum of fractions would depend on the order.
  var squares: UInt128 = 0
  /// The connections whose window scales are told: of each side the first that has one.
  var scaleStreams: BySide<UInt64>

  /// A sum and of how many.
  package struct Mean: Hashable, Sendable {
    var sum: UInt64 = 0
    var count: UInt64 = 0

    init() {}

    init(_ value: UInt32?) {
      if let value { (sum, count) = (UInt64(value), 1) }
    }

    mutating func add(_ other: Mean) {
      sum &+= other.sum
      count &+= other.count
    }

    var value: UInt32? { count > 0 ? UInt32(clamping: sum / count) : nil }
  }

  /// - Parameter stream: the connection's number.
  package init(_ health: TCPHealth, stream: UInt64) {
    figures = health
    receiveWindow = Mean(health.averageReceiveWindow)
    synToSynAck = Mean(health.synToSynAck)
    synAckToAck = Mean(health.synAckToAck)
    synToAck = Mean(health.synToAck)
    connectionTime = Mean(health.connectionTime)
    timeToFirstByte = Mean(health.timeToFirstByte)
    if let average = health.rttAverage {
      let (average, spread) = (UInt128(average), UInt128(health.jitter ?? 0))
      roundTrip.count = UInt64(health.rttSamples)
      roundTrip.sum = UInt64(average) &* roundTrip.count
      squares = UInt128(roundTrip.count) &* (average * average + spread * spread)
    }
    scaleStreams = BySide(
      client: health.windowScale.client == nil ? .max : stream,
      server: health.windowScale.server == nil ? .max : stream)
    figures.clearMeans()
  }

  package mutating func add(_ other: HealthSum) {
    figures.addCounts(other.figures)
    receiveWindow.add(other.receiveWindow)
    synToSynAck.add(other.synToSynAck)
    synAckToAck.add(other.synAckToAck)
    synToAck.add(other.synToAck)
    connectionTime.add(other.connectionTime)
    timeToFirstByte.add(other.timeToFirstByte)
    roundTrip.add(other.roundTrip)
    squares &+= other.squares
    for side in [Side.client, .server] where other.scaleStreams[side] < scaleStreams[side] {
      scaleStreams[side] = other.scaleStreams[side]
      figures.windowScale[side] = other.figures.windowScale[side]
    }
  }

  /// The figures of the flow.
  package var health: TCPHealth {
    var health = figures
    health.averageReceiveWindow = receiveWindow.value
    health.synToSynAck = synToSynAck.value
    health.synAckToAck = synAckToAck.value
    health.synToAck = synToAck.value
    health.connectionTime = connectionTime.value
    health.timeToFirstByte = timeToFirstByte.value
    health.rttAverage = roundTrip.value
    if roundTrip.count > 1 {
      let mean = Double(roundTrip.sum) / Double(roundTrip.count)
      let variance = Double(squares) / Double(roundTrip.count) - mean * mean
      health.jitter = UInt32(min(max(0, variance).squareRoot().rounded(), Double(UInt32.max)))
    }
    return health
  }
}

extension TCPHealth {
  fileprivate mutating func clearMeans() {
    (averageReceiveWindow, synToSynAck, synAckToAck, synToAck) = (nil, nil, nil, nil)
    (connectionTime, timeToFirstByte, rttAverage, jitter) = (nil, nil, nil, nil)
  }

  fileprivate mutating func addCounts(_ other: TCPHealth) {
    connections &+= other.connections
    retransmissions &+= other.retransmissions
    fastRetransmissions &+= other.fastRetransmissions
    spuriousRetransmissions &+= other.spuriousRetransmissions
    zeroWindowEvents &+= other.zeroWindowEvents
    windowFullEvents &+= other.windowFullEvents
    outOfOrder &+= other.outOfOrder
    duplicateACKs &+= other.duplicateACKs
    missingSegments &+= other.missingSegments
    resets &+= other.resets
    fins &+= other.fins
    keepAlives &+= other.keepAlives
    completeness |= other.completeness
    rttSamples &+= other.rttSamples
    rttMinimum = [rttMinimum, other.rttMinimum].compactMap(\.self).min()
    rttMaximum = [rttMaximum, other.rttMaximum].compactMap(\.self).max()
    goodput &+= other.goodput
    isOffloaded = isOffloaded || other.isOffloaded
    bySide.client.add(other.bySide.client)
    bySide.server.add(other.bySide.server)
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

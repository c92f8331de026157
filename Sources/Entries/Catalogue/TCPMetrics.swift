package import JSON

/// The health figures of a connection as `tcp_metrics` shows them: 24 names, a 25th for
/// segments that were sent again needlessly, and two that count as packet analysers do: segments that
/// announce a closed window, of which the first of a stretch makes an event, and segments ahead of a
/// gap, which is missing only when nothing fills it later. Three more tell the sides apart:
/// `window_scale` is the client's, and acknowledgments alone dilute a common rate.
package enum TCPMetrics {
  /// Column of each figure, in the order they are shown. Rates have none.
  private static let figures: [(name: String, id: FieldID?)] = [
    ("retransmissions", .metricRetransmissions),
    ("fast_retransmissions", .metricFastRetransmissions),
    ("retransmission_rate", nil),
    ("zero_window_events", .metricZeroWindows),
    ("window_full_events", .metricWindowFull),
    ("window_scale", .metricWindowScale),
    ("avg_receive_window", .metricAverageReceiveWindow),
    ("out_of_order", .metricOutOfOrder),
    ("dup_acks", .metricDuplicateACKs),
    ("missing_segments", .metricMissingSegments),
    ("rst_count", .metricResets),
    ("fin_count", .metricFINs),
    ("keepalive_count", .metricKeepAlives),
    ("connection_completeness", .metricCompleteness),
    ("initial_rtt_us", .metricInitialRTT),
    ("handshake_time_us", .metricHandshakeTime),
    ("connection_time_us", .metricConnectionTime),
    ("time_to_first_byte_us", .metricTimeToFirstByte),
    ("rtt_min_us", .metricRTTMinimum),
    ("rtt_max_us", .metricRTTMaximum),
    ("rtt_avg_us", .metricRTTAverage),
    ("rtt_samples", .metricRTTSamples),
    ("jitter_us", .metricJitter),
    ("goodput_bytes", .metricGoodput),
    ("spurious_retransmissions", .metricSpuriousRetransmissions),
    ("zero_window_segments", .metricZeroWindowSegments),
    ("lost_segment_events", .metricLostSegmentEvents),
    ("server_window_scale", .metricServerWindowScale),
    ("client_retransmission_rate", nil),
    ("server_retransmission_rate", nil),
  ]

  /// Names in order.
  package static var names: [String] { figures.map(\.name) }

  /// Columns the figures are made from.
  static let columns: [FieldID] =
    figures.compactMap(\.id) + packetColumns + sideColumns + vantageColumns

  private static let packetColumns: [FieldID] = [
    .connLocalPkts, .connRemotePkts, .flowLocalPkts, .flowRemotePkts,
  ]

  private static let sideColumns: [FieldID] = [
    .metricClientRetransmissions, .metricServerRetransmissions,
  ]

  private static let vantageColumns: [FieldID] = [
    .metricSynToSynAck, .metricSynAckToAck, .nodeName, .sourceNode, .destinationNode,
  ]

  /// Where the packets of a connection were captured: next to one of its ends, or nobody knows
  /// where on their path.
  package enum Vantage: String, Sendable { case client, server, path }

  /// By the node that captured. Next to both ends is next to the client.
  package static func vantage(of row: any FieldRow) -> Vantage {
    let node = row.text(.nodeName)
    guard !node.isEmpty else { return .path }
    if row.text(.sourceNode) == node { return .client }
    return row.text(.destinationNode) == node ? .server : .path
  }

  /// The round trip that the handshake shows: next to the client the time to the SYN-ACK, next to
  /// the server the time from there to the acknowledgment. In between only both together are right.
  private static func initialRTT(of row: any FieldRow) -> Int64? {
    switch vantage(of: row) {
    case .client: row.int(.metricSynToSynAck)
    case .server: row.int(.metricSynAckToAck)
    case .path: row.int(.metricInitialRTT)
    }
  }

  /// What is said beside the figures: `vantage`, and `offload` where one segment of the capture was
  /// several on the wire.
  package static func notes(on row: any FieldRow) -> JSONObject {
    var notes: JSONObject = ["vantage": .string(vantage(of: row).rawValue)]
    if row.flag(.metricOffload) { notes["offload"] = true }
    return notes
  }

  /// The figures an entry has; `.none` for entries without any.
  static func figures(of row: any FieldRow) -> FieldValue {
    var result: [FieldValue.NamedNumber] = []
    for (name, id) in figures {
      if let id {
        let number = id == .metricInitialRTT ? initialRTT(of: row) : row.int(id)
        if let number { result.append(.init(name, Double(number))) }
      } else if let share = rate(name, of: row) {
        result.append(.init(name, share))
      }
    }
    return result.isEmpty ? .none : .numbers(result)
  }

  /// Segments sent again among all packets, 0.0 to 1.0. Of one side only when it sent any packet.
  private static func rate(_ name: String, of row: any FieldRow) -> Double? {
    // A flow record has no connection counts and the other way round.
    var again = FieldID.metricRetransmissions
    var columns = packetColumns
    if name == "client_retransmission_rate" {
      again = .metricClientRetransmissions
      columns = [.connLocalPkts, .flowLocalPkts]
    } else if name == "server_retransmission_rate" {
      again = .metricServerRetransmissions
      columns = [.connRemotePkts, .flowRemotePkts]
    }
    guard let count = row.int(again) else { return nil }
    let packets = columns.reduce(0.0) { $0 + Double(row.int($1) ?? 0) }
    if packets > 0 { return Double(count) / packets }
    return again == .metricRetransmissions ? 0 : nil
  }
}

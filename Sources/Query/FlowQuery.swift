package import Bytes
package import KFL

/// A question about connections: who talked to whom over which port.
package struct FlowQuery: Sendable {
  /// Flows told apart while adding up; connections of further ones are only counted.
  package static let maxFlows = 50_000

  /// On connection records.
  package var filters: [Filter]
  package var window: Range<Timestamp>?
  package var level: Level
  package var order: Order
  package var limit: Int

  /// What the two ends are.
  package enum Level: Sendable {
    /// Addresses, with the server's port.
    case address
    case pod, service, namespace, node
  }

  package enum Order: Sendable {
    case bytes, packets
    /// Slowest handshakes first.
    case handshake
    case newest
  }

  package init(
    _ filters: [Filter] = [], window: Range<Timestamp>? = nil, level: Level = .address,
    order: Order = .bytes, limit: Int = 100
  ) {
    self.filters = filters
    self.window = window
    self.level = level
    self.order = order
    self.limit = limit
  }
}

/// All connections from one client to one server port, or between two workloads.
package struct Flow: Sendable {
  package var client: End
  package var server: End
  /// `tcp`, `udp`, `sctp` or `icmp`; empty where both were added up.
  package var transport: String
  /// Connections, of which closed, and of which were refused or never answered.
  package var connections = 0
  package var closed = 0
  package var unanswered = 0
  /// What each side sent: packets, and bytes with all headers.
  package var clientPackets: Int64 = 0
  package var clientBytes: Int64 = 0
  package var serverPackets: Int64 = 0
  package var serverBytes: Int64 = 0
  package var resets: Int64 = 0
  package var retransmissions: Int64 = 0
  /// SYN to SYN-ACK in µs, as the client waits.
  package var clientHandshake = LatencySketch()
  /// SYN-ACK to the last ACK of the handshake in µs, as the server waits.
  package var serverHandshake = LatencySketch()
  /// Begin of the first connection, and the last packet of any.
  package var first: Timestamp
  package var last: Timestamp
  /// Protocols found inside, in upper case, in order of the alphabet.
  package var protocols: [String] = []
  /// Numbers of the flow as `flow_id` has it; nil where several were added up.
  package var flowID: Int64?
  /// Numbers of the flows that were added up, where there were several.
  var flowIDs: Set<Int64> = []

  /// Flows in it: one, unless several were added up.
  package var flowCount: Int { max(1, flowIDs.count) }

  package var packets: Int64 { clientPackets &+ serverPackets }
  package var bytes: Int64 { clientBytes &+ serverBytes }

  /// One end. Texts are empty where unknown, or where the level does not tell them apart.
  package struct End: Hashable, Sendable {
    package var ip = ""
    /// 0 for clients, and where the level does not tell ports apart.
    package var port: Int64 = 0
    package var pod = ""
    package var namespace = ""
    package var service = ""
    package var node = ""
    package var dns = ""
    package var process = ""

    /// Pod, service, DNS name or address: what to call it.
    package var name: String {
      [pod, service, dns, namespace, node].first { !$0.isEmpty } ?? ip
    }
  }
}

/// The flows that answer a question, and how much they say.
package struct FlowResult: Sendable {
  /// Best first, at most as many as asked for.
  package var flows: [Flow]
  /// Flows there are.
  package var total: Int
  /// Connections of flows beyond `FlowQuery.maxFlows`.
  package var connectionsLeftOut: Int
  package var failures: QueryResult.Failures
  package var coverage: QueryCoverage
}

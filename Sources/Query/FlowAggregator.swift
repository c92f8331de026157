import Bytes
import Entries
import KFL
import Store

extension StoreSource {
  @concurrent
  package func flows(_ query: FlowQuery) async throws(QueryError) -> FlowResult {
    let snapshot = store.snapshot()
    let plan = ScanPlan(query.filters, window: query.window)
    let list = snapshot.list(.connections)
    var aggregator = FlowAggregator(query, plan, decoder, kept.columns)
    var coverage = QueryCoverage(list)
    for block in list.oldestFirst(plan) {
      try checkCancellation()
      guard block.kinds.intersects(plan.kinds), plan.windowVerdict(block) != .none else { continue }
      // A block that cannot be read is named in the coverage; the others still answer.
      try? aggregator.add(block, &coverage)
      try aggregator.checkMemory(memoryLimit)
    }
    coverage.damage = snapshot.damage
    return aggregator.result(coverage)
  }
}

/// Adds connection records up to flows.
struct FlowAggregator {
  fileprivate struct Key: Hashable {
    var client: Flow.End
    var server: Flow.End
    var transport: String
  }

  private let query: FlowQuery
  private let plan: ScanPlan
  private let decoder: ContentDecoder
  private let columns: ColumnShelf
  private var flows: [Key: Flow] = [:]
  private var leftOut = 0
  private var failures = QueryResult.Failures()
  private var order: ScanOrder
  /// Rows since memory was added up.
  private var unchecked = 0

  init(
    _ query: FlowQuery, _ plan: ScanPlan, _ decoder: ContentDecoder, _ columns: ColumnShelf
  ) {
    (self.query, self.plan, self.decoder, self.columns) = (query, plan, decoder, columns)
    order = ScanOrder(plan)
  }

  mutating func add(_ block: Block, _ coverage: inout QueryCoverage) throws(StoreError) {
    let scan = try BlockScan(columns.columns(of: block), decoder: decoder)
    coverage.examined += block.rows
    unchecked += block.rows
    let selection = try scan.select(plan, &order)
    failures.add(selection.failures)
    selection.rows.forEach { row in
      let view = ScanRow(scan: scan, row: row)
      // Flow records repeat what connection records say.
      switch view.int(.kind).flatMap({ UInt8(exactly: $0) }).flatMap(ProtocolKind.init(rawValue:)) {
      case .tcpConn, .udpConn, .sctpConn, .icmpConn: add(view)
      default: break
      }
    }
  }

  /// - Throws: `.tooLarge` when flows take more than that many bytes.
  mutating func checkMemory(_ limit: Int) throws(QueryError) {
    guard unchecked >= QueryMemory.checkedRows || limit < QueryMemory.limit else { return }
    unchecked = 0
    let memory = flows.reduce(0) { $0 + MemoryLayout<(Key, Flow)>.stride + $1.value.memory }
    guard memory <= limit else {
      throw .overMemory(
        "\(flows.count) flows and more", limit: limit,
        "narrow the filter or the window, or ask by pod, service or namespace")
    }
  }

  private mutating func add(_ row: ScanRow) {
    let key = key(of: row)
    guard flows[key] != nil || flows.count < FlowQuery.maxFlows else {
      leftOut += 1
      return
    }
    let instant = row.instant
    flows[
      key,
      default: Flow(
        client: key.client, server: key.server, transport: key.transport, first: instant,
        last: instant)
    ].add(row, instant, isWhole: query.level == .address)
  }

  private func key(of row: ScanRow) -> Key {
    var (client, server) = (Flow.End(), Flow.End())
    switch query.level {
    case .address:
      // A name that DNS gave in between makes no other flow.
      client = row.client
      server = row.server
      (client.dns, server.dns) = ("", "")
      server.port = row.int(.destinationPort) ?? 0
    case .pod:
      client = row.client.reduced { $0.pod = $1.pod }
      server = row.server.reduced { $0.pod = $1.pod }
    case .service:
      client = row.client.reduced { $0.service = $1.service }
      server = row.server.reduced { $0.service = $1.service }
    case .namespace:
      client = row.client.reduced { _, _ in }
      server = row.server.reduced { _, _ in }
    case .node:
      client = row.client.node.isEmpty ? row.client.outside : Flow.End(node: row.client.node)
      server = row.server.node.isEmpty ? row.server.outside : Flow.End(node: row.server.node)
    }
    return Key(client: client, server: server, transport: row.text(.l4proto))
  }

  func result(_ coverage: QueryCoverage) -> FlowResult {
    let order = query.order
    let sorted = flows.sorted { a, b in
      let (x, y) = (order.rank(a.value), order.rank(b.value))
      return x != y ? x > y : a.key.text.utf8.lexicographicallyPrecedes(b.key.text.utf8)
    }
    return FlowResult(
      flows: sorted.prefix(max(0, query.limit)).map(\.value), total: flows.count,
      connectionsLeftOut: leftOut, failures: failures, coverage: coverage)
  }
}

extension FlowAggregator.Key {
  /// For an order that is the same every time.
  fileprivate var text: String {
    func text(_ end: Flow.End) -> String {
      [end.namespace, end.name, end.ip, String(end.port)].joined(separator: "\u{1}")
    }
    return text(client) + "\u{1}" + text(server) + "\u{1}" + transport
  }
}

extension Flow.End {
  /// Its namespace and what `take` takes over; where nothing is known, the end as it is outside.
  fileprivate func reduced(_ take: (inout Flow.End, Flow.End) -> Void) -> Flow.End {
    var end = Flow.End(namespace: namespace)
    take(&end, self)
    return end == Flow.End() ? outside : end
  }

  /// An end that no table names: by its DNS name, else by its address.
  fileprivate var outside: Flow.End { dns.isEmpty ? Flow.End(ip: ip) : Flow.End(dns: dns) }
}

extension FlowQuery.Order {
  /// Larger comes first.
  fileprivate func rank(_ flow: Flow) -> Double {
    switch self {
    case .bytes: Double(flow.bytes)
    case .packets: Double(flow.packets)
    case .handshake: flow.clientHandshake.quantile(0.5) ?? -1
    case .newest: Double(flow.last.nanoseconds)
    }
  }
}

extension Flow {
  /// Bytes it takes in memory beside the value itself, about.
  fileprivate var memory: Int {
    [client, server].reduce(clientHandshake.memory + serverHandshake.memory) { sum, end in
      [end.ip, end.pod, end.namespace, end.service, end.node, end.dns, end.process]
        .reduce(sum) { $0 + ($1.utf8.count > 15 ? $1.utf8.count + 32 : 0) }
    } + protocols.count * 16 + flowIDs.count * 12
  }

  /// Adds one connection.
  fileprivate mutating func add(_ row: ScanRow, _ instant: Timestamp, isWhole: Bool) {
    connections += 1
    if row.text(.connState) == "closed" { closed += 1 }
    first = min(first, instant)
    // In nanoseconds; a record of an older program does not say how long it lasted.
    let lasted = (row.int(.connDuration) ?? 0).multipliedReportingOverflow(by: 1_000)
    last = max(last, instant.advanced(by: lasted.overflow ? 0 : max(0, lasted.partialValue)))
    let (local, remote) = (
      (row.int(.connLocalPkts) ?? 0, row.int(.connLocalBytes) ?? 0),
      (row.int(.connRemotePkts) ?? 0, row.int(.connRemoteBytes) ?? 0)
    )
    let (sent, received) = row.isServerLocal ? (remote, local) : (local, remote)
    clientPackets &+= sent.0
    clientBytes &+= sent.1
    serverPackets &+= received.0
    serverBytes &+= received.1
    resets &+= row.int(.metricResets) ?? 0
    retransmissions &+= row.int(.metricRetransmissions) ?? 0
    // A SYN that was not answered, or answered with a reset.
    if let seen = row.int(.metricCompleteness), seen & 1 == 1, seen & 2 == 0 { unanswered += 1 }
    if let time = row.int(.metricSynToSynAck) { clientHandshake.add(time) }
    if let time = row.int(.metricSynAckToAck) { serverHandshake.add(time) }
    if case .texts(let names) = row.value(.connL7Detected) {
      for name in names where !protocols.contains(name) {
        protocols.append(name)
        protocols.sort()
      }
    }
    let id = row.int(.flowID)
    guard isWhole else {
      if let id { flowIDs.insert(id) }
      return
    }
    flowID = id
    // The latest names of the ends, which are no part of what tells flows apart.
    let (clientName, serverName) = (row.text(.sourceDNS), row.text(.destinationDNS))
    if !clientName.isEmpty { client.dns = clientName }
    if !serverName.isEmpty { server.dns = serverName }
  }
}

extension ScanRow {
  fileprivate var instant: Timestamp {
    if case .instant(let instant) = value(.timestamp) { instant } else { .distantPast }
  }

  func int(_ id: FieldID) -> Int64? { if case .int(let number) = value(id) { number } else { nil } }

  func text(_ id: FieldID) -> String { if case .text(let text) = value(id) { text } else { "" } }

  fileprivate var client: Flow.End {
    Flow.End(
      ip: text(.sourceIP), pod: text(.sourcePodName), namespace: text(.sourceNamespace),
      service: text(.sourceServiceName), node: text(.sourceNode), dns: text(.sourceDNS),
      process: text(.sourceProcess))
  }

  fileprivate var server: Flow.End {
    Flow.End(
      ip: text(.destinationIP), pod: text(.destinationPodName),
      namespace: text(.destinationNamespace), service: text(.destinationServiceName),
      node: text(.destinationNode), dns: text(.destinationDNS), process: text(.destinationProcess))
  }
}

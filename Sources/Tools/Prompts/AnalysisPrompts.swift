import Bytes
import ToolKit

extension PromptLibrary {
  static let latencyAnalysis = Prompt(
    description: PromptDescription(
      name: "latency_analysis", title: "Analyze latency",
      description: "Latency patterns and slow endpoints, with what makes them slow",
      arguments: PromptDescription.Argument.shared + [
        .init(name: "threshold_ms", description: "Calls above this count as slow"),
        .init(name: "percentile", description: "p50, p90, p95 or p99 (default p95)"),
      ])
  ) { (given, setting) throws(ToolError) in
    let arguments = PromptArguments(given)
    _ = try arguments.choice("depth", ["normal", "quick", "deep"])
    let percentile = try arguments.choice("percentile", ["p95", "p50", "p90", "p99"])
    var body = PromptBody(arguments, setting)
    body.add("Find what is slow \(try arguments.scope()) \(try arguments.period()).")
    var slow = "the slowest with order=latency"
    if arguments["threshold_ms"] != nil {
      let threshold = try arguments.number("threshold_ms", or: 0)
      let (microseconds, overflow) = threshold.multipliedReportingOverflow(by: 1_000)
      guard !overflow else {
        throw .invalid(
          "threshold_ms", "threshold_ms is too large", hint: "For example threshold_ms=250.")
      }
      body.add(
        """
        Answers above \(threshold) ms count as slow. KFL measures elapsed_time in microseconds: \
        \(threshold) ms is \(microseconds).
        """)
      slow = "`elapsed_time > \(microseconds)`"
    }
    body.checkFirst()
    body.steps([
      (
        ["get_api_stats"],
        "get_api_stats by endpoint and by service; rank by \(percentile) and by count times mean."
      ),
      (["list_api_calls"], "list_api_calls for \(slow); look at the five worst endpoints."),
      (
        ["list_l4_flows"],
        "list_l4_flows between the two ends: handshake times are the network's share."
      ),
      (
        ["list_api_calls"],
        "Calls that the slow service made while it was answering: is it waiting for another?"
      ),
      (["get_api_call"], "get_api_call on the worst one of each."),
    ])
    if !body.isQuick {
      body.add(
        """
        Reading: handshake p50 below 5 ms with slow answers is the application or what it depends \
        on; 10 to 50 ms is a path across zones; above 50 ms is the network. Retransmissions above \
        5 % are loss; zero windows are a receiver that cannot keep up; a large share of connection \
        set-up or DNS means that connections are not kept. Look at the shape over time, too: \
        constant, in bursts, after idle times, growing.
        """)
    }
    body.queryDiscipline()
    body.nothingFound()
    body.untrusted()
    body.report(
      """
      a ranking (endpoint, count, p50, p95, p99, id of the worst); for the five worst the dominant \
      part with evidence, whether it is network or application, and one check or change to make.
      """)
    return body.text
  }

  /// What a security audit may look at.
  static let focuses = ["all", "exposure", "secrets", "lateral", "egress", "dns", "auth"]

  static let securityAudit = Prompt(
    description: PromptDescription(
      name: "security_audit", title: "Security audit",
      description: "Security concerns in the traffic, by observation only",
      arguments: [
        .namespace, .window, .snapshot,
        .init(
          name: "focus",
          description: "all, exposure, secrets, lateral, egress, dns or auth (default all)"),
        .depth,
      ])
  ) { (given, setting) throws(ToolError) in
    let arguments = PromptArguments(given)
    _ = try arguments.choice("depth", ["normal", "quick", "deep"])
    let focus = try arguments.choice("focus", focuses)
    var body = PromptBody(arguments, setting)
    body.add(
      """
      Audit the traffic for security concerns \(try arguments.scope()) \(try arguments.period()); \
      focus: \(focus). Observe only: send nothing, replay nothing, log in nowhere.
      """)
    body.checkFirst()
    body.steps([
      (
        ["get_l4_flow_summary", "list_l4_flows"],
        "Inventory: external destinations, traffic between namespaces, protocols in clear text."
      ),
      (
        ["list_api_calls"],
        """
        Names: long or random labels, many that do not exist \
        (`dns && dns_rcode == "NXDOMAIN"`), unusual types, resolvers outside.
        """
      ),
      (
        ["list_api_calls"],
        """
        Credentials in clear: `http && "authorization" in request.headers`, tokens in queries \
        (`http && url.matches("(?i)(token|api_?key|password)=")`).
        """
      ),
      (
        ["list_api_calls"],
        """
        Movement: metadata services (`dst.ip == "169.254.169.254"`), the cluster's API, probing of \
        paths such as /.env or /actuator (`http && path.matches("^/(\\\\.env|actuator|\\\\.git)")`).
        """
      ),
      (
        ["list_api_calls"],
        "Abuse: injection marks in queries, unusual methods, administrative commands to caches.",
      ),
      (
        ["list_l4_flows"], "Rhythm: regular intervals to one destination, large uploads, odd ports."
      ),
    ])
    if !body.isQuick { body.thePast() }
    body.queryDiscipline()
    body.nothingFound()
    body.untrusted()
    body.report(
      """
      a summary; a table (severity CRITICAL, HIGH, MEDIUM or LOW; finding; source to destination; \
      ATT&CK technique; count; first seen; entry id); per finding the quoted evidence, why it \
      matters, how it could be harmless, the next action; a possible chain of attack; what traffic \
      cannot show.
      """)
    return body.text
  }

  static let compareTraffic = Prompt(
    description: PromptDescription(
      name: "compare_traffic", title: "Compare traffic",
      description: "Differences between two periods of traffic",
      arguments: [
        .init(name: "baseline_start", description: "Begin of the period to compare with"),
        .init(name: "baseline_end", description: "Its end"),
        .init(name: "current_start", description: "Begin of the period in question"),
        .init(name: "current_end", description: "Its end"),
        .init(name: "baseline_snapshot", description: "Snapshot to compare with"),
        .init(name: "current_snapshot", description: "Snapshot in question"),
        .init(name: "pivot", description: "A moment such as a deployment: before against after"),
        .window, .namespace, .service,
        .init(name: "threshold_pct", description: "Report changes above this (default 20)"),
      ])
  ) { (given, setting) throws(ToolError) in
    let arguments = PromptArguments(given)
    let threshold = try arguments.number("threshold_pct", or: 20)
    var body = PromptBody(arguments, setting)
    let (baseline, current) = try periods(arguments)
    let scope = try arguments.scope()
    body.add(
      "Compare traffic\(scope.isEmpty ? "" : " " + scope): \(baseline) against \(current).")
    body.checkFirst()
    body.steps([
      (["compare_api_stats"], "compare_api_stats with both periods."),
      (
        ["get_api_stats"],
        "get_api_stats for each period with the same grouping (service, endpoint, status)."
      ),
      (["list_api_calls"], "Endpoints, callers and destinations that appeared or vanished."),
      (["get_api_call"], "For the three largest changes one call from each side: what differs?"),
      (["list_l4_flows"], "Flows and handshake times of both."),
    ])
    body.add(
      """
      Check that the coverage includes both periods, and scale to calls per minute if their \
      lengths differ. Report changes above \(threshold) % in volume, error share, p50, p99 and size.
      """)
    body.thePast()
    body.queryDiscipline()
    body.nothingFound()
    body.untrusted()
    body.report(
      """
      a verdict (same, better, worse, mixed); a table of differences with both values; for each \
      change an explanation and whether it fits a deliberate release; a warning where fewer than \
      30 calls were seen.
      """)
    return body.text
  }

  /// The two periods in words.
  private static func periods(
    _ arguments: PromptArguments
  ) throws(ToolError) -> (baseline: String, current: String) {
    let window = try arguments.look("window") ?? "15m"
    let baseline = try period("baseline", arguments)
    let current = try period("current", arguments)
    let pivot = try arguments.instant("pivot")
    switch (baseline, current) {
    case (let baseline?, let current?): return (baseline, current)
    case (let baseline?, nil):
      let end = try arguments.instant("baseline_end")
      return (baseline, end.map { "\($0) to now" } ?? "the last \(window)")
    case (nil, let current?): return ("the same length of time before", current)
    case (nil, nil):
      guard let pivot else { return ("the \(window) before those", "the last \(window)") }
      return ("the \(window) before \(pivot)", "the \(window) after it")
    }
  }

  /// One period in words: a snapshot, or from when to when; nil when neither is given.
  private static func period(
    _ name: String, _ arguments: PromptArguments
  ) throws(ToolError) -> String? {
    try arguments.requireOrder("\(name)_start", "\(name)_end")
    let start = try arguments.instant("\(name)_start")
    let end = try arguments.instant("\(name)_end")
    if let snapshot = arguments.quoted("\(name)_snapshot") { return "snapshot \(snapshot)" }
    guard start != nil || end != nil else { return nil }
    return "\(start ?? "the beginning") to \(end ?? "now")"
  }

  /// A filter for look-ups of the name of a service, a pod, `namespace/name` or a host; of an
  /// address, which nobody looks up, all of them.
  private static func lookups(of destination: String?) -> String {
    let last = destination?.split(separator: "/").last.map(String.init) ?? ""
    let name = String(
      String.UnicodeScalarView(
        last.unicodeScalars.filter { scalar in
          switch scalar {
          case "a"..."z", "A"..."Z", "0"..."9", "-", "_", ".": true
          default: false
          }
        }.prefix(253)))
    guard !name.isEmpty, IPAddress(last) == nil else { return "dns" }
    return "dns && dns_questions.exists(q, q.contains(\(quoted(name))))"
  }

  static let debugConnection = Prompt(
    description: PromptDescription(
      name: "debug_connection", title: "Debug a connection",
      description: "Connectivity trouble between two services",
      arguments: [
        .init(
          name: "source", description: "Pod, service, namespace/name, address or host name",
          required: true),
        .init(
          name: "destination", description: "Pod, service, namespace/name, address or host name",
          required: true),
        .init(name: "port", description: "Port of the destination"),
        .init(name: "protocol", description: "Protocol expected, such as http"),
        .window, .snapshot,
      ])
  ) { (given, setting) throws(ToolError) in
    let arguments = PromptArguments(given)
    try arguments.require("source")
    try arguments.require("destination")
    let source = arguments.quoted("source") ?? ""
    let destination = arguments.quoted("destination") ?? ""
    var body = PromptBody(arguments, setting)
    var details = ""
    if arguments["port"] != nil {
      let port = try arguments.number("port", or: 443)
      guard (1...65_535).contains(port) else {
        throw .invalid(
          "port", "port must be 1 to 65535, not \(port)", hint: "For example port=443.")
      }
      details += " on port \(port)"
    }
    if let name = arguments.quoted("protocol") { details += " over \(name)" }
    body.add(
      "Find out why \(source) cannot reach \(destination)\(details) \(try arguments.period()).")
    body.checkFirst()
    body.steps([
      (["list_workloads"], "list_workloads for the addresses behind both names."),
      (
        ["list_api_calls"],
        "Name look-ups of the source for the destination: "
          + "`\(lookups(of: arguments["destination"]))`."
      ),
      (["list_l4_flows"], "list_l4_flows between the two."),
      (
        ["list_api_calls"],
        "Connection records with their completeness: `tcp_conn`, format=full; then the calls."
      ),
      (
        ["list_l4_flows"],
        "Other clients of the destination and other destinations of the source: which side is it?"
      ),
      (["export_snapshot_pcap"], "The packets, when it stays undecided."),
    ])
    if !body.isQuick {
      body.add(
        """
        Reading the completeness of a connection: nothing at all, the source never tries or is not \
        captured; 1, the SYN is dropped or the address is dead; 33, nothing listens or a policy \
        rejects; 3, the client never finished; 7, connected but silent, often the wrong protocol; \
        47, one side aborted; 31, orderly. NXDOMAIN is a wrong name, SERVFAIL a broken resolver. \
        Retransmissions above 5 % are loss, zero windows a receiver that cannot keep up. 4xx, 5xx \
        and gRPC status mean that the connection is fine and the application refuses.
        """)
    }
    body.queryDiscipline()
    body.nothingFound()
    body.untrusted()
    body.report(
      """
      the failing layer (name, TCP, TLS, application) in one sentence; the evidence; what it rules \
      out; the most likely cause and one alternative; the next check.
      """)
    return body.text
  }
}

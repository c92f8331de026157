import ToolKit

extension PromptLibrary {
  static let analyzeTraffic = Prompt(
    description: PromptDescription(
      name: "analyze_traffic", title: "Analyze traffic",
      description: "Patterns of the API traffic and the issues found in them",
      arguments: PromptDescription.Argument.shared)
  ) { (given, setting) throws(ToolError) in
    let arguments = PromptArguments(given)
    _ = try arguments.choice("depth", ["normal", "quick", "deep"])
    var body = PromptBody(arguments, setting)
    body.add(
      "Give an overview of the API traffic \(try arguments.scope()) \(try arguments.period()).")
    body.checkFirst()
    body.steps([
      (
        ["get_l4_flow_summary"],
        "get_l4_flow_summary for the shape: who moves the bytes, which namespaces talk."
      ),
      (["get_api_stats"], "get_api_stats grouped by service, by proto, by endpoint and by status."),
      (
        ["get_api_stats"],
        "The same for the period of equal length before, when the coverage includes it."
      ),
      (["list_api_calls"], "list_api_calls for what stands out; the newest and the slowest."),
      (["get_api_call"], "get_api_call for at most five calls."),
    ])
    if !body.isQuick {
      body.add(
        """
        Look for an error share above 1 %, p99 above five times p50, one endpoint with more than \
        half of the calls, the same request repeated within two seconds (retries), many equal calls \
        under one parent, names that do not resolve (`dns && status_code == 3`) above a fifth of \
        all look-ups, callers nobody expects, traffic between namespaces, bodies above 1 MB, and \
        TCP trouble such as `tcp_conn && map_get(tcp_metrics, "retransmission_rate", 0.0) > 0.01`.
        """)
    }
    body.queryDiscipline()
    body.nothingFound()
    body.untrusted()
    body.report(
      """
      what is normal here; a table of services with calls, error share, p50, p99 and main callers; \
      issues in order of impact with ids as evidence; what could not be seen.
      """)
    return body.text
  }

  static let findErrors = Prompt(
    description: PromptDescription(
      name: "find_errors", title: "Find errors",
      description: "API errors and failures, found and summarised",
      arguments: PromptDescription.Argument.shared + [
        .init(name: "status", description: "4xx, 5xx, a number, or any (default any)"),
        .init(name: "min_count", description: "Leave out groups with fewer hits (default 1)"),
      ])
  ) { (given, setting) throws(ToolError) in
    let arguments = PromptArguments(given)
    _ = try arguments.choice("depth", ["normal", "quick", "deep"])
    let least = try arguments.number("min_count", or: 1)
    var body = PromptBody(arguments, setting)
    let status = arguments["status"] ?? "any"
    guard ["any", "4xx", "5xx"].contains(status) || Int(status) != nil else {
      throw .invalid(
        "status", "status must be 4xx, 5xx, a number or any", hint: "For example status=5xx.")
    }
    body.add(
      "Find failures \(try arguments.scope()) \(try arguments.period())"
        + (status == "any" ? "." : ", only status \(status)."))
    body.checkFirst()
    body.steps([
      (
        ["get_api_stats"],
        "get_api_stats with kfl `call_failed`, grouped by service, then by endpoint and status."
      ),
      (
        ["list_api_calls"],
        "For each group\(least > 1 ? " with at least \(least) hits" : ""): list_api_calls, the "
          + "newest and the slowest."
      ),
      (["get_api_call"], "get_api_call on one to three calls of a group: messages, request ids."),
      (
        ["list_api_calls"],
        "Follow a failing call downstream: did the service it depends on fail just before?"
      ),
      (["list_l4_flows"], "list_l4_flows between the two when calls are missing or were cut off."),
    ])
    body.add(
      """
      Filters to begin with: `http && status_code >= 500`; \
      `http && status_code >= 400 && status_code < 500`; `grpc && grpc_status > 0`; \
      `dns && dns_response && status_code != 0`; `error` for calls that lost their other half; \
      `tcp_conn && map_get(tcp_metrics, "rst_count", 0.0) > 0.0`.
      """)
    body.queryDiscipline()
    body.nothingFound()
    body.untrusted()
    body.report(
      """
      a table (origin service, endpoint, status, count, share, first and last time, example id); \
      the probable cause of each origin with a word on confidence; which groups are only \
      consequences of another.
      """)
    return body.text
  }

  static let traceRequest = Prompt(
    description: PromptDescription(
      name: "trace_request", title: "Trace a request",
      description: "The path of one request through the services",
      arguments: [
        .init(name: "id", description: "Entry id of a call on the path"),
        .init(name: "trace_id", description: "Value of a correlation header"),
        .init(
          name: "path", description: "Path of the request; one of id, trace_id and path is needed"),
        .init(name: "method", description: "HTTP method"),
        .service, .window, .snapshot,
      ])
  ) { (given, setting) throws(ToolError) in
    let arguments = PromptArguments(given)
    var body = PromptBody(arguments, setting)
    let subject: String
    if let id = arguments.quoted("id") {
      subject = "the call with id \(id)"
    } else if let trace = arguments.quoted("trace_id") {
      subject = "the request with the correlation value \(trace)"
    } else if let path = arguments.quoted("path") {
      subject = "the request \(arguments.quoted("method") ?? "") \(path)"
    } else {
      throw .invalid(
        "id", "one of id, trace_id and path is required", hint: "For example path=/api/checkout.")
    }
    let target = arguments.quoted("service").map { "to \($0)" } ?? ""
    body.add("Reconstruct the path of \(subject) \(target) \(try arguments.period()).")
    body.steps([
      (["trace_request"], "trace_request does most of this in one call; check its weaker hops."),
      (
        ["list_api_calls", "get_api_call"], "Find the starting call and read it with get_api_call."
      ),
      (
        ["list_api_calls"],
        """
        Take its correlation values (traceparent, x-request-id, x-b3-traceid, uber-trace-id, \
        x-amzn-trace-id, x-correlation-id) and search for each, as in \
        `map_get(request.headers, "x-request-id", "") == "…"`.
        """
      ),
      (
        ["list_api_calls"],
        """
        Where there is no header, use time: calls that leave the serving workload between the \
        request and its reply. Repeat for each hop, at most ten.
        """
      ),
      (["get_api_call"], "Join database, cache and queue calls by the same nesting."),
    ])
    body.queryDiscipline()
    body.thePast()
    body.untrusted()
    body.report(
      """
      an indented tree (time offset, caller to callee, method and path or statement, status, own \
      time, total time), each hop marked as proven by a header or inferred from time; the hop with \
      most time of its own; where an error began; gaps.
      """)
    return body.text
  }

  static let showTopology = Prompt(
    description: PromptDescription(
      name: "show_topology", title: "Show topology",
      description: "Who talks to whom, as a diagram of services",
      arguments: [
        .namespace, .init(name: "service", description: "Centre of the picture"), .window,
        .snapshot,
        .init(name: "level", description: "service, pod or namespace (default service)"),
        .init(name: "format", description: "mermaid, table or json (default mermaid)"),
        .init(name: "include_external", description: "true or false (default true)"),
      ])
  ) { (given, setting) throws(ToolError) in
    let arguments = PromptArguments(given)
    let level = try arguments.choice("level", ["service", "pod", "namespace"])
    let format = try arguments.choice("format", ["mermaid", "table", "json"])
    let outside = try arguments.choice("include_external", ["true", "false"]) == "true"
    var body = PromptBody(arguments, setting)
    let place = arguments.quoted("namespace").map { "in namespace \($0)" } ?? ""
    let centre = arguments.quoted("service").map { "around \($0)" } ?? ""
    body.add("Map which \(level)s talk to each other \(place) \(centre) \(try arguments.period()).")
    body.checkFirst()
    body.steps([
      (["get_l4_flow_summary"], "get_l4_flow_summary for the outline."),
      (["list_l4_flows"], "list_l4_flows with aggregate=\(level): it needs no dissection."),
      (["get_service_map"], "get_service_map for protocols, errors and latencies of the edges."),
      (["get_api_stats"], "get_api_stats grouped by src and by dst to label the edges."),
    ])
    body.nothingFound()
    body.untrusted()
    body.report(
      """
      a \(format) diagram of at most 40 nodes (fold the rest and say so) with arrows from client to \
      server\(outside ? ", destinations outside marked by name" : ", without outside destinations"); \
      then notes on hubs, single points of failure, cycles, edges between namespaces, edges that \
      only appear at L4, and workloads without traffic.
      """)
    return body.text
  }
}

import ToolKit

extension PromptLibrary {
  static let usage = Prompt(
    description: PromptDescription(
      name: "kubeshark_usage", title: "How to use Kubeshark",
      description: "How to use these tools for network questions, instead of kubectl, helm or curl")
  ) { (_, setting) throws(ToolError) in
    var body = PromptBody(PromptArguments([:]), setting)
    switch setting.mode {
    case .embedded, .live:
      body.add(
        "These tools show captured network traffic. Use them rather than kubectl, helm or curl.")
      body.add(
        """
        The traffic comes from this machine, not from a cluster: check_kubeshark_status, \
        start_kubeshark and stop_kubeshark are not available here.
        """)
    case .url:
      body.add(
        """
        These tools show the network traffic of a Kubernetes cluster. Use them rather than kubectl, \
        helm or curl.
        """)
      body.add(
        """
        The deployment is managed elsewhere: start_kubeshark and stop_kubeshark do not apply, and \
        check_kubeshark_status only probes the connection.
        """)
    case .proxy(let destructive):
      body.add(
        """
        These tools show the network traffic of a Kubernetes cluster. Use them rather than kubectl, \
        helm or curl.
        """)
      body.add(
        destructive
          ? """
          check_kubeshark_status tells whether Kubeshark runs; start_kubeshark deploys and \
          stop_kubeshark removes it. Ask the user before either.
          """
          : """
          check_kubeshark_status tells whether Kubeshark runs. start_kubeshark and stop_kubeshark \
          are unavailable: they need the server to run with --allow-destructive.
          """)
    }
    body.steps([
      (["list_workloads"], "Who is there: list_workloads."),
      (
        ["list_l4_flows", "get_l4_flow_summary"],
        "Who talks to whom, how much, how fast: get_l4_flow_summary, then list_l4_flows."
      ),
      (
        ["get_api_stats", "list_api_calls", "get_api_call"],
        "What was said: get_api_stats, then list_api_calls with a KFL filter, then get_api_call."
      ),
      (["get_service_map"], "A picture of it all: get_service_map."),
      (["trace_request"], "One request through the services: trace_request."),
      (["compare_api_stats"], "Before and after: compare_api_stats."),
      (["get_dissection_status"], "Whether calls are read at all: get_dissection_status."),
      (["create_snapshot"], "The past: create_snapshot, then query it."),
      (["export_snapshot_pcap"], "Packets: export_snapshot_pcap, then download or link the file."),
    ])
    body.add(
      """
      KFL in one minute: `http && status_code >= 500`, `dst.namespace == "shop"`, \
      `elapsed_time > 1000000` (microseconds), `dns && "example.com" in dns_questions`, \
      `map_get(local_labels, "app", "") == "x"`. Older spellings such as \
      `http and response.status == 500` work too.
      """)
    body.queryDiscipline()
    body.nothingFound()
    body.untrusted()
    let others = PromptLibrary.all.filter { $0.description.name != "kubeshark_usage" }
    body.add(
      "Other prompts:\n"
        + others.map { "- \($0.description.name): \($0.description.description)" }
        .joined(separator: "\n"))
    return body.text
  }
}

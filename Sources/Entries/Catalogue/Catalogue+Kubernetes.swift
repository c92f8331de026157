// Who the two sides are.
//
// *Local* is the side that lives on the capturing node. Where the capture names no node, or
// neither side is known to live on it, the client counts as local and the server as remote.
extension Catalogue {
  static let kubernetes: [Field] =
    sides + [
      Field(
        .namespaces, "namespaces", .texts, "Namespaces of both sides, each once",
        example: #""shop" in namespaces"#,
        source: .union([
          .sourcePodNamespace, .sourceServiceNamespace, .destinationPodNamespace,
          .destinationServiceNamespace,
        ])),
      Field(
        .pods, "pods", .texts, "Pods of both sides, each once",
        example: #"pods.exists(p, p.startsWith("orders-"))"#,
        source: .union([.sourcePodName, .destinationPodName])),
      Field(
        .services, "services", .texts, "Services of both sides, each once",
        example: #""orders" in services"#,
        source: .union([.sourceServiceName, .destinationServiceName])),
      Field(
        .node, "node", .pairs, "Name and address of the capturing node under one name",
        example: #"map_get(node, "name", "") == "node-1""#,
        source: .derived(from: [.nodeName, .nodeIP]) { row in
          let name = row.text(.nodeName)
          return pairs(("name", name.isEmpty ? localNode : name), ("ip", row.text(.nodeIP)))
        }),
      Field(
        .nodeName, "node_name", .text,
        "Node that captured the entry; \"local\" where the capture names none",
        example: #"node_name == "node-1""#, absent: .text(localNode)),
      Field(
        .nodeIP, "node_ip", .text, "Address of the node that captured the entry",
        example: #"node_ip == "10.0.0.11""#),
      Field(
        .localNodeName, "local_node_name", .text, "Node the local side lives on",
        example: #"local_node_name == "node-1""#, source: .local(.sourceNode, .destinationNode)),
      Field(
        .remoteNodeName, "remote_node_name", .text, "Node the remote side lives on",
        example: #"remote_node_name == "node-2""#, source: .remote(.sourceNode, .destinationNode)),
      Field(
        .localLabels, "local_labels", .pairs, "Labels of the local side",
        example: #"map_get(local_labels, "app", "") == "orders""#,
        source: .local(.sourceLabels, .destinationLabels)),
      Field(
        .remoteLabels, "remote_labels", .pairs, "Labels of the remote side",
        example: #"map_get(remote_labels, "app", "") == "orders""#,
        source: .remote(.sourceLabels, .destinationLabels)),
      Field(
        .localAnnotations, "local_annotations", .pairs, "Annotations of the local side",
        example: #""team" in local_annotations"#,
        source: .local(.sourceAnnotations, .destinationAnnotations)),
      Field(
        .remoteAnnotations, "remote_annotations", .pairs, "Annotations of the remote side",
        example: #""team" in remote_annotations"#,
        source: .remote(.sourceAnnotations, .destinationAnnotations)),
      Field(
        .localProcessName, "local_process_name", .text, "Program of the local side, where known",
        example: #"local_process_name == "nginx""#,
        source: .local(.sourceProcess, .destinationProcess)),
      Field(
        .remoteProcessName, "remote_process_name", .text, "Program of the remote side, where known",
        example: #"remote_process_name == "java""#,
        source: .remote(.sourceProcess, .destinationProcess)),
      Field(
        .sourceDNS, "src.dns", .text, "DNS name last seen for the side that asks",
        example: #"src.dns.endsWith(".internal")"#),
      Field(
        .destinationDNS, "dst.dns", .text, "DNS name last seen for the side that answers",
        example: #"dst.dns.endsWith(".example.com")"#),
      Field(
        .dnsResolutions, "dns_resolutions", .texts, "DNS names of both sides, each once",
        example: #""api.example.com" in dns_resolutions"#,
        source: .union([.sourceDNS, .destinationDNS])),
      Field(
        .localResolutionStatus, "local_resolution_status", .text,
        "Why the local side has no name; empty when it has one",
        example: #"local_resolution_status == "cache_miss""#,
        values: ["no_node_mapping", "rpc_error", "rpc_empty", "cache_miss", "queue_full"]),
      Field(
        .remoteResolutionStatus, "remote_resolution_status", .text,
        "Why the remote side has no name; empty when it has one",
        example: #"remote_resolution_status == "cache_miss""#,
        values: ["no_node_mapping", "rpc_error", "rpc_empty", "cache_miss", "queue_full"]),
    ]

  /// What both sides have alike.
  private static let sides: [Field] = [
    Field(
      .sourcePodName, "src.pod.name", .text, "Pod that asks; its service where there is no pod",
      example: #"src.pod.name.startsWith("frontend-")"#, fallback: .sourceServiceName),
    Field(
      .destinationPodName, "dst.pod.name", .text,
      "Pod that answers; its service where there is no pod",
      example: #"dst.pod.name.startsWith("orders-")"#, fallback: .destinationServiceName),
    Field(
      .sourcePodNamespace, "src.pod.namespace", .text,
      "Namespace of the pod that asks; of its service where there is no pod",
      example: #"src.pod.namespace == "shop""#, fallback: .sourceServiceNamespace),
    Field(
      .destinationPodNamespace, "dst.pod.namespace", .text,
      "Namespace of the pod that answers; of its service where there is no pod",
      example: #"dst.pod.namespace == "shop""#, fallback: .destinationServiceNamespace),
    Field(
      .sourceServiceName, "src.service.name", .text, "Service of the side that asks",
      example: #"src.service.name == "frontend""#),
    Field(
      .destinationServiceName, "dst.service.name", .text, "Service of the side that answers",
      example: #"dst.service.name == "orders""#),
    Field(
      .sourceServiceNamespace, "src.service.namespace", .text,
      "Namespace of the service that asks", example: #"src.service.namespace == "shop""#),
    Field(
      .destinationServiceNamespace, "dst.service.namespace", .text,
      "Namespace of the service that answers", example: #"dst.service.namespace == "shop""#),
    Field(
      .sourceName, "src.name", .text,
      "Best name of the side that asks: pod, service, DNS name or program",
      example: #"src.name == "frontend""#,
      source: .firstOf([.sourcePodName, .sourceServiceName, .sourceDNS, .sourceProcess])),
    Field(
      .destinationName, "dst.name", .text,
      "Best name of the side that answers: pod, service, DNS name or program",
      example: #"dst.name == "orders""#,
      source: .firstOf([
        .destinationPodName, .destinationServiceName, .destinationDNS, .destinationProcess,
      ])),
    Field(
      .sourceNamespace, "src.namespace", .text, "Namespace of the side that asks",
      example: #"src.namespace == "shop""#,
      source: .firstOf([.sourcePodNamespace, .sourceServiceNamespace])),
    Field(
      .destinationNamespace, "dst.namespace", .text, "Namespace of the side that answers",
      example: #"dst.namespace != "kube-system""#,
      source: .firstOf([.destinationPodNamespace, .destinationServiceNamespace])),
  ]
}

extension Field.Source {
  /// Of two fields, the one of the local side.
  fileprivate static func local(_ source: FieldID, _ destination: FieldID) -> Field.Source {
    .derived(from: [source, destination, .nodeName, .sourceNode, .destinationNode]) { row in
      row.value(row.isServerLocal ? destination : source)
    }
  }

  /// Of two fields, the one of the remote side.
  fileprivate static func remote(_ source: FieldID, _ destination: FieldID) -> Field.Source {
    .derived(from: [source, destination, .nodeName, .sourceNode, .destinationNode]) { row in
      row.value(row.isServerLocal ? source : destination)
    }
  }
}

extension FieldRow {
  /// Whether only the server lives on the capturing node.
  package var isServerLocal: Bool {
    let node = text(.nodeName)
    return !node.isEmpty && text(.sourceNode) != node && text(.destinationNode) == node
  }
}

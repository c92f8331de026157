import JSON

/// The pods: one Hub, and an agent on each node.
extension Manifests {
  /// Of both: nothing but what is said below is allowed.
  private static func security(adding capabilities: [JSONValue], user: JSONValue) -> JSONValue {
    var allowed: JSONObject = ["drop": ["ALL"]]
    if !capabilities.isEmpty { allowed["add"] = .array(capabilities) }
    return [
      "allowPrivilegeEscalation": false, "capabilities": .object(allowed),
      "readOnlyRootFilesystem": true, "runAsUser": user, "runAsGroup": user,
      "runAsNonRoot": .bool(user != 0),
    ]
  }

  /// The user that the image has for programs without rights.
  private static let nobody: JSONValue = 65_532

  private static let tokenFile = "/etc/kubeshark/token"

  private static func probe(
    _ path: String, port: JSONValue, host: String? = nil, scheme: JSONValue? = nil,
    every seconds: Int, failures: Int
  ) -> JSONValue {
    var get: JSONObject = ["path": .string(path), "port": port]
    if let scheme { get["scheme"] = scheme }
    if let host { get["host"] = .string(host) }
    return [
      "httpGet": .object(get), "periodSeconds": JSONValue(seconds), "timeoutSeconds": 5,
      "failureThreshold": JSONValue(failures),
    ]
  }

  /// Where certificates are.
  private static let papers = "/etc/kubeshark-tls"

  /// What is kept, temporary files, the token and certificates.
  ///
  /// - Parameters:
  ///   - data: where it is kept.
  ///   - files: those that are taken of the Secret with certificates.
  private func volumes(_ data: [JSONValue], certificates files: [String]) -> JSONValue {
    let certificates: JSONValue = [
      "name": "tls",
      "secret": [
        "secretName": values.value(.agentsTLS),
        "items": .array(files.map { ["key": .string($0), "path": .string($0)] }),
      ],
    ]
    return .array(
      data + [
        ["name": "tmp", "emptyDir": ["sizeLimit": "1Gi"]],
        ["name": "token", "secret": ["secretName": .string(Self.secret)]],
      ] + values.optional(certificates, when: .agentsTLS))
  }

  /// What is kept goes with the pod.
  private static func passing(_ limit: JSONValue) -> JSONValue {
    ["name": "data", "emptyDir": ["sizeLimit": limit]]
  }

  private var mounts: JSONValue {
    .array(
      [
        ["name": "data", "mountPath": "/data"], ["name": "tmp", "mountPath": "/tmp"],
        ["name": "token", "mountPath": "/etc/kubeshark", "readOnly": true],
      ]
        + values.optional(
          ["name": "tls", "mountPath": .string(Self.papers), "readOnly": true], when: .agentsTLS))
  }

  // MARK: The Hub

  /// What the Hub keeps, where it is to outlive its pod.
  var claims: [Manifest] {
    if case .settings(let settings, _, _, _) = values.source, !settings.flag(.persistentStorage) {
      return []
    }
    var spec: JSONObject = ["accessModes": ["ReadWriteOnce"]]
    if let storageClass = values.storageClass { spec["storageClassName"] = storageClass }
    spec["resources"] = ["requests": ["storage": values.value(.snapshotStorage)]]
    return [
      Manifest(
        "What the Hub keeps: calls and snapshots, also when its pod is another one.",
        [
          "apiVersion": "v1", "kind": "PersistentVolumeClaim",
          "metadata": metadata(.string(Self.hub), namespace: values.namespace()),
          "spec": .object(spec),
        ], when: .persistent)
    ]
  }

  /// What reaches the Hub where the namespace denies what is not allowed. Ports are forwarded within
  /// the pod, past every policy; and agents share the network of their nodes, for which there are none.
  var networkPolicies: [Manifest] {
    if case .settings(let settings, _, _, _) = values.source, !settings.flag(.networkPolicy) {
      return []
    }
    return [
      Manifest(
        """
        The Hub's network where all that is not allowed is denied. Agents have the addresses of their \
        nodes, which no selector of pods matches, so that any address may ask at port \
        \(Self.agentsPort): it shows the token there. The Hub itself asks the API server, whose \
        address is the cluster's own matter.
        """,
        [
          "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
          "metadata": metadata(.string(Self.hub), namespace: values.namespace()),
          "spec": [
            "podSelector": ["matchLabels": .object(Self.selector("hub"))],
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [
              ["ports": [["port": JSONValue(Self.agentsPort), "protocol": "TCP"]]]
            ],
            "egress": [[:]],
          ],
        ], when: .networkPolicy)
    ]
  }

  private var hubData: [JSONValue] {
    values.optional(
      ["name": "data", "persistentVolumeClaim": ["claimName": .string(Self.hub)]],
      when: .persistentStorage)
      + values.optional(
        Self.passing(values.value(.snapshotStorage)), when: .persistentStorage, isGiven: false)
  }

  var hubObjects: [Manifest] {
    [
      Manifest(
        """
        The Hub's address: 80 for people, through kubectl port-forward, and \(Self.agentsPort) for \
        agents, which show their token.
        """,
        [
          "apiVersion": "v1", "kind": "Service",
          "metadata": metadata(.string(Self.hub), namespace: values.namespace()),
          "spec": [
            "type": "ClusterIP", "selector": .object(Self.selector("hub")),
            "ports": [
              [
                "name": "api", "port": 80, "protocol": "TCP", "targetPort": JSONValue(Self.hubPort),
              ],
              [
                "name": "agents", "port": JSONValue(Self.agentsPort), "protocol": "TCP",
                "targetPort": JSONValue(Self.agentsPort),
              ],
            ],
          ],
        ]),
      Manifest(
        """
        The Hub: what all agents have seen, and the tools that answer from it. It listens for people on \
        the pod's loopback alone: whoever may forward ports to the pod may ask.
        """,
        [
          "apiVersion": "apps/v1", "kind": "Deployment",
          "metadata": metadata(.string(Self.hub), namespace: values.namespace()),
          "spec": [
            "replicas": 1, "strategy": ["type": "Recreate"],
            "selector": ["matchLabels": .object(Self.selector("hub"))],
            "template": [
              "metadata": ["labels": hubLabels, "annotations": Self.noSidecar],
              "spec": [
                "serviceAccountName": .string(Self.hub), "automountServiceAccountToken": true,
                "imagePullSecrets": values.pullSecrets,
                "nodeSelector": values.value(.hubNodeSelector),
                "tolerations": values.value(.hubTolerations),
                "securityContext": [
                  "fsGroup": Self.nobody, "seccompProfile": ["type": "RuntimeDefault"],
                ],
                "containers": [hubContainer],
                "volumes": volumes(hubData, certificates: ["tls.crt", "tls.key"]),
              ],
            ],
          ],
        ]),
    ]
  }

  /// How the Hub is spoken to where agents reach it.
  private var agentsScheme: JSONValue { values.either("HTTPS", "HTTP", by: .agentsTLS) }

  private var hubArguments: [JSONValue] {
    let own: [JSONValue] = [
      .string("--listen=127.0.0.1:\(Self.hubPort)"), "--agents",
      // Pods of a cluster have addresses of IPv4, of IPv6, or both.
      .string("--agents-listen=[::]:\(Self.agentsPort)"),
      .string("--agent-token-file=\(Self.tokenFile)"), "--data=/data",
      values.text("--keep-bytes=", .callBytes), values.text("--data-bytes=", .snapshotStorage),
    ]
    let certificates = [("cert", "tls.crt"), ("key", "tls.key")].flatMap { flag, file in
      values.optional(
        .string("--agents-tls-\(flag)=\(Self.papers)/\(file)"), when: .agentsTLS)
    }
    return own + certificates
      + values.argument("--namespaces=", .namespaces, unless: .clusterRoles)
  }

  /// A mesh's proxy beside the Hub would demand the mesh's certificates of agents, which share their
  /// nodes' networks and have no such proxy.
  private static let noSidecar: JSONValue = [
    "sidecar.istio.io/inject": "false", "linkerd.io/inject": "disabled",
  ]

  /// Nor does it take part in a mesh without sidecars (Istio's ambient mode), for the same reason.
  private var hubLabels: JSONValue {
    var labels = podLabels("hub").object ?? [:]
    labels["istio.io/dataplane-mode"] = "none"
    return .object(labels)
  }

  private var hubContainer: JSONValue {
    [
      "name": "hub", "image": values.image, "imagePullPolicy": values.value(.pullPolicy),
      "command": ["kubeshark", "hub"],
      "args": .array(hubArguments),
      "ports": [
        ["name": "api", "containerPort": JSONValue(Self.hubPort), "protocol": "TCP"],
        ["name": "agents", "containerPort": JSONValue(Self.agentsPort), "protocol": "TCP"],
      ],
      "resources": values.value(.hubResources),
      "securityContext": Self.security(adding: [], user: Self.nobody),
      "readinessProbe": Self.probe(
        "/readyz", port: JSONValue(Self.agentsPort), scheme: agentsScheme, every: 5, failures: 3),
      "livenessProbe": Self.probe(
        "/healthz", port: JSONValue(Self.agentsPort), scheme: agentsScheme, every: 10, failures: 6),
      "volumeMounts": mounts,
    ]
  }

  // MARK: Agents

  /// Machines alone: what stands for a service that runs each pod elsewhere has no network to
  /// share, and pods that share one would wait there for ever. All taints being tolerated, nothing
  /// else keeps agents away. A node without these labels matches.
  private static let realNodes: JSONValue = [
    "nodeAffinity": [
      "requiredDuringSchedulingIgnoredDuringExecution": [
        "nodeSelectorTerms": [
          [
            "matchExpressions": [
              // Amazon EKS on Fargate, and nodes of virtual-kubelet.
              [
                "key": "eks.amazonaws.com/compute-type", "operator": "NotIn",
                "values": ["fargate"],
              ], ["key": "type", "operator": "NotIn", "values": ["virtual-kubelet"]],
            ]
          ]
        ]
      ]
    ]
  ]

  var agentObjects: [Manifest] {
    [
      Manifest(
        """
        An agent on each node: it captures what the targeted pods send and receive, dissects it and \
        sends the calls to the Hub. It is root for one thing, NET_RAW, which opens the interfaces.
        """,
        [
          "apiVersion": "apps/v1", "kind": "DaemonSet",
          "metadata": metadata(
            .string(Self.agent), namespace: values.namespace(),
            annotations: [Self.rolesAnnotation: values.text("", .namespaces)]),
          "spec": [
            "selector": ["matchLabels": .object(Self.selector("worker"))],
            "updateStrategy": [
              "type": "RollingUpdate", "rollingUpdate": ["maxUnavailable": "25%"],
            ],
            "template": [
              "metadata": ["labels": podLabels("worker")],
              "spec": [
                "serviceAccountName": .string(Self.agent), "automountServiceAccountToken": true,
                "imagePullSecrets": values.pullSecrets, "hostNetwork": true,
                "dnsPolicy": "ClusterFirstWithHostNet",
                "nodeSelector": values.value(.nodeSelector),
                "affinity": Self.realNodes,
                "tolerations": values.value(.tolerations),
                "securityContext": ["seccompProfile": ["type": "RuntimeDefault"]],
                "containers": [agentContainer],
                "volumes": volumes(
                  [Self.passing(values.value(.storage))], certificates: ["ca.crt"]),
              ],
            ],
          ],
        ])
    ]
  }

  private var hubAddress: JSONValue {
    let host = (before: "://\(Self.hub).", after: ".svc:\(Self.agentsPort)")
    switch values.source {
    case .settings(let settings, let namespace, _, _):
      let scheme = settings.text(.agentsTLS) == nil ? "http" : "https"
      return .string("--hub=\(scheme)\(host.before)\(namespace)\(host.after)")
    case .chart:
      return ManifestValues.expression(
        """
        printf "--hub=%s\(host.before)%s\(host.after)" \
        (ternary "https" "http" (not (empty .Values.\(ClusterSetting.agentsTLS.name)))) \
        .Release.Namespace | toJson
        """)
    }
  }

  private var agentArguments: [JSONValue] {
    let own: [JSONValue] = [
      hubAddress,
      .string("--token-file=\(Self.tokenFile)"), "--data=/data", "--node=$(NODE_NAME)",
      values.text("--listen=127.0.0.1:", .healthPort), values.pattern("--pod-regex="),
      values.text("--raw-bytes=", .rawBytes), values.text("--data-bytes=", .storage),
    ]
    return own
      + values.optional(.string("--ca-file=\(Self.papers)/ca.crt"), when: .agentsTLS)
      + values.argument("--namespaces=", .namespaces)
      + values.argument("--exclude-namespaces=", .excludedNamespaces)
      + values.optional("--cluster-names", when: .clusterRoles)
  }

  private var agentContainer: JSONValue {
    [
      "name": "agent", "image": values.image, "imagePullPolicy": values.value(.pullPolicy),
      "command": ["kubeshark", "agent"],
      "args": .array(agentArguments),
      "env": [
        ["name": "NODE_NAME", "valueFrom": ["fieldRef": ["fieldPath": "spec.nodeName"]]]
      ],
      "resources": values.value(.agentResources),
      "securityContext": Self.security(adding: ["NET_RAW"], user: 0),
      // The pod's address is the node's; its health is told on the node's loopback alone.
      "readinessProbe": Self.probe(
        "/readyz", port: values.value(.healthPort), host: "127.0.0.1", every: 5, failures: 3),
      "livenessProbe": Self.probe(
        "/healthz", port: values.value(.healthPort), host: "127.0.0.1", every: 10, failures: 6),
      "volumeMounts": mounts,
    ]
  }
}

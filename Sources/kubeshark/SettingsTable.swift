/// Settings of the published product that a configuration file or `--set` may hold. The ones this
/// program acts on are in `Settings.Key`; the others are known so that a mistyped one is told.
let knownSettings = [
  "headless", "kube.configPath", "kube.context", "license", "logLevel", "tap.auth.cli.enabled",
  "tap.auth.cli.subjects", "tap.auth.defaultRole", "tap.auth.enabled", "tap.auth.rolesClaim",
  "tap.auth.type", "tap.bpfOverride", "tap.capture.captureSelf", "tap.capture.dbMaxSize",
  "tap.capture.dissection.enabled", "tap.capture.dissection.stopAfter", "tap.capture.raw.enabled",
  "tap.capture.raw.storageSize", "tap.customMacros", "tap.defaultFilter",
  "tap.delayedDissection.cpu", "tap.delayedDissection.memory", "tap.docker.imagePullPolicy",
  "tap.docker.imagePullSecrets", "tap.docker.registry", "tap.docker.tag", "tap.enabledDissectors",
  "tap.excludedNamespaces", "tap.globalFilter", "tap.hostNetwork", "tap.ipv6",
  "tap.misc.detectDuplicates", "tap.misc.duplicateTimeframe", "tap.misc.tcpFlowTimeout",
  "tap.misc.tcpStreamChannelTimeoutMs", "tap.misc.trafficSampleRate", "tap.misc.udpFlowTimeout",
  "tap.mountBpf", "tap.namespaces", "tap.packetCapture", "tap.portMapping", "tap.proxy.front.port",
  "tap.proxy.host", "tap.proxy.hub.srvPort", "tap.regex", "tap.release.helmChartPath",
  "tap.release.name", "tap.release.namespace", "tap.release.repo", "tap.serviceMesh",
  "tap.snapshots.local.storageClass", "tap.snapshots.local.storageSize", "tap.tls",
]

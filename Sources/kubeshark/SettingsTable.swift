/// Settings of the published product that a configuration file or `--set` may hold and that have no
/// effect here: they are known so that a mistyped one is told. Those that have are rows of
/// `ClusterSetting`.
let otherSettings = [
  "headless", "logLevel", "tap.auth.cli.enabled", "tap.auth.cli.subjects",
  "tap.auth.defaultRole", "tap.auth.enabled", "tap.auth.rolesClaim", "tap.auth.type",
  "tap.bpfOverride", "tap.capture.captureSelf", "tap.capture.dissection.enabled",
  "tap.capture.dissection.stopAfter", "tap.capture.raw.enabled", "tap.customMacros",
  "tap.defaultFilter", "tap.delayedDissection.cpu", "tap.delayedDissection.memory",
  "tap.enabledDissectors", "tap.excludedNamespaces", "tap.globalFilter", "tap.hostNetwork",
  "tap.ipv6", "tap.misc.detectDuplicates", "tap.misc.duplicateTimeframe",
  "tap.misc.tcpFlowTimeout", "tap.misc.tcpStreamChannelTimeoutMs", "tap.misc.trafficSampleRate",
  "tap.misc.udpFlowTimeout", "tap.mountBpf", "tap.packetCapture", "tap.portMapping",
  "tap.proxy.hub.srvPort", "tap.release.helmChartPath", "tap.release.name", "tap.release.repo",
  "tap.serviceMesh", "tap.snapshots.local.storageClass", "tap.tls",
]

import Hub
import NodeAgent
import Pipeline
import Shipping

extension Agent {
  /// What `GET /metrics` shows of an agent.
  var metrics: [Metric] {
    let (status, backlog) = (way, backlog)
    let statistics = statistics
    let live = statistics.live
    return [
      Metric(
        "kubeshark_agent_packets_total", .counter, "Packets captured.", live?.captured ?? 0),
      Metric(
        "kubeshark_agent_packets_others_total", .counter,
        "Packets of pods that are not captured, left out behind a kernel filter that could not hold "
          + "all addresses.", live?.others ?? 0),
      Metric(
        "kubeshark_agent_packets_dissected_total", .counter, "Packets dissected.",
        statistics.packets),
      Metric(
        "kubeshark_agent_packets_shed_total", .counter,
        "Packets not dissected for want of time or memory.",
        live?.shed ?? 0),
      Metric(
        "kubeshark_agent_packets_dropped_total", .counter, "Packets the kernel had no room for.",
        statistics.droppedPackets),
      Metric(
        "kubeshark_agent_shedding", .gauge, "Whether packets are shed now.",
        isShedding ? 1 : 0),
      Metric(
        "kubeshark_agent_memory_bytes", .gauge, "Memory of the process's own.", MemoryWatch.used),
      Metric(
        "kubeshark_agent_shipments_total", .counter, "Shipments that arrived.", status.shipments),
      Metric("kubeshark_agent_blocks_total", .counter, "Blocks that arrived.", status.blocks),
      Metric("kubeshark_agent_sent_bytes_total", .counter, "Bytes that arrived.", status.bytes),
      Metric(
        "kubeshark_agent_hub_busy_total", .counter, "Times that the Hub had no room.",
        status.turnedAway),
      Metric(
        "kubeshark_agent_hub_failures_total", .counter, "Times that the Hub was not reached.",
        status.failures),
      Metric(
        "kubeshark_agent_waiting_entries", .gauge, "Entries that wait for the Hub.",
        backlog.entries),
      Metric(
        "kubeshark_agent_waiting_bytes", .gauge, "Bytes of them.", backlog.bytes),
      Metric(
        "kubeshark_agent_dropped_entries_total", .counter,
        "Entries that left before they could be sent.", backlog.dropped),
    ]
  }
}

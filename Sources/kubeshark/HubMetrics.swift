import Hub
import Pipeline

extension Statistics {
  /// What `GET /metrics` shows of the traffic, by the names that dashboards know.
  var metrics: [Metric] {
    var metrics = [
      Metric("kubeshark_received_packets_total", .counter, "Packets read.", packets),
      Metric("kubeshark_processed_bytes_total", .counter, "Bytes of them on the wire.", bytes),
      Metric(
        "kubeshark_dropped_packets_total", .counter, "Packets dropped while capturing.",
        droppedPackets),
      Metric("kubeshark_cut_packets_total", .counter, "Packets cut by the capture.", cutPackets),
      Metric("kubeshark_duplicate_packets_total", .counter, "Packets seen twice.", duplicates),
      Metric(
        "kubeshark_stream_bytes_lost_total", .counter, "Bytes missing from streams.", bytesLost),
      Metric("kubeshark_conversations_total", .counter, "Conversations seen.", conversations),
      Metric(
        "kubeshark_unrecognised_conversations_total", .counter,
        "Conversations of an unknown protocol.", unrecognised),
      Metric("kubeshark_entries_total", .counter, "Entries made.", entries),
      Metric(
        "kubeshark_entries_lost_total", .counter, "Entries that could not be stored.", entriesLost),
      Metric(
        "kubeshark_entries_expired_total", .counter, "Entries that left by the store's limits.",
        entriesExpired),
    ]
    for (name, help, counts) in [
      ("kubeshark_packets_not_followed_total", "Packets not followed, by reason.", notFollowed),
      (
        "kubeshark_fragment_troubles_total", "IP fragments that were not put together, by cause.",
        fragmentTroubles
      ),
      ("kubeshark_flow_troubles_total", "What reassembly gave up, by limit.", flowTroubles),
      ("kubeshark_dissection_troubles_total", "What dissection met, by kind.", dissectionTroubles),
      ("kubeshark_wrong_checksums_total", "Wrong checksums of those sampled.", wrongChecksums),
    ] {
      for count in counts {
        metrics.append(Metric(name, .counter, help, count.count, labels: ["reason", count.name]))
      }
    }
    metrics.append(
      Metric(
        "kubeshark_traffic_complete", .gauge, "Whether everything there was has been read.",
        isComplete ? 1 : 0))
    return metrics
  }
}

/// Which of two ports is a server's, when no handshake was captured to tell.
///
/// A hint only: ports bind nobody. Live captures join most connections in the middle, and half of
/// those would otherwise stand the wrong way round.
package enum PortHint {
  /// Ports above 1023 on which servers listen.
  private static let registered: Set<UInt16> = [
    1433, 1521, 1812, 1813, 2181, 2379, 2380, 3000, 3268, 3306, 3868, 4222, 4317, 4318, 4789, 5000,
    5353, 5432, 5601, 5671, 5672, 6379, 6380, 6443, 6831, 8000, 8080, 8081, 8086, 8125, 8443, 8888,
    9000, 9042, 9090, 9092, 9093, 9200, 9300, 9411, 10250, 10255, 11211, 15672, 16379, 26379, 27017,
    50051, 61616,
  ]

  private static func isKnown(_ port: UInt16) -> Bool {
    port != 0 && (port < 1024 || registered.contains(port))
  }

  /// Whether `source` is a server's port and `destination` is not.
  package static func isReply(from source: UInt16, to destination: UInt16) -> Bool {
    isKnown(source) && !isKnown(destination)
  }
}

package import Pipeline

/// What fills a store behind a Hub: files that are read, or interfaces that are captured.
package protocol TrafficReading: Sendable {
  var statistics: Statistics { get }

  /// Ends it; of live traffic, when all that was captured is kept.
  func stop()
}

extension CaptureTraffic: TrafficReading {}
extension LiveTraffic: TrafficReading {}

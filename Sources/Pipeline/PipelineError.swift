package import Packets
package import Store

/// Why a pipeline ended early.
package enum PipelineError: Error, Sendable {
  /// A capture could not be read.
  case capture(CaptureError)
  /// The store could not take more.
  case store(StoreError)
}

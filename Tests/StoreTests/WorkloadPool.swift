import Entries

/// Workloads of several blocks, one object for those that are the same: a block that is made of many
/// has each of them once.
final class WorkloadPool {
  /// A workload by what it says.
  private struct Content: Hashable {
    let workload: Workload

    static func == (a: Content, b: Content) -> Bool {
      let (a, b) = (a.workload, b.workload)
      return a.pod == b.pod && a.podNamespace == b.podNamespace && a.service == b.service
        && a.serviceNamespace == b.serviceNamespace && a.node == b.node && a.owner == b.owner
        && a.dns == b.dns && a.process == b.process && a.labels == b.labels
        && a.annotations == b.annotations
    }

    func hash(into hasher: inout Hasher) {
      hasher.combine(workload.pod)
      hasher.combine(workload.podNamespace)
      hasher.combine(workload.service)
      hasher.combine(workload.dns)
      hasher.combine(workload.process)
    }
  }

  private var known: Set<Content> = []

  /// The object that stands for all workloads like this one.
  func one(_ workload: Workload) -> Workload {
    known.insert(Content(workload: workload)).memberAfterInsert.workload
  }
}

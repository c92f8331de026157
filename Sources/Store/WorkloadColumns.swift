import Bytes
import Entries

/// Who the two ends of rows were. Workloads are recognised by identity, so that a row costs two
/// integers, which `EnvelopeColumns` keeps; their texts are taken apart once for each workload of the
/// block.
struct WorkloadColumns: Sendable {
  /// One property of a workload: its column for either end, and how it is written.
  struct Row: Sendable {
    var source: FieldID
    var destination: FieldID
    var type: FieldType
    /// The bytes to store; nil when the workload does not have it.
    var bytes: @Sendable (Workload) -> [UInt8]?

    fileprivate static func text(
      _ source: FieldID, _ destination: FieldID, _ text: @escaping @Sendable (Workload) -> String?
    ) -> Row {
      Row(source: source, destination: destination, type: .text) { text($0).map { Array($0.utf8) } }
    }

    /// Sorted by name, so that equal maps are equal bytes.
    fileprivate static func pairs(
      _ source: FieldID, _ destination: FieldID,
      _ map: @escaping @Sendable (Workload) -> [String: String]
    ) -> Row {
      Row(source: source, destination: destination, type: .pairs) { workload in
        let map = map(workload)
        guard !map.isEmpty else { return nil }
        var bytes: [UInt8] = []
        for (name, value) in map.sorted(by: { $0.key < $1.key }) {
          let before = bytes.count
          bytes.append(counted: name.utf8Span.span.bytes)
          bytes.append(counted: value.utf8Span.span.bytes)
          if bytes.count > BlockLimits.valueBytes {
            bytes.removeLast(bytes.count - before)
            break
          }
        }
        return bytes
      }
    }
  }

  static let rows: [Row] = [
    .text(.sourcePodName, .destinationPodName) { $0.pod },
    .text(.sourcePodNamespace, .destinationPodNamespace) { $0.podNamespace },
    .text(.sourceServiceName, .destinationServiceName) { $0.service },
    .text(.sourceServiceNamespace, .destinationServiceNamespace) { $0.serviceNamespace },
    .text(.sourceNode, .destinationNode) { $0.node },
    .text(.sourceOwner, .destinationOwner) { $0.owner.map { "\($0.kind)/\($0.name)" } },
    .text(.sourceDNS, .destinationDNS) { $0.dns },
    .text(.sourceProcess, .destinationProcess) { $0.process },
    .pairs(.sourceLabels, .destinationLabels) { $0.labels },
    .pairs(.sourceAnnotations, .destinationAnnotations) { $0.annotations },
  ]

  private var interner = PairInterner()
  /// The workload of code n is at n − 1. Holding them keeps their identities from being reused.
  private var workloads: [Workload?] = []
  /// Bytes of labels and annotations of all of them. A cluster may keep whole documents there.
  private(set) var byteCount = 0

  var isEmpty: Bool { workloads.isEmpty }

  /// The code of a workload, 0 for none.
  mutating func code(_ workload: Workload?) -> UInt32 {
    guard let workload else { return 0 }
    let identity = UInt64(UInt(bitPattern: ObjectIdentifier(workload)))
    let (code, isNew) = interner.code(identity, 0)
    if isNew {
      workloads.append(workload)
      for map in [workload.labels, workload.annotations] {
        byteCount = map.reduce(byteCount) { $0 + $1.key.utf8.count + $1.value.utf8.count }
      }
    }
    return code
  }

  /// - Parameters:
  ///   - sources: codes of all rows, in the order of the block.
  ///   - destinations: the same of the other end.
  func write(to writer: inout BlockWriter, sources: [UInt32], destinations: [UInt32]) {
    for row in Self.rows {
      let values = workloads.map { workload in
        workload.flatMap(row.bytes).map { $0.prefix(BlockLimits.valueBytes) }
      }
      for (id, codes) in [(row.source, sources), (row.destination, destinations)] {
        let column = TableColumn(codes: codes, values: values) { value, out in
          out.append(contentsOf: value)
        }
        guard column.interner.count > 0 else { continue }
        writer.add(id, row.type, column.interner, column.arranged)
      }
    }
  }
}

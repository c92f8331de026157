private import Bytes

/// A whole entry in memory, field by field.
package struct EntryRow: ColumnRow {
  package let entry: Entry
  package let decoder: ContentDecoder

  package init(_ entry: Entry, decoder: ContentDecoder = .plain) {
    (self.entry, self.decoder) = (entry, decoder)
  }

  package func contents() -> Contents {
    Contents(request: entry.request, response: entry.response, decoder: decoder)
  }

  package func column(_ id: FieldID) -> FieldValue {
    let value = entry.envelope(id)
    return value == .none ? entry.fields[id] : value
  }
}

extension Entry {
  /// The column of that row as the envelope holds it; `.none` when it is not in the envelope or
  /// is absent.
  package func envelope(_ id: FieldID) -> FieldValue {
    switch id {
    case .sourceIP: .text(source.address.description)
    case .destinationIP: .text(destination.address.description)
    case .sourcePort: .int(Int64(source.port))
    case .destinationPort: .int(Int64(destination.port))
    case .kind: .int(Int64(kind.rawValue))
    case .transport: .int(Int64(transport.rawValue))
    case .instant: .instant(timestamp)
    case .elapsed: elapsed.map(FieldValue.int) ?? .none
    case .streamNumber: .int(Int64(truncatingIfNeeded: stream))
    case .streamIndex: .int(Int64(index))
    case .firstPacket: .int(Int64(truncatingIfNeeded: packets.lowerBound))
    case .lastPacket: .int(Int64(truncatingIfNeeded: packets.upperBound))
    case .halves: .int((hasRequest ? 1 : 0) + (hasResponse ? 2 : 0))
    case .requestBytes: .int(requestSize)
    case .responseBytes: .int(responseSize)
    case .failed: .bool(failed)
    case .faultKind: fault.map { .int(Int64($0.kind.rawValue)) } ?? .none
    case .faultMessage: fault.map { .text($0.message) } ?? .none
    case .decrypted: .bool(decrypted)
    default: name(id)
    }
  }

  /// What names the two sides.
  private func name(_ id: FieldID) -> FieldValue {
    let (client, server) = (source.workload, destination.workload)
    return switch id {
    case .sourcePodName: Self.text(client?.pod)
    case .destinationPodName: Self.text(server?.pod)
    case .sourcePodNamespace: Self.text(client?.podNamespace)
    case .destinationPodNamespace: Self.text(server?.podNamespace)
    case .sourceServiceName: Self.text(client?.service)
    case .destinationServiceName: Self.text(server?.service)
    case .sourceServiceNamespace: Self.text(client?.serviceNamespace)
    case .destinationServiceNamespace: Self.text(server?.serviceNamespace)
    case .sourceDNS: Self.text(client?.dns)
    case .destinationDNS: Self.text(server?.dns)
    case .sourceNode: Self.text(client?.node)
    case .destinationNode: Self.text(server?.node)
    case .sourceProcess: Self.text(client?.process)
    case .destinationProcess: Self.text(server?.process)
    case .sourceOwner: Self.text(client?.owner?.path)
    case .destinationOwner: Self.text(server?.owner?.path)
    case .sourceLabels: Self.pairs(client?.labels)
    case .destinationLabels: Self.pairs(server?.labels)
    case .sourceAnnotations: Self.pairs(client?.annotations)
    case .destinationAnnotations: Self.pairs(server?.annotations)
    default: .none
    }
  }

  private static func text(_ text: String?) -> FieldValue { text.map(FieldValue.text) ?? .none }

  /// Pairs by name, so that equal labels are equal values.
  private static func pairs(_ labels: [String: String]?) -> FieldValue {
    guard let labels, !labels.isEmpty else { return .none }
    return .pairs(
      labels.sorted { $0.key < $1.key }.map { HeaderBlock.Field(name: $0.key, value: $0.value) })
  }
}

extension Workload.Owner {
  /// `Deployment/orders`.
  package var path: String { kind + "/" + name }
}

import Bytes
import Entries

/// Entries out of a block, as they went in: what merging blocks needs.
struct EntryReader {
  private enum Lane {
    case integers([Int64], Presence?, FieldType)
    case coded([UInt32], Column)
  }

  private let lanes: [FieldID: Lane]
  /// Fields that are no part of the envelope.
  private let fields: [FieldID]
  private let addresses: [FieldID: [IPAddress]]
  private var contents: ContentReader
  /// By the codes of their properties: one object for each end that differs.
  private var workloads: [[UInt32]: Workload] = [:]

  /// Reads all columns.
  init(_ block: Block) throws(StoreError) {
    var lanes: [FieldID: Lane] = [:]
    var addresses: [FieldID: [IPAddress]] = [:]
    for info in try block.header().columns {
      switch try block.column(info.id) {
      case nil: continue
      case .ints(let column)?, .instants(let column)?:
        lanes[info.id] = .integers(column.values(), column.presence, info.type)
      case .bools(let column)?:
        lanes[info.id] = .integers(
          column.values().map { $0 ? 1 : 0 }, column.presence, info.type)
      case let column?:
        lanes[info.id] = .coded(column.codes() ?? [], column)
        if info.id == .sourceIP || info.id == .destinationIP {
          addresses[info.id] = (0..<column.codeCount).map { code in
            guard case .text(let text) = column.fieldValue(code: UInt32(code)) else { return .none }
            return IPAddress(text) ?? .none
          }
        }
      }
    }
    let apart = EnvelopeColumns.ids.union([.elapsed, .faultKind, .faultMessage])
    fields = lanes.keys.filter { !apart.contains($0) }.sorted { $0.rawValue < $1.rawValue }
    (self.lanes, self.addresses) = (lanes, addresses)
    contents = ContentReader(block: block)
  }

  mutating func entry(row: Int) throws(StoreError) -> Entry {
    let content = try contents.content(row: row)
    let halves = integer(.halves, row)
    let first = UInt64(bitPattern: integer(.firstPacket, row))
    let last = UInt64(bitPattern: integer(.lastPacket, row))
    var entry = Entry(
      kind: ProtocolKind(rawValue: UInt8(truncatingIfNeeded: integer(.kind, row))) ?? .tcp,
      transport: EntryTransport(rawValue: UInt8(truncatingIfNeeded: integer(.transport, row)))
        ?? .tcp,
      timestamp: Timestamp(nanoseconds: integer(.instant, row)),
      source: endpoint(.sourceIP, .sourcePort, \.source, row),
      destination: endpoint(.destinationIP, .destinationPort, \.destination, row),
      stream: UInt64(bitPattern: integer(.streamNumber, row)),
      index: UInt32(truncatingIfNeeded: integer(.streamIndex, row)),
      packets: min(first, last)...max(first, last), hasRequest: halves & 1 != 0,
      hasResponse: halves & 2 != 0, requestSize: integer(.requestBytes, row),
      responseSize: integer(.responseBytes, row), failed: integer(.failed, row) != 0,
      decrypted: integer(.decrypted, row) != 0, request: content.request,
      response: content.response)
    if case .int(let elapsed) = value(.elapsed, row) { entry.elapsed = elapsed }
    if case .int(let kind) = value(.faultKind, row),
      let kind = UInt8(exactly: kind).flatMap(Entry.Fault.Kind.init)
    {
      entry.fault = Entry.Fault(kind, text(.faultMessage, row) ?? "")
    }
    entry.fields.reserve(bytes: 32 * fields.count)
    for id in fields {
      let value = value(id, row)
      if value != .none { entry.fields.add(id, value) }
    }
    return entry
  }

  private func integer(_ id: FieldID, _ row: Int) -> Int64 {
    if case .integers(let values, _, _)? = lanes[id] { values[row] } else { 0 }
  }

  private func text(_ id: FieldID, _ row: Int) -> String? {
    if case .text(let text) = value(id, row) { text } else { nil }
  }

  private func code(_ id: FieldID, _ row: Int) -> UInt32 {
    if case .coded(let codes, _)? = lanes[id] { codes[row] } else { 0 }
  }

  private func value(_ id: FieldID, _ row: Int) -> FieldValue {
    switch lanes[id] {
    case nil: return .none
    case .coded(let codes, let column)?: return column.fieldValue(code: codes[row])
    case .integers(let values, let presence, let type)?:
      if let presence, !presence[row] { return .none }
      return switch type {
      case .bool: .bool(values[row] != 0)
      case .instant: .instant(Timestamp(nanoseconds: values[row]))
      default: .int(values[row])
      }
    }
  }

  private mutating func endpoint(
    _ address: FieldID, _ port: FieldID, _ end: KeyPath<WorkloadColumns.Row, FieldID>, _ row: Int
  ) -> Endpoint {
    Endpoint(
      address: addresses[address]?[Int(code(address, row))] ?? .none,
      port: UInt16(truncatingIfNeeded: integer(port, row)), workload: workload(end, row))
  }

  private mutating func workload(
    _ end: KeyPath<WorkloadColumns.Row, FieldID>, _ row: Int
  ) -> Workload? {
    let ids = WorkloadColumns.rows.map { $0[keyPath: end] }
    // The ends have dictionaries of their own, so the end is a part of the key.
    let key = [end == \.source ? 0 : 1] + ids.map { code($0, row) }
    guard key.dropFirst().contains(where: { $0 != 0 }) else { return nil }
    if let known = workloads[key] { return known }
    func pairs(_ id: FieldID) -> [String: String] {
      guard case .pairs(let pairs) = value(id, row) else { return [:] }
      return Dictionary(pairs.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
    }
    let texts = ids.map { text($0, row) }
    let made = Workload(
      pod: texts[0], podNamespace: texts[1], service: texts[2], serviceNamespace: texts[3],
      node: texts[4], owner: texts[5].flatMap(Workload.Owner.init), labels: pairs(ids[8]),
      annotations: pairs(ids[9]), dns: texts[6], process: texts[7])
    workloads[key] = made
    return made
  }
}

extension IPAddress {
  /// What stands for an address that cannot be read.
  fileprivate static let none = IPAddress(high: 0, low: 0)
}

extension Workload.Owner {
  /// Reads `kind/name`.
  fileprivate init?(_ text: String) {
    let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2 else { return nil }
    self.init(kind: String(parts[0]), name: String(parts[1]))
  }
}

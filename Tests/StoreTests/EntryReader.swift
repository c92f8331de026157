import Bytes
import Entries

@testable import Store

/// Entries out of a block, as they went in: what a block made of several is compared with.
struct EntryReader {
  /// One column. A class, for its arrays are not to be counted for every row.
  private final class Lane {
    let integers: [Int64]
    let presence: Presence?
    let type: FieldType
    /// By row, and what each stands for; empty for integers.
    let codes: [UInt32]
    let values: [FieldValue]

    init(_ column: Column, _ type: FieldType) {
      (presence, self.type) = (column.presence, type)
      let (integers, codes): ([Int64], [UInt32]) =
        switch column {
        case .ints(let column), .instants(let column): (column.values(), [])
        case .bools(let column): (column.values().map { $0 ? 1 : 0 }, [])
        default: ([], column.codes() ?? [])
        }
      (self.integers, self.codes) = (integers, codes)
      values =
        codes.isEmpty
        ? [] : (0..<column.codeCount).map { column.fieldValue(code: UInt32($0)) }
    }

    func value(_ row: Int) -> FieldValue {
      if !codes.isEmpty { return values[Int(codes[row])] }
      if let presence, !presence[row] { return .none }
      return switch type {
      case .bool: .bool(integers[row] != 0)
      case .instant: .instant(Timestamp(nanoseconds: integers[row]))
      default: .int(integers[row])
      }
    }

    func text(_ row: Int) -> String? {
      if case .text(let text) = value(row) { text } else { nil }
    }
  }

  /// Who was at one end.
  private struct End {
    let addresses: [IPAddress]
    let addressCodes: [UInt32]
    let ports: [Int64]
    /// The properties of workloads, in the order of `WorkloadColumns.rows`.
    let properties: [Lane?]
    /// Those that some row has.
    let present: [Lane]
    /// By the code of its address, the latest row of it and who that was: mostly it is the same.
    var latest: [(row: Int, workload: Workload?)]
    /// By the codes of their properties: one object for each end that differs.
    var workloads: [[UInt32]: Workload] = [:]
    /// Shared with other blocks.
    let pool: WorkloadPool

    init(
      _ lanes: [FieldID: Lane], _ address: FieldID, _ port: FieldID, _ pool: WorkloadPool,
      _ end: (WorkloadColumns.Row) -> FieldID
    ) {
      self.pool = pool
      let column = lanes[address]
      addresses = (column?.values ?? []).map { value in
        guard case .text(let text) = value else { return .none }
        return IPAddress(text) ?? .none
      }
      addressCodes = column?.codes ?? []
      ports = lanes[port]?.integers ?? []
      // A block from elsewhere may hold anything.
      properties = WorkloadColumns.rows.map { row in
        lanes[end(row)].flatMap { $0.codes.isEmpty ? nil : $0 }
      }
      present = properties.compactMap { $0 }
      latest = Array(repeating: (-1, nil), count: max(1, addresses.count))
    }

    mutating func endpoint(_ row: Int) -> Endpoint {
      let code = addressCodes.isEmpty ? 0 : Int(addressCodes[row])
      return Endpoint(
        address: addresses.isEmpty ? .none : addresses[code],
        port: ports.isEmpty ? 0 : UInt16(truncatingIfNeeded: ports[row]),
        workload: workload(row, code))
    }

    private mutating func workload(_ row: Int, _ address: Int) -> Workload? {
      if present.isEmpty { return nil }
      let before = latest[address].row
      if before >= 0, present.allSatisfy({ $0.codes[before] == $0.codes[row] }) {
        return latest[address].workload
      }
      let found = found(row)
      latest[address] = (row, found)
      return found
    }

    private mutating func found(_ row: Int) -> Workload? {
      let key = present.map { $0.codes[row] }
      guard key.contains(where: { $0 != 0 }) else { return nil }
      if let known = workloads[key] { return known }
      let properties = properties
      func text(_ place: Int) -> String? { properties[place]?.text(row) }
      func pairs(_ place: Int) -> [String: String] {
        guard case .pairs(let pairs)? = properties[place]?.value(row) else { return [:] }
        return Dictionary(pairs.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
      }
      let made = pool.one(
        Workload(
          pod: text(0), podNamespace: text(1), service: text(2), serviceNamespace: text(3),
          node: text(4), owner: text(5).flatMap(Workload.Owner.init), labels: pairs(8),
          annotations: pairs(9), dns: text(6), process: text(7)))
      workloads[key] = made
      return made
    }
  }

  /// Integers of the envelope, by row; empty where no row has one.
  private let kinds, transports, instants, streams, indices, firsts, lasts: [Int64]
  private let halves, requestBytes, responseBytes, failed, decrypted: [Int64]
  private let elapsed, faultKind, faultMessage: Lane?
  /// Fields that are no part of the envelope.
  private let fields: [(id: FieldID, lane: Lane)]
  private var source: End
  private var destination: End
  private var contents: ContentReader

  /// Reads all columns.
  ///
  /// - Parameter pool: of the workloads of all blocks that are read for the same purpose.
  init(_ block: Block, _ pool: WorkloadPool = WorkloadPool()) throws(StoreError) {
    var lanes: [FieldID: Lane] = [:]
    for info in try block.header().columns {
      if let column = try block.column(info.id) { lanes[info.id] = Lane(column, info.type) }
    }
    func integers(_ id: FieldID) -> [Int64] { lanes[id]?.integers ?? [] }
    (kinds, transports) = (integers(.kind), integers(.transport))
    (instants, streams, indices) = (
      integers(.instant), integers(.streamNumber), integers(.streamIndex)
    )
    (firsts, lasts, halves) = (integers(.firstPacket), integers(.lastPacket), integers(.halves))
    (requestBytes, responseBytes) = (integers(.requestBytes), integers(.responseBytes))
    (failed, decrypted) = (integers(.failed), integers(.decrypted))
    (elapsed, faultKind, faultMessage) = (
      lanes[.elapsed], lanes[.faultKind], lanes[.faultMessage]
    )
    source = End(lanes, .sourceIP, .sourcePort, pool) { $0.source }
    destination = End(lanes, .destinationIP, .destinationPort, pool) { $0.destination }
    let apart = EnvelopeColumns.ids.union([.elapsed, .faultKind, .faultMessage])
    fields = lanes.filter { !apart.contains($0.key) }.sorted { $0.key.rawValue < $1.key.rawValue }
      .map { ($0.key, $0.value) }
    contents = ContentReader(block: block)
  }

  mutating func entry(row: Int) throws(StoreError) -> Entry {
    func integer(_ values: [Int64]) -> Int64 { values.isEmpty ? 0 : values[row] }
    let content = try contents.content(row: row)
    let half = integer(halves)
    let first = UInt64(bitPattern: integer(firsts))
    let last = UInt64(bitPattern: integer(lasts))
    var entry = Entry(
      kind: ProtocolKind(rawValue: UInt8(truncatingIfNeeded: integer(kinds))) ?? .tcp,
      transport: EntryTransport(rawValue: UInt8(truncatingIfNeeded: integer(transports)))
        ?? .tcp,
      timestamp: Timestamp(nanoseconds: integer(instants)),
      source: source.endpoint(row), destination: destination.endpoint(row),
      stream: UInt64(bitPattern: integer(streams)),
      index: UInt32(truncatingIfNeeded: integer(indices)),
      packets: min(first, last)...max(first, last), hasRequest: half & 1 != 0,
      hasResponse: half & 2 != 0, requestSize: integer(requestBytes),
      responseSize: integer(responseBytes), failed: integer(failed) != 0,
      decrypted: integer(decrypted) != 0, request: content.request,
      response: content.response)
    if case .int(let elapsed)? = elapsed?.value(row) { entry.elapsed = elapsed }
    if case .int(let kind)? = faultKind?.value(row),
      let kind = UInt8(exactly: kind).flatMap(Entry.Fault.Kind.init)
    {
      entry.fault = Entry.Fault(kind, faultMessage?.text(row) ?? "")
    }
    entry.fields.reserve(bytes: 32 * fields.count)
    for index in fields.indices {
      let value = fields[index].lane.value(row)
      if case .none = value { continue }
      entry.fields.add(fields[index].id, value)
    }
    return entry
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

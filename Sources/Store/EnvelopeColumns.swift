import Bytes
import Entries

/// The columns that every entry fills, in order of arrival.
struct EnvelopeColumns: Sendable {
  /// What the header says about all rows together.
  struct Summary: Sendable {
    var first: Int64 = .max
    var last: Int64 = .min
    var kinds = KindSet()
  }

  /// The fields that are written from here, and so cannot come as `fields` of an entry.
  static let ids: Set<FieldID> = Set(
    [
      .kind, .transport, .instant, .streamNumber, .streamIndex, .firstPacket, .lastPacket, .halves,
      .requestBytes, .responseBytes, .failed, .decrypted, .sourceIP, .destinationIP, .sourcePort,
      .destinationPort,
    ] + WorkloadColumns.rows.flatMap { [$0.source, $0.destination] })

  private(set) var summary = Summary()
  private var instants: [Int64] = []
  private var streams: [Int64] = []
  private var indices: [Int64] = []
  private var firstPackets: [Int64] = []
  private var lastPackets: [Int64] = []
  private var requestBytes: [Int64] = []
  private var responseBytes: [Int64] = []
  private var sourcePorts: [UInt16] = []
  private var destinationPorts: [UInt16] = []
  private var sources: [UInt32] = []
  private var destinations: [UInt32] = []
  /// Kind, transport, halves, failed and decrypted of a row, from the low bits up: 8, 8, 2, 1, 1.
  private var marks: [UInt32] = []
  private var addresses = AddressCodes()
  private var workloads = WorkloadColumns()

  var rows: Int { instants.count }
  /// Bytes of what the workloads of both ends say, each once; as dictionaries either end has its own.
  var workloadBytes: Int { workloads.byteCount }

  mutating func append(_ entries: [Entry], at place: Int) {
    let instant = entries[place].timestamp.nanoseconds
    summary.first = min(summary.first, instant)
    summary.last = max(summary.last, instant)
    summary.kinds.insert(entries[place].kind)
    instants.append(instant)
    streams.append(Int64(bitPattern: entries[place].stream))
    indices.append(Int64(entries[place].index))
    firstPackets.append(Int64(bitPattern: entries[place].packets.lowerBound))
    lastPackets.append(Int64(bitPattern: entries[place].packets.upperBound))
    requestBytes.append(entries[place].requestSize)
    responseBytes.append(entries[place].responseSize)
    sourcePorts.append(entries[place].source.port)
    destinationPorts.append(entries[place].destination.port)
    sources.append(addresses.code(entries[place].source.address))
    destinations.append(addresses.code(entries[place].destination.address))
    marks.append(
      UInt32(entries[place].kind.rawValue) | UInt32(entries[place].transport.rawValue) << 8
        | (entries[place].hasRequest ? 1 << 16 : 0) | (entries[place].hasResponse ? 1 << 17 : 0)
        | (entries[place].failed ? 1 << 18 : 0) | (entries[place].decrypted ? 1 << 19 : 0))
    workloads.append(entries[place].source.workload, entries[place].destination.workload)
  }

  /// The order of the block.
  ///
  /// - Parameter marks: one for each row of arrival, ascending among rows that are equal in all
  ///   else; empty for the order of arrival.
  func order(_ marks: [Int64]) -> RowOrder {
    RowOrder(instants: instants, streams: streams, indices: indices, marks: marks)
  }

  func write(to writer: inout BlockWriter, _ order: RowOrder) {
    func ints(_ id: FieldID, _ values: [Int64], _ type: FieldType = .int) {
      writer.add(id, type, Arranged(values: order.arranged(values), words: nil))
    }
    func mark(_ id: FieldID, _ type: FieldType, _ shift: UInt32, _ mask: UInt32) {
      ints(id, marks.map { Int64($0 >> shift & mask) }, type)
    }
    ints(.instant, instants, .instant)
    ints(.streamNumber, streams)
    ints(.streamIndex, indices)
    ints(.firstPacket, firstPackets)
    ints(.lastPacket, lastPackets)
    ints(.requestBytes, requestBytes)
    ints(.responseBytes, responseBytes)
    ints(.sourcePort, sourcePorts.map(Int64.init))
    ints(.destinationPort, destinationPorts.map(Int64.init))
    mark(.kind, .int, 0, 255)
    mark(.transport, .int, 8, 255)
    mark(.halves, .int, 16, 3)
    mark(.failed, .bool, 18, 1)
    mark(.decrypted, .bool, 19, 1)
    for (id, codes) in [(FieldID.sourceIP, sources), (.destinationIP, destinations)] {
      let column = TableColumn(codes: codes, rows: order, values: addresses.addresses) {
        $1.append(contentsOf: $0.description.utf8)
      }
      writer.add(id, .text, column.interner, column.arranged)
    }
    workloads.write(to: &writer, order)
  }
}

/// Codes of the addresses of a block; their text is made once for each.
struct AddressCodes: Sendable {
  private var interner = PairInterner()
  /// The address of code n is at n − 1.
  private(set) var addresses: [IPAddress?] = []

  mutating func code(_ address: IPAddress) -> UInt32 {
    let (code, isNew) = interner.code(address.high, address.low)
    if isNew { addresses.append(address) }
    return code
  }
}

/// A coded column made from codes into a table that several columns share.
struct TableColumn {
  var interner = Interner()
  var arranged: Arranged<UInt32>

  /// - Parameters:
  ///   - codes: one a row of arrival: 0 for none, n for `values[n - 1]`.
  ///   - text: appends what the column shows of a value; a value that is nil is no value.
  init<Value>(
    codes: [UInt32], rows order: RowOrder, values: [Value?],
    text: (Value, inout [UInt8]) -> Void
  ) {
    var map = [UInt32](repeating: 0, count: values.count + 1)
    var isUsed = [Bool](repeating: false, count: values.count + 1)
    for code in codes { isUsed[Int(code)] = true }
    var bytes: [UInt8] = []
    for (index, value) in values.enumerated() where isUsed[index + 1] {
      guard let value else { continue }
      bytes.removeAll(keepingCapacity: true)
      text(value, &bytes)
      map[index + 1] = interner.code(bytes.rawSpan)
    }
    arranged = Arranged(values: [], words: nil)
    // Nothing to say: the column is left out.
    guard interner.count > 0 else { return }
    let mapped = order.arranged(codes.map { map[Int($0)] })
    guard mapped.contains(0) else {
      arranged.values = mapped
      return
    }
    var words = [UInt64](repeating: 0, count: (mapped.count + 63) / 64)
    arranged.values.reserveCapacity(mapped.count)
    for (row, code) in mapped.enumerated() where code != 0 {
      words[row >> 6] |= 1 << UInt64(row & 63)
      arranged.values.append(code)
    }
    arranged.words = words
  }
}

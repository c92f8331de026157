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

  /// What every row has: written at once, and taken apart into columns when the block is closed.
  private struct Row {
    var instant: Int64
    var stream: UInt64
    var firstPacket: UInt64
    var lastPacket: UInt64
    var requestBytes: Int64
    var responseBytes: Int64
    var index: UInt32
    var source: UInt32
    var destination: UInt32
    /// Codes of workloads.
    var sourceWorkload: UInt32
    var destinationWorkload: UInt32
    var sourcePort: UInt16
    var destinationPort: UInt16
    /// Kind, transport, halves, failed and decrypted, from the low bits up: 8, 8, 2, 1, 1.
    var marks: UInt32
  }

  private(set) var summary = Summary()
  private var lines: [Row] = []
  private var addresses = AddressCodes()
  private var workloads = WorkloadColumns()

  var rows: Int { lines.count }
  /// Bytes of what the workloads of both ends say, each once; as dictionaries either end has its own.
  var workloadBytes: Int { workloads.byteCount }

  mutating func append(_ entries: [Entry], at place: Int) {
    let instant = entries[place].timestamp.nanoseconds
    summary.first = min(summary.first, instant)
    summary.last = max(summary.last, instant)
    summary.kinds.insert(entries[place].kind)
    lines.append(
      Row(
        instant: instant, stream: entries[place].stream,
        firstPacket: entries[place].packets.lowerBound,
        lastPacket: entries[place].packets.upperBound,
        requestBytes: entries[place].requestSize, responseBytes: entries[place].responseSize,
        index: entries[place].index, source: addresses.code(entries[place].source.address),
        destination: addresses.code(entries[place].destination.address),
        sourceWorkload: entries[place].source.workload == nil
          ? 0 : workloads.code(entries[place].source.workload),
        destinationWorkload: entries[place].destination.workload == nil
          ? 0 : workloads.code(entries[place].destination.workload),
        sourcePort: entries[place].source.port, destinationPort: entries[place].destination.port,
        marks: UInt32(entries[place].kind.rawValue)
          | UInt32(entries[place].transport.rawValue) << 8
          | (entries[place].hasRequest ? 1 << 16 : 0)
          | (entries[place].hasResponse ? 1 << 17 : 0) | (entries[place].failed ? 1 << 18 : 0)
          | (entries[place].decrypted ? 1 << 19 : 0)))
  }

  /// Makes room for so many rows.
  mutating func reserve(_ rows: Int) { lines.reserveCapacity(rows) }

  /// The order of the block.
  ///
  /// - Parameter marks: one for each row of arrival, ascending among rows that are equal in all
  ///   else; empty for the order of arrival.
  func order(_ marks: [Int64]) -> RowOrder {
    RowOrder(
      instants: lines.map { $0.instant }, streams: lines.map { Int64(bitPattern: $0.stream) },
      indices: lines.map { Int64($0.index) }, marks: marks)
  }

  /// Writes the columns; the rows are gone then.
  mutating func write(to writer: inout BlockWriter, _ order: RowOrder) {
    let lines = order.arranged(exchange(&self.lines, with: []))
    // One column after the other in the same memory.
    var column = Arranged(values: [Int64](repeating: 0, count: lines.count), words: nil)
    func ints(_ id: FieldID, _ type: FieldType = .int, _ value: (borrowing Row) -> Int64) {
      var values = column.values.mutableSpan
      let lines = lines.span
      for row in lines.indices { values[row] = value(lines[row]) }
      writer.add(id, type, column)
    }
    ints(.instant, .instant) { $0.instant }
    ints(.streamNumber) { Int64(bitPattern: $0.stream) }
    ints(.streamIndex) { Int64($0.index) }
    ints(.firstPacket) { Int64(bitPattern: $0.firstPacket) }
    ints(.lastPacket) { Int64(bitPattern: $0.lastPacket) }
    ints(.requestBytes) { $0.requestBytes }
    ints(.responseBytes) { $0.responseBytes }
    ints(.sourcePort) { Int64($0.sourcePort) }
    ints(.destinationPort) { Int64($0.destinationPort) }
    ints(.kind) { Int64($0.marks & 255) }
    ints(.transport) { Int64($0.marks >> 8 & 255) }
    ints(.halves) { Int64($0.marks >> 16 & 3) }
    ints(.failed, .bool) { Int64($0.marks >> 18 & 1) }
    ints(.decrypted, .bool) { Int64($0.marks >> 19 & 1) }
    for (id, codes) in [
      (FieldID.sourceIP, lines.map { $0.source }),
      (.destinationIP, lines.map { $0.destination }),
    ] {
      let column = TableColumn(codes: codes, values: addresses.addresses) {
        $1.append(contentsOf: $0.description.utf8)
      }
      writer.add(id, .text, column.interner, column.arranged)
    }
    if workloads.isEmpty { return }
    workloads.write(
      to: &writer, sources: lines.map { $0.sourceWorkload },
      destinations: lines.map { $0.destinationWorkload })
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
  ///   - codes: one a row of the block: 0 for none, n for `values[n - 1]`.
  ///   - text: appends what the column shows of a value; a value that is nil is no value.
  init<Value>(
    codes: [UInt32], values: [Value?], text: (Value, inout [UInt8]) -> Void
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
    let mapped = codes.map { map[Int($0)] }
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

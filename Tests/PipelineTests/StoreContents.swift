import Entries
import Foundation
import Packets
import Pipeline
import Store

/// Everything a store holds, as one text a row; sorted.
func contents(_ store: EntryStore) throws -> [String] {
  try store.snapshot().blocks.flatMap { block in
    let columns = try FieldID.allCases.compactMap { id in try block.column(id).map { (id, $0) } }
    return try (0..<block.rows).map { row in
      let values = columns.compactMap { id, column -> String? in
        let value = column.value(at: row)
        return value == .none ? nil : "\(id) \(value)"
      }
      return values.joined(separator: ", ") + " \(try block.content(row: row))"
    }
  }.sorted()
}

/// The values of some fields of all entries of a kind, absent ones as nil, in the order of the
/// entries' packets.
func values(_ ids: [FieldID], of kind: ProtocolKind, in store: EntryStore) throws
  -> [[FieldValue?]]
{
  var rows: [(packet: Int64, values: [FieldValue?])] = []
  for block in store.snapshot().blocks {
    func value(_ id: FieldID, _ row: Int) throws -> FieldValue? {
      let value = try block.column(id)?.value(at: row)
      return value == FieldValue.none ? nil : value
    }
    for row in 0..<block.rows
    where try value(.kind, row) == .int(Int64(kind.rawValue)) {
      guard case .int(let packet)? = try value(.firstPacket, row) else { continue }
      rows.append((packet, try ids.map { try value($0, row) }))
    }
  }
  return rows.sorted { $0.packet < $1.packet }.map(\.values)
}

/// A capture that a test makes, a packet a millisecond: on disk while this is kept.
final class MadeCapture {
  let path = NSTemporaryDirectory() + "made-\(UUID().uuidString).pcap"
  private var bytes: [UInt8]
  /// Packets up to now.
  private(set) var count: UInt32 = 0
  /// Seconds that passed without any.
  private var paused: UInt32 = 0

  /// - Parameter linkType: 101 is raw IP, 1 is Ethernet.
  init(linkType: UInt8 = 101) {
    bytes =
      [0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0] + [UInt8](repeating: 0, count: 8)
      + [0, 0, 4, 0, linkType, 0, 0, 0]
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func pause(seconds: UInt32) { paused += seconds }

  func add(_ packet: [UInt8]) {
    count += 1
    let seconds = 1_700_000_000 + paused + count / 1000
    let length = UInt32(packet.count)
    for word in [seconds, count % 1000 * 1000, length, length] {
      bytes += (0..<4).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) }
    }
    bytes += packet
  }

  /// Reads it all into a store.
  func read(_ settings: PipelineSettings) throws -> (store: EntryStore, statistics: Statistics) {
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    let store = try EntryStore(.memory)
    let pipeline = try FilePipeline(paths: [path], settings: settings)
    try pipeline.run(into: store)
    return (store, pipeline.statistics)
  }
}

/// Packets of IPv4 between hosts of 10.0.0.0/16, by the last two bytes of their addresses.
enum IPv4 {
  static func packet(
    _ number: UInt8, from source: UInt16, to destination: UInt16, _ payload: [UInt8]
  ) -> [UInt8] {
    let length = UInt16(payload.count + 20)
    var packet: [UInt8] = [0x45, 0] + big16(length)
    packet += [0, 0, 0x40, 0, 64, number, 0, 0, 10, 0] + big16(source)
    packet += [10, 0] + big16(destination)
    return packet + payload
  }

  static func big16(_ number: UInt16) -> [UInt8] { [UInt8(number >> 8), UInt8(number & 255)] }
  static func big32(_ number: UInt32) -> [UInt8] {
    big16(UInt16(number >> 16)) + big16(UInt16(number & 0xffff))
  }

  static func udp(
    from source: (UInt16, UInt16), to destination: (UInt16, UInt16), _ payload: [UInt8]
  ) -> [UInt8] {
    let ports = big16(source.1) + big16(destination.1)
    return packet(
      17, from: source.0, to: destination.0,
      ports + big16(UInt16(payload.count + 8)) + [0, 0] + payload)
  }

  static func sctp(
    from source: (UInt16, UInt16), to destination: (UInt16, UInt16), tag: UInt32,
    _ chunks: [UInt8]
  ) -> [UInt8] {
    let head = big16(source.1) + big16(destination.1) + big32(tag) + big32(0)
    return packet(132, from: source.0, to: destination.0, head + chunks)
  }
}

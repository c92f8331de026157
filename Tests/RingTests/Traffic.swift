import Bytes
import Foundation
import Packets
import Synchronization

/// A folder for one test, removed with it.
final class Folder: Sendable {
  let path: String

  init() throws {
    path =
      FileManager.default.temporaryDirectory
      .appendingPathComponent("ring-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }
}

/// A time of day that tests set.
final class Watch: Sendable {
  private let nanoseconds = Mutex<Int64>(0)

  var now: Timestamp { Timestamp(nanoseconds: nanoseconds.withLock { $0 }) }
  func set(seconds: Double) { nanoseconds.withLock { $0 = Int64(seconds * 1e9) } }
}

/// Packets whose bytes tell their number, a millisecond apart.
func chunk(
  _ numbers: Range<Int>, length: Int = 100, interface: Int = 0,
  at time: (Int) -> Int64 = { Int64($0) }
) -> PacketChunk {
  var bytes: [UInt8] = []
  var packets: [Packet] = []
  for number in numbers {
    let start = bytes.count
    bytes.append(little: UInt64(number))
    bytes += [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: length - 8)
    packets.append(
      Packet(
        number: UInt64(number), timestamp: Timestamp(milliseconds: time(number)),
        range: start..<bytes.count, originalLength: length + 7, linkType: .ethernet,
        interface: interface))
  }
  return PacketChunk(store: ByteStore(bytes), packets: packets)
}

/// The numbers of the packets in files, which must be whole and without a warning.
func numbers(in paths: [String]) throws -> [Int] {
  var found: [Int] = []
  for path in paths {
    var reader = try CaptureReader(path: path)
    while let chunk = try reader.next() {
      for packet in chunk.packets {
        let bytes = chunk.store.bytes.slice(packet.range)
        let number = Int(bytes.little64(0))
        guard packet.originalLength == packet.range.count + 7,
          bytes.byteCount < 9 || bytes.byte(8) == UInt8(truncatingIfNeeded: number)
        else { throw BrokenPacket(number: number) }
        found.append(number)
      }
    }
    guard reader.summary.warnings.isEmpty else {
      throw BrokenFile(path: path, warnings: reader.summary.warnings.map(\.text))
    }
  }
  return found
}

struct BrokenPacket: Error { var number: Int }
struct BrokenFile: Error {
  var path: String
  var warnings: [String]
}

let allTimes = Timestamp.distantPast..<Timestamp.distantFuture

import Bytes
import Entries
import JSON
import Layers

/// One SCTP packet as an entry shows it: its fields, and its chunks one by one.
struct SCTPDetails: Sendable {
  /// Longest packet that IP carries, in bytes: what a cut packet's chunks may reach to.
  static let longestPacket = 65_535
  /// Chunks shown of one packet.
  private static let maxShown = 64
  /// Types of chunks kept as a field.
  private static let maxTypes = 16

  private(set) var fields = FieldValues()
  private(set) var json: [UInt8] = []
  /// It ends the association by force, or reports an error.
  private(set) var failed = false
  private(set) var fault: Entry.Fault?

  init(_ packet: RawSpan) {
    fields.add(.sctpLength, int: Int64(packet.byteCount))
    guard let header = try? SCTPHeader(packet) else {
      fault = Entry.Fault(.dissection, "the packet ends inside its header")
      return
    }
    fields.add(.sctpChecksum, int: Int64(header.checksum))
    var writer = JSONWriter(reserving: 256)
    writer.beginObject()
    writer.name("tag")
    writer.write("0x" + hex(packet.slice(4..<8).array()))
    writer.name("chunks")
    writer.beginArray()
    var types: [String] = []
    var count = 0
    var hasData = false
    var chunks = SCTPChunks(declared: Self.longestPacket)
    do throws(WireError) {
      while let chunk = try chunks.next(in: packet) {
        let value = packet.slice(chunk.value)
        if types.count < Self.maxTypes { types.append(SCTPChunkType.name(chunk.type)) }
        if count < Self.maxShown { Self.write(chunk, value, &writer) }
        count += 1
        note(chunk, value, &hasData)
      }
    } catch {
      // A packet ends where a chunk does.
      if error.offset < packet.byteCount {
        fault = Entry.Fault(.dissection, "a chunk is malformed or cut")
      }
    }
    writer.endArray()
    writer.endObject()
    json = writer.bytes
    fields.add(.sctpChunkType, .text(types.first ?? ""))
    fields.add(.sctpChunkTypes, .texts(types))
  }

  private mutating func note(_ chunk: SCTPChunk, _ value: RawSpan, _ hasData: inout Bool) {
    if value.byteCount < chunk.length, fault == nil {
      fault = Entry.Fault(.dissection, "a chunk is malformed or cut")
    }
    switch SCTPChunkType(rawValue: chunk.type) {
    case .data, .iData:
      guard !hasData, let data = SCTPData(chunk, value) else { return }
      hasData = true
      fields.add(.sctpStream, int: Int64(data.stream))
      if let name = SCTPChunkType.payloadProtocol(data.payloadProtocol) {
        fields.add(.sctpPayloadProtocol, .text(name))
      }
    case .abort, .error:
      failed = true
      if value.byteCount >= 4 {
        fields.set(.statusText, .text(SCTPChunkType.cause(value.big16(0))))
      }
    default: break
    }
  }

  private static func write(_ chunk: SCTPChunk, _ value: RawSpan, _ writer: inout JSONWriter) {
    writer.beginObject()
    writer.name("type")
    writer.write(Int(chunk.type))
    writer.name("name")
    writer.write(SCTPChunkType.name(chunk.type))
    writer.name("length")
    writer.write(chunk.length)
    switch SCTPChunkType(rawValue: chunk.type) {
    case .data, .iData: write(SCTPData(chunk, value), &writer)
    case .initiation, .initiationACK:
      guard value.byteCount >= 16 else { break }
      writer.name("initTag")
      writer.write(Int64(value.big32(0)))
      writer.name("window")
      writer.write(Int64(value.big32(4)))
      writer.name("outboundStreams")
      writer.write(Int(value.big16(8)))
      writer.name("inboundStreams")
      writer.write(Int(value.big16(10)))
      writer.name("initialTSN")
      writer.write(Int64(value.big32(12)))
    case .sack:
      guard value.byteCount >= 12 else { break }
      writer.name("cumulativeTSN")
      writer.write(Int64(value.big32(0)))
      writer.name("window")
      writer.write(Int64(value.big32(4)))
      writer.name("gaps")
      writer.write(Int(value.big16(8)))
      writer.name("duplicates")
      writer.write(Int(value.big16(10)))
    case .shutdown, .forwardTSN, .iForwardTSN:
      guard value.byteCount >= 4 else { break }
      writer.name("cumulativeTSN")
      writer.write(Int64(value.big32(0)))
    case .abort, .error:
      guard value.byteCount >= 4 else { break }
      writer.name("cause")
      writer.write(SCTPChunkType.cause(value.big16(0)))
    default: break
    }
    writer.endObject()
  }

  private static func write(_ data: SCTPData?, _ writer: inout JSONWriter) {
    guard let data else { return }
    writer.name("tsn")
    writer.write(Int64(data.tsn))
    writer.name("stream")
    writer.write(Int(data.stream))
    writer.name("streamSequence")
    writer.write(Int64(data.streamSequence))
    writer.name("payloadProtocol")
    writer.write(Int64(data.payloadProtocol))
    writer.name("isFirst")
    writer.write(data.isFirst)
    writer.name("isLast")
    writer.write(data.isLast)
    if data.isUnordered {
      writer.name("isUnordered")
      writer.write(true)
    }
  }
}

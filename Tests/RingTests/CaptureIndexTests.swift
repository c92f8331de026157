import Bytes
import Packets
import Testing

@testable import Ring

@Suite struct CaptureIndexTests {
  private var sample: CaptureIndex {
    var index = CaptureIndex()
    index.bytes = 77
    index.add(chunk(0..<10))
    index.add(chunk(10..<20, at: { 40 - Int64($0) }))
    return index
  }

  @Test func itsFileReadsBack() {
    let index = sample
    #expect(CaptureIndex(encoded: index.encoded) == index)
    #expect(index.packets == 20)
    #expect(index.times == Timestamp(milliseconds: 0)...Timestamp(milliseconds: 30))
    #expect(index.capturedBytes == 2_000)
  }

  @Test func anyChangeOfAByteIsSeen() {
    let bytes = sample.encoded
    for place in bytes.indices {
      var damaged = bytes
      damaged[place] ^= 0x10
      #expect(CaptureIndex(encoded: damaged) == nil)
      #expect(CaptureIndex(encoded: Array(bytes[..<place])) == nil)
    }
    #expect(CaptureIndex(encoded: bytes + [0]) == nil)
  }
}

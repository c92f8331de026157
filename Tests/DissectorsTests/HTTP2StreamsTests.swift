import Flows
import TestSupport
import Testing

@testable import Dissectors

@Suite struct HTTP2StreamsTests {
  @Test func streamsAreFoundInWhateverOrderTheyBeginAndEnd() {
    var generator = SeededGenerator(seed: 11)
    var streams = HTTP2Streams()
    var known: [UInt32: Bool] = [:]
    for _ in 0..<5000 {
      let id = UInt32.random(in: 1...60, using: &generator)
      switch Int.random(in: 0..<3, using: &generator) {
      case 0:
        var stream = HTTP2Streams.Stream()
        stream.isGRPC = Bool.random(using: &generator)
        streams[id] = stream
        known[id] = stream.isGRPC
      case 1:
        streams.remove(id)
        known[id] = nil
      default: break
      }
      let other = UInt32.random(in: 1...62, using: &generator)
      #expect(streams[other]?.isGRPC == known[other])
      #expect(streams[id]?.isGRPC == known[id])
    }
  }

  @Test func theOldestMakeRoomForOthers() {
    var streams = HTTP2Streams()
    for number in 0..<UInt32(HTTP2Streams.maxTracked) {
      streams[2 * number + 1] = HTTP2Streams.Stream()
    }
    #expect(streams.isFull)
    streams.makeRoom()
    #expect(streams[1] == nil && streams[2 * UInt32(HTTP2Streams.maxTracked / 4) - 1] == nil)
    #expect(streams[2 * UInt32(HTTP2Streams.maxTracked / 4) + 1] != nil && !streams.isFull)
  }

  @Test func interimRepliesAreForgottenWithTheirStream() {
    var streams = HTTP2Streams()
    streams.noteInterim(103, on: 1)
    #expect(streams.interim(of: 1).isEmpty)
    streams[1] = HTTP2Streams.Stream()
    for _ in 0..<20 { streams.noteInterim(103, on: 1) }
    #expect(streams.interim(of: 1).count == HTTP2Streams.maxInterim)
    streams.remove(1)
    #expect(streams.interim(of: 1).isEmpty)
  }
}

import Testing
import ToolKit

@testable import MCP

/// Messages that came in requests of their own, as over HTTP.
struct OriginTests {
  @Test func anOriginEndsWhenAllOfItIsAnswered() {
    let talk = Talk("2025-03-26")
    talk.origin = Origin(1)
    #expect(talk.say(ping).count == 1)
    #expect(talk.ended == [Origin(1)])
    talk.origin = Origin(2)
    _ = talk.say("[" + list + "," + call + "]")
    #expect(talk.ended.count == 1)
    _ = talk.finish(.tools([]))
    #expect(talk.ended.count == 1)
    #expect(talk.finish(.answer(sampleAnswer)).count == 1)
    #expect(talk.ended == [Origin(1), Origin(2)])
    talk.origin = Origin(3)
    _ = talk.say(#"{"jsonrpc":"2.0","method":"notifications/cancelled"}"#)
    #expect(talk.ended.last == Origin(3))
  }

  @Test func whatCameFromAClientThatLeftIsStopped() {
    let talk = Talk()
    talk.origin = Origin(1)
    _ = talk.say(StatelessTests.request("tools/call", #""name":"t""#))
    _ = talk.say(
      StatelessTests.request("subscriptions/listen", #""notifications":{"toolsListChanged":true}"#))
    let ticket = talk.open[0].ticket
    _ = talk.happen { $0.dropped(Origin(1)) }
    #expect(talk.cancelled == [ticket])
    #expect(talk.finish(.answer(sampleAnswer)).isEmpty)
    #expect(talk.happen { $0.changed([.tools]) }.isEmpty)
    #expect(talk.session.isIdle)
  }
}

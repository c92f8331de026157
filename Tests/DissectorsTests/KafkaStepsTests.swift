import Entries
import JSON
import Testing

/// Steps of transactions, of the newer consumer groups and of administration.
@Suite struct KafkaStepsTests {
  private typealias Frame = KafkaFrame

  @Test func stepsOfTransactionsTellTheirErrors() {
    let added = Frame.call(
      24, 3,
      Frame().byte(0).compact("tx").int64(7).int16(0).byte(2).compact("orders").byte(2).int32(0)
        .byte(0).byte(0),
      Frame().byte(0).int32(0).byte(2).compact("orders").byte(2).int32(0).int16(90).byte(0).byte(0)
        .byte(0))
    #expect(added?.texts(.kafkaTopics) == ["orders"])
    #expect(added?.failed == true && added?.text(.statusText) == "PRODUCER_FENCED")
    // From version 4 on brokers ask each other about several transactions at once.
    let several = Frame.call(
      24, 4,
      Frame().byte(0).byte(2).compact("tx").int64(7).int16(0).byte(1).byte(2).compact("orders")
        .byte(2).int32(0).byte(0).byte(0).byte(0),
      Frame().byte(0).int32(0).int16(0).byte(2).compact("tx").byte(2).compact("orders").byte(2)
        .int32(0).int16(47).byte(0).byte(0).byte(0).byte(0))
    #expect(several?.texts(.kafkaTopics) == ["orders"])
    #expect(several?.text(.statusText) == "INVALID_PRODUCER_EPOCH")
    let group = Frame.call(
      25, 0, Frame().text("tx").int64(7).int16(0).text("billing"), Frame().int32(0).int16(0))
    #expect(group?.texts(.kafkaGroups) == ["billing"] && group?.failed == false)
    let offsets = Frame.call(
      28, 0,
      Frame().text("tx").text("billing").int64(7).int16(0).int32(1).text("orders").int32(1)
        .int32(0).int64(5).int16(-1),
      Frame().int32(0).int32(1).text("orders").int32(1).int32(0).int16(0))
    #expect(
      offsets?.texts(.kafkaGroups) == ["billing"] && offsets?.texts(.kafkaTopics) == ["orders"])
    let ended = Frame.call(
      26, 1, Frame().text("tx").int64(7).int16(0).byte(1), Frame().int32(0).int16(48))
    #expect(ended?.failed == true && ended?.text(.statusText) == "INVALID_TXN_STATE")
    let marked = Frame.call(
      27, 1,
      Frame().byte(0).byte(2).int64(7).int16(0).byte(1).byte(2).compact("orders").byte(2).int32(0)
        .byte(0).int32(1).byte(0).byte(0),
      Frame().byte(0).byte(2).int64(7).byte(2).compact("orders").byte(2).int32(0).int16(6).byte(0)
        .byte(0).byte(0).byte(0))
    #expect(marked?.texts(.kafkaTopics) == ["orders"])
    #expect(marked?.text(.statusText) == "NOT_LEADER_OR_FOLLOWER")
  }

  @Test func theNewerGroupsTellTopicsAssignmentsAndErrors() throws {
    let beat = Frame().byte(0).compact("billing").compact("m1").int32(0).byte(0).byte(0)
      .int32(60_000).byte(2).compact("orders").byte(0).byte(0).byte(0).byte(0)
    let assigned = Frame.call(
      68, 1, beat,
      Frame().byte(0).int32(0).int16(0).byte(0).compact("m1").int32(1).int32(5000).byte(1).byte(2)
        .int64(1).int64(2).byte(2).int32(3).byte(0).byte(0).byte(0))
    #expect(assigned?.text(.kafkaAPIKeyName) == "CONSUMER_GROUP_HEARTBEAT")
    #expect(
      assigned?.texts(.kafkaGroups) == ["billing"] && assigned?.texts(.kafkaTopics) == ["orders"])
    #expect(assigned?.failed == false)
    let details = try JSONReader.value(of: assigned?.text(.details) ?? "null")
    let payload = details["response"]?["payload"]
    #expect(payload?["assignment"]?["topics"]?[0]?["partitions"] == [3])
    let fenced = Frame.call(
      68, 1, beat,
      Frame().byte(0).int32(0).int16(110).compact("stale").byte(0).int32(0).int32(5000).byte(0xff)
        .byte(0))
    #expect(fenced?.failed == true && fenced?.text(.statusText) == "FENCED_MEMBER_EPOCH")
  }

  @Test func administrationTellsItsErrorsAndNoSettings() {
    let altered = Frame.call(
      44, 1,
      Frame().byte(0).byte(2).byte(2).compact("orders").byte(2).compact("ssl.key.password").byte(0)
        .compact("hunter2").byte(0).byte(0).byte(0).byte(0),
      Frame().byte(0).int32(0).byte(2).int16(40).byte(0).byte(2).compact("orders").byte(0).byte(0))
    #expect(altered?.failed == true && altered?.text(.statusText) == "INVALID_CONFIG")
    let details = altered?.text(.details) ?? "hunter2"
    #expect(!details.contains("hunter2") && details.contains("[redacted]"))
    let grown = Frame.call(
      37, 0, Frame().int32(1).text("orders").int32(3).int32(-1).int32(1500).byte(0),
      Frame().int32(0).int32(1).text("orders").int16(37).int16(-1))
    #expect(grown?.texts(.kafkaTopics) == ["orders"])
    #expect(grown?.text(.statusText) == "INVALID_PARTITIONS")
    let denied = Frame.call(
      30, 1,
      Frame().int32(1).byte(2).text("orders").byte(3).text("User:bob").text("*").byte(3).byte(3),
      Frame().int32(0).int32(1).int16(31).text("not allowed"))
    #expect(denied?.text(.statusText) == "CLUSTER_AUTHORIZATION_FAILED")
    let elected = Frame.call(
      43, 1, Frame().byte(0).int32(1).text("orders").int32(1).int32(0).int32(60_000),
      Frame().int32(0).int16(0).int32(1).text("orders").int32(1).int32(0).int16(84).int16(-1))
    #expect(elected?.texts(.kafkaTopics) == ["orders"])
    #expect(elected?.text(.statusText) == "ELECTION_NOT_NEEDED")
    let folders = Frame.call(
      35, 1, Frame().int32(-1), Frame().int32(0).int32(1).int16(56).text("/data").int32(0))
    #expect(folders?.text(.statusText) == "KAFKA_STORAGE_ERROR")
  }

  @Test func aReplicaThatIsAwayFailsFetchesAndNoMetadata() {
    let metadata = Frame.call(
      3, 0, Frame().int32(1).text("orders"),
      Frame().int32(0).int32(1).int16(0).text("orders").int32(1).int16(9).int32(0).int32(7)
        .int32(0).int32(0))
    #expect(metadata?.failed == false && metadata?.text(.statusText) == nil)
    let fetch = Frame.call(
      1, 0,
      Frame().int32(-1).int32(500).int32(1).int32(1).text("orders").int32(1).int32(0).int64(5)
        .int32(1000),
      Frame().int32(1).text("orders").int32(1).int32(0).int16(9).int64(0).int32(0))
    #expect(fetch?.failed == true && fetch?.text(.statusText) == "REPLICA_NOT_AVAILABLE")
  }

  @Test func tokensAndPasswordsAreNeverKept() {
    let token = Frame.call(
      38, 1, Frame().int32(0).int64(60_000),
      Frame().int16(0).text("User").text("bob").int64(1).int64(2).int64(3).text("t1").int32(7)
        .raw("hunter2").int32(0))
    let password = Frame.call(
      51, 0,
      Frame().byte(0).byte(1).byte(2).compact("bob").byte(1).int32(4096).compact("salt")
        .compact("hunter2").byte(0).byte(0),
      Frame().byte(0).int32(0).byte(2).compact("bob").int16(91).byte(0).byte(0).byte(0))
    #expect(token?.failed == false && password?.text(.statusText) == "RESOURCE_NOT_FOUND")
    for call in [token, password] {
      let details = call?.text(.details) ?? "hunter2"
      #expect(!details.contains("hunter2") && details.contains("[redacted]"))
    }
  }

  @Test func topicsAreDescribedInPieces() {
    let described = Frame.call(
      75, 0, Frame().byte(0).byte(2).compact("orders").byte(0).int32(2000).byte(0xff).byte(0),
      Frame().byte(0).int32(0).byte(2).int16(3).compact("orders").int64(0).int64(0).byte(0).byte(1)
        .int32(0).byte(0).byte(1).compact("orders").int32(7).byte(0).byte(0))
    #expect(described?.texts(.kafkaTopics) == ["orders"])
    #expect(described?.text(.statusText) == "UNKNOWN_TOPIC_OR_PARTITION")
  }
}

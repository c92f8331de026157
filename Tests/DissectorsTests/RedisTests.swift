import Bytes
import Entries
import Flows
import JSON
import Testing

@testable import Dissectors

@Suite struct RedisTests {
  // MARK: Commands and replies

  @Test func everyCommandIsPairedWithItsReply() throws {
    let calls = Self.session.calls()
    #expect(calls.count == 7)
    #expect(calls.allSatisfy { $0.kind == .redis && $0.fault == nil })
    #expect(
      calls.map { $0.text(.redisType) } == ["SET", "GET", "LLEN", "LPUSH", "GET", "X.Y", "GET"])
    #expect(calls[0].text(.redisCommand) == "set key3 me")
    #expect(calls[0].text(.redisKey) == "key3")
    #expect(calls[0].elapsed == 1000)
    #expect(calls[0].requestSize == 31)
    #expect(calls[0].responseSize == 5)
    #expect(calls.map(\.failed) == [false, false, true, false, false, false, false])
    #expect(calls[2].text(.statusText) == "WRONGTYPE Operation against a key")
    #expect(try Self.reply(calls[2])["keyword"] == .string("WRONGTYPE"))
    #expect(try Self.reply(calls[1]) == ["type": "bulk", "value": "me"])
    #expect(try Self.reply(calls[3]) == ["type": "integer", "value": 2])
    #expect(try Self.reply(calls[4]) == ["type": "bulk", "value": .null])
    #expect(calls[6].text(.statusText) == "MOVED 3999 127.0.0.1:6381")
  }

  @Test(arguments: [
    "GET", "get", "gEt", "lcs", "Ttl", "hSETex", "expireAT", "EXPIRETIME", "pexpiretime",
    "GeoRadiusByMember_ro", "BITFIELD_RO", "xreadGROUP",
  ])
  func commandsAreKnownInAnyCase(name: String) {
    let isKnown = RedisVerb.named(Array(name.utf8).rawSpan) != nil
    #expect(isKnown)
  }

  @Test(arguments: [
    "", "G", "GETT", "GE", "get\u{0}", "GET ", "EXPIRETIMEX", "EXPIRETIMe_", "GEORADIUSBYMEMBER-RO",
    "georadiusbymembers", "'ET", "{et", "g\u{e9}t", "[GET", "BITFIELD\u{7f}RO",
  ])
  func otherNamesAreNot(name: String) {
    let isKnown = RedisVerb.named(Array(name.utf8).rawSpan) != nil
    #expect(!isKnown)
  }

  @Test func attributesStandBesideTheValue() throws {
    var talk = Talk(serverPort: 6379)
    talk.client("*2\r\n$3\r\nGET\r\n$1\r\na\r\n")
    talk.server("|1\r\n+ttl\r\n:3600\r\n$1\r\nx\r\n")
    let details = try JSONReader.value(of: try #require(talk.calls().first).text(.details) ?? "")
    #expect(details["response"]?["attributes"] == ["ttl": 3600])
    #expect(details["response"]?["value"] == "x")
    talk.client("*2\r\n$3\r\nGET\r\n$1\r\nb\r\n")
    talk.server("*2\r\n:1\r\n|1\r\n+ttl\r\n:60\r\n:2\r\n")
    let inner = try JSONReader.value(of: try #require(talk.calls().last).text(.details) ?? "")
    #expect(inner["response"]?["value"] == [1, 2])
    #expect(inner["response"]?["elementAttributes"] == [["ttl": 60]])
  }

  @Test func theLawsHold() {
    for talk in [Self.session, Self.inline, Self.subscription, Self.resp3] {
      Laws.split(talk)
      Laws.truncation(talk)
      Laws.mutation(talk)
      Laws.reordering(talk)
    }
  }

  /// How far the line had been looked through was taken for the array behind it, too.
  @Test func behindALineThatWasCutAnArrayIsRead() {
    var talk = Talk(serverPort: 6379)
    talk.client("*2\r\n$3\r\nGET\r\n$1\r\na\r\n*2\r\n$3\r\nGET\r\n$1\r\nb\r\n")
    talk.server("-WRONGTYPE Operation against a key of another kind\r\n*2\r\n:1\r\n:7\r\n")
    #expect(talk.calls().allSatisfy { $0.hasRequest && $0.hasResponse && $0.fault == nil })
    Laws.split(talk)
  }

  @Test func pipelinesArePairedByOrder() {
    var talk = Talk(serverPort: 6379)
    talk.client(Self.command("INCR", "a") + Self.command("INCR", "b") + Self.command("GET", "c"))
    talk.server(":1\r\n:7")
    talk.server("\r\n$1\r\nx\r\n")
    let calls = talk.calls()
    #expect(calls.map { $0.text(.redisKey) } == ["a", "b", "c"])
    #expect(calls.map { try? Self.reply($0)["value"] } == [1, 7, "x"])
  }

  /// What a reply says is kept the same whether its command came before it, after it, or never.
  @Test func repliesAreKeptWhereverTheirCommandsAre() throws {
    var talk = Talk(serverPort: 6379)
    talk.client(Self.command("GET", "a"))
    talk.server("$1\r\nx\r\n")
    talk.server("$1\r\ny\r\n")
    talk.client(Self.command("GET", "b"))
    talk.server("$1\r\nz\r\n")
    let calls = talk.calls().sorted { $0.index < $1.index }
    #expect(calls.map { $0.text(.redisKey) } == ["a", "b", nil])
    #expect(calls.map(\.hasRequest) == [true, true, false])
    #expect(try calls.map { try Self.reply($0)["value"] } == ["x", "y", "z"])
    #expect(calls.map { $0.fields.items.count { $0.id == .responseFacts } } == [1, 1, 1])
  }

  /// Commands of plain text take a shorter way to the same fields.
  @Test func commandsOfAnyTextHaveTheSameFields() {
    var talk = Talk(serverPort: 6379)
    talk.client(Self.command("set", "café", "v") + Self.command("set", "cafe", "v"))
    talk.client(Self.command("auth", "cafe") + Self.command("ping") + Self.command("get", ""))
    let calls = talk.calls()
    #expect(calls.map { $0.text(.redisType) } == ["SET", "SET", "AUTH", "PING", "GET"])
    #expect(
      calls.map { $0.text(.redisCommand) }
        == ["set café v", "set cafe v", "auth [redacted]", "ping", "get "])
    #expect(calls.map { $0.text(.redisKey) } == ["café", "cafe", nil, nil, nil])
  }

  @Test func transactionsAnswerEachCommand() throws {
    var talk = Talk(serverPort: 6379)
    talk.client(Self.command("MULTI") + Self.command("INCR", "a") + Self.command("LPUSH", "l", "1"))
    talk.server("+OK\r\n+QUEUED\r\n+QUEUED\r\n")
    talk.client(Self.command("EXEC"))
    talk.server("*2\r\n:1\r\n-WRONGTYPE no list\r\n")
    let calls = talk.calls()
    #expect(calls.map { $0.text(.redisType) } == ["MULTI", "INCR", "LPUSH", "EXEC"])
    #expect(try Self.reply(calls[1])["value"] == "QUEUED")
    #expect(try Self.reply(calls[3])["value"] == [1, "WRONGTYPE no list"])
    #expect(!calls[3].failed)
  }

  @Test func linesAreCommandsToo() {
    let calls = Self.inline.calls()
    #expect(
      calls.map { $0.text(.redisCommand) } == [
        "PING", "SET key my value with spaces", #"SET k2 say "hi" 'x'"#, "get k2",
        "SET bad unclosed",
      ])
    #expect(calls.map { $0.text(.redisType) } == ["PING", "SET", "SET", "GET", "SET"])
    #expect(calls.last?.failed == true)
  }

  @Test func commandsWithoutReplyExpectNone() {
    var talk = Talk(serverPort: 6379)
    talk.client("PING\r\nCLIENT REPLY OFF\r\nPING\r\nCLIENT REPLY SKIP\r\nCLIENT REPLY ON\r\n")
    talk.client("PING\r\nCLIENT REPLY SKIP\r\nPING\r\nECHO last\r\n")
    talk.server("+PONG\r\n+OK\r\n+PONG\r\n$4\r\nlast\r\n")
    let calls = talk.calls().sorted { $0.index < $1.index }
    #expect(calls.allSatisfy { $0.fault == nil })
    #expect(
      calls.map(\.hasResponse) == [true, false, false, false, true, true, false, false, true])
  }

  @Test func keysStandWhereTheCommandHasThem() {
    func key(_ words: String...) -> String? {
      var talk = Talk(serverPort: 6379)
      talk.client(Self.command(words))
      return talk.calls().first?.text(.redisKey)
    }
    #expect(key("MGET", "a", "b") == "a")
    #expect(key("EVAL", "return 1", "2", "k1", "k2") == "k1")
    #expect(key("EVAL", "return 1", "0") == nil)
    #expect(key("XREAD", "COUNT", "2", "STREAMS", "mystream", "0") == "mystream")
    #expect(key("XGROUP", "CREATE", "events", "g", "$") == "events")
    #expect(key("OBJECT", "ENCODING", "k") == "k")
    #expect(key("ZUNION", "2", "z1", "z2") == "z1")
    #expect(key("MIGRATE", "h", "1", "", "0", "5", "KEYS", "m1") == "m1")
    #expect(key("MSETEX", "2", "a", "1", "b", "2", "EX", "60") == "a")
    #expect(key("PUBLISH", "channel", "x") == nil)
    #expect(key("JSON.GET", "doc") == "doc")
    #expect(key("GET", String(repeating: "k", count: 100)) == String(repeating: "k", count: 64))
  }

  // MARK: Secrets

  @Test func passwordsAreNeverKept() {
    var talk = Talk(serverPort: 6379)
    talk.client(Self.command("AUTH", "hunter2") + Self.command("auth", "bob", "hunter2"))
    talk.client(Self.command("HELLO", "3", "AUTH", "bob", "hunter2", "SETNAME", "x"))
    talk.client(Self.command("CONFIG", "SET", "maxmemory", "1", "requirepass", "hunter2"))
    talk.client(Self.command("CONFIG", "GET", "*"))
    talk.client(Self.command("ACL", "SETUSER", "bob", "on", ">hunter2", "~*"))
    talk.client(Self.command("ACL", "GETUSER", "bob"))
    talk.client(Self.command("MIGRATE", "h", "1", "k", "0", "5", "AUTH2", "bob", "hunter2"))
    talk.client("AUTH \"hunter2\r\n")
    talk.client(Self.command("SENTINEL", "SET", "m", "auth-pass", "hunter2"))
    talk.server("+OK\r\n-ERR unknown command 'auth', with args beginning with: 'hunter2'\r\n")
    talk.server("%1\r\n+proto\r\n:3\r\n+OK\r\n")
    talk.server("*4\r\n$11\r\nrequirepass\r\n$7\r\nhunter2\r\n$4\r\nport\r\n$4\r\n6379\r\n")
    talk.server("+OK\r\n*2\r\n$9\r\npasswords\r\n*1\r\n$7\r\nhunter2\r\n+OK\r\n+OK\r\n+OK\r\n")
    let calls = talk.calls()
    #expect(calls.count == 10)
    #expect(!calls.contains { $0.essence.contains("hunter2") || $0.essence.contains("bob h") })
    #expect(calls[0].text(.redisCommand) == "AUTH [redacted]")
    #expect(calls[2].text(.redisCommand) == "HELLO 3 AUTH [redacted] [redacted] SETNAME x")
    #expect(
      calls[3].text(.redisCommand) == "CONFIG SET maxmemory 1 requirepass [redacted]")
    #expect(calls[4].text(.details)?.contains("6379") == true)
    #expect(calls[5].text(.redisCommand) == "ACL SETUSER bob on [redacted] ~*")
    var cut = Talk(serverPort: 6379)
    cut.client(String(Self.command("AUTH", "bob", "hunter2").dropLast(4)))
    #expect(!cut.calls().contains { $0.essence.contains("hun") })
  }

  // MARK: Said unasked

  @Test func messagesOfChannelsStandAlone() {
    let calls = Self.subscription.calls().sorted { $0.index < $1.index }
    #expect(
      calls.map { $0.text(.redisType) } == [
        "SUBSCRIBE", "MESSAGE", "PSUBSCRIBE", "PMESSAGE", "PING", "UNSUBSCRIBE", "GET",
      ])
    #expect(calls.allSatisfy { $0.fault == nil })
    #expect(calls.map(\.hasRequest) == [true, false, true, false, true, true, true])
    #expect(calls[1].text(.redisCommand) == "message a hello")
    #expect(calls[1].source.port == 40_000)
  }

  @Test func pushesOfTheThirdVersionStandAlone() {
    let calls = Self.resp3.calls().sorted { $0.index < $1.index }
    #expect(
      calls.map { $0.text(.redisType) } == [
        "HELLO", "SUBSCRIBE", "GET", "INVALIDATE", "MESSAGE", "SMEMBERS",
      ])
    #expect(calls.allSatisfy { $0.fault == nil })
    #expect(calls.count { $0.hasRequest } == 4)
  }

  @Test func valuesOfTheThirdVersionAreShown() throws {
    let calls = Self.resp3.calls()
    #expect(
      try Self.reply(calls[0]) == [
        "type": "map", "count": 2, "value": ["server": "redis", "proto": 3],
      ])
    let last = try #require(calls.last)
    #expect(
      try Self.reply(last)["value"] == [
        "a", true, .null, 1.5, "12345678901234567890", "text", ["n": [2]],
      ])
  }

  /// Pieces instead of a length, and a mark instead of a count.
  @Test func streamedValuesOfTheThirdVersionAreShown() throws {
    let calls = Self.streamed.calls()
    #expect(calls.map { $0.text(.redisType) } == ["GET", "LRANGE", "HGETALL", "PING"])
    #expect(calls.allSatisfy { $0.fault == nil && $0.hasResponse })
    #expect(try Self.reply(calls[0]) == ["type": "bulk", "value": "Hello"])
    #expect(try Self.reply(calls[1]) == ["type": "array", "value": [1, ["a"], []]])
    #expect(
      try Self.reply(calls[2])["value"] == ["name": "bob", "password": "[redacted]"])
    Laws.split(Self.streamed)
    Laws.truncation(Self.streamed)
    Laws.mutation(Self.streamed)
    // A mark ends nothing where a count was given.
    var wrong = Talk(serverPort: 6379)
    wrong.client(Self.command("GET", "a"))
    wrong.server("*2\r\n:1\r\n.\r\n")
    let dissection = Dissection()
    wrong.play(to: dissection)
    #expect((dissection.counters.protocols["redis"]?.errors(of: .invalid) ?? 0) > 0)
  }

  @Test func monitorsAndReplicasOnlyListen() {
    var talk = Talk(serverPort: 6379)
    talk.client("MONITOR\r\n")
    talk.server("+OK\r\n")
    talk.server("+1339518083.107412 [0 127.0.0.1:60866] \"keys\" \"*\"\r\n")
    let calls = talk.calls()
    #expect(calls.map { $0.text(.redisType) } == ["MONITOR", "MONITOR"])
    #expect(calls.map(\.hasRequest) == [true, false])
    var replica = Talk(serverPort: 6379)
    replica.client(Self.command("PSYNC", "?", "-1"))
    replica.server("+FULLRESYNC 8de1787ba490483314a4d30f1c628bc5025eb761 0\r\n\n")
    replica.server("$10\r\nREDIS\r\n012" + Self.command("SET", "a", "1"))
    replica.client(Self.command("REPLCONF", "ACK", "0"))
    replica.server(Self.command("DEL", "a"))
    let stream = replica.calls().sorted { $0.index < $1.index }
    #expect(stream.map { $0.text(.redisType) } == ["PSYNC", "SET", "REPLCONF", "DEL"])
    #expect(stream.allSatisfy { $0.fault == nil })
    Laws.split(replica)
    let mark = "0123456789" + String(repeating: "m", count: 30)
    var marked = Talk(serverPort: 6379)
    marked.client(Self.command("PSYNC", "?", "-1"))
    marked.server("+FULLRESYNC 8de1787ba490483314a4d30f1c628bc5025eb761 0\r\n")
    marked.server("$EOF:\(mark)\r\nREDIS 0 0123\(mark)" + Self.command("DEL", "b"))
    #expect(marked.calls().map { $0.text(.redisType) } == ["PSYNC", "DEL"])
    Laws.split(marked)
  }

  // MARK: Size

  @Test func longValuesPassWithoutWaiting() throws {
    let value = String(repeating: "v", count: 300_000)
    var talk = Talk(serverPort: 6379)
    talk.client(String(Self.command("SET", "big", value).prefix(100_000)))
    talk.client(String(Self.command("SET", "big", value).dropFirst(100_000)))
    talk.server("+OK\r\n")
    talk.client(Self.command("GET", "big"))
    talk.server("$300000\r\n\(value)\r\n")
    talk.client(Self.command("LRANGE", "l", "0", "-1"))
    let list = "*30000\r\n" + String(repeating: "$4\r\nitem\r\n", count: 30_000)
    for start in stride(from: 0, to: list.utf8.count, by: 1000) {
      talk.server(String(list.dropFirst(start).prefix(1000)))
    }
    talk.client(Self.command("PING"))
    talk.server("+PONG\r\n")
    let calls = talk.calls()
    #expect(calls.map { $0.text(.redisType) } == ["SET", "GET", "LRANGE", "PING"])
    #expect(calls.allSatisfy { $0.fault == nil })
    #expect(calls[0].requestSize == 300_033)
    #expect(calls[1].responseSize == 300_011)
    #expect(calls[2].responseSize == Int64(list.utf8.count))
    #expect(calls.allSatisfy { ($0.text(.details) ?? "").utf8.count < 10_000 })
    #expect(try Self.reply(calls[1])["truncated"] == true)
    #expect(try Self.reply(calls[2])["count"] == 30_000)
    // However it arrives, the same is told of it.
    var whole = Talk(serverPort: 6379)
    whole.client(Self.command("LRANGE", "l", "0", "-1"))
    whole.server(list)
    let one = try #require(whole.calls().first)
    #expect(one.text(.details) == calls[2].text(.details))
  }

  @Test func valuesThatNestTooDeepAreMalformed() {
    var talk = Talk(serverPort: 6379)
    talk.client(Self.command("PING"))
    talk.server(String(repeating: "*1\r\n", count: 100) + ":1\r\n")
    let dissection = Dissection()
    talk.play(to: dissection)
    #expect(dissection.counters.protocols["redis"]?.errors(of: .tooLarge) == 1)
    var hostile = Talk(serverPort: 6379)
    hostile.client(Self.command("PING"))
    hostile.server("*1000000000\r\n$99999999999\r\n*-7\r\n")
    #expect(hostile.calls().count == 1)
  }

  // MARK: Holes

  @Test func aHoleInAValueIsCountedAndTheNextReplyPaired() {
    let value = String(repeating: "v", count: 100_000)
    var talk = Talk(serverPort: 6379)
    talk.client(Self.command("GET", "big"))
    talk.server("$100000\r\n" + value.prefix(50_000))
    talk.lost(.server, 20_000)
    talk.server(value.prefix(30_000) + "\r\n")
    talk.client(Self.command("PING"))
    talk.server("+PONG\r\n")
    let calls = talk.calls()
    #expect(calls.map { $0.text(.redisType) } == ["GET", "PING"])
    #expect(calls[0].fault?.message == "20000 bytes were not captured")
    #expect(calls[1].fault == nil)
  }

  @Test func repliesInAHoleLeaveTheNextOnesPaired() {
    var talk = Talk(serverPort: 6379)
    talk.client(Self.command("GET", "a"))
    talk.lost(.server, 20)
    talk.client(Self.command("GET", "b"))
    talk.server("$1\r\nb\r\n")
    talk.lost(.client, 30)
    talk.server("$4\r\nlost\r\n")
    talk.client(Self.command("GET", "c"))
    talk.server("$1\r\nc\r\n")
    let calls = talk.calls().sorted { $0.index < $1.index }
    #expect(calls.map { $0.text(.redisKey) } == ["a", "b", nil, "c"])
    #expect(calls.map { try? Self.reply($0)["value"] } == [nil, "b", "lost", "c"])
  }

  /// One reply is missing, and nobody knows which: those of its batch stand alone, and so do its commands.
  @Test func aHoleInABatchIsOverWithTheNext() {
    func batch(_ keys: String...) -> String { keys.map { Self.command("GET", $0) }.joined() }
    var talk = Talk(serverPort: 6379)
    talk.client(batch("a", "b"))
    talk.server("$1\r\na\r\n$1\r\nb\r\n")
    talk.client(batch("c", "d"))
    talk.lost(.server, 7)
    talk.server("$1\r\nd\r\n")
    for _ in 0..<2 {
      talk.client(batch("e", "f"))
      talk.server("$1\r\ne\r\n$1\r\nf\r\n")
    }
    let calls = talk.calls()
    #expect(calls.count == 9)
    let alone = calls.filter { !$0.hasRequest }
    #expect(alone.map { try? Self.reply($0)["value"] } == ["d"])
    #expect(alone.first?.fault == AnswerOrder.unknownQuestion)
    let unanswered = calls.filter { !$0.hasResponse }
    #expect(unanswered.map { $0.text(.redisKey) } == ["c", "d"])
    #expect(unanswered.allSatisfy { $0.fault == AnswerOrder.unknownAnswer })
    for key in ["a", "b", "e", "f"] {
      let found = calls.filter { $0.text(.redisKey) == key }
      #expect(found.allSatisfy { (try? Self.reply($0)["value"]) == JSONValue.string(key) })
    }
  }

  /// Values of replies by the keys that were asked for; "-" for none.
  private static func values(_ talk: Talk) -> [String: String] {
    var values: [String: String] = [:]
    for call in talk.calls() {
      let value = call.hasResponse ? (try? reply(call)["value"])?.string : nil
      values[call.text(.redisKey) ?? "nobody's \(value ?? "-")"] = value ?? "-"
    }
    return values
  }

  private static func gets(_ keys: String...) -> String {
    keys.map { command("GET", $0) }.joined()
  }
  private static func replies(_ values: String...) -> String {
    values.map { "$1\r\n\($0)\r\n" }.joined()
  }

  /// A segment holds all replies to a batch. That it was lost is known when the replies to the next one
  /// come, but its client had them when it sent that.
  @Test func aBatchWhoseRepliesWereAllLostShiftsNothing() {
    var talk = Talk(serverPort: 6379)
    talk.client(Self.gets("a", "b"))
    talk.server(Self.replies("a", "b"))
    talk.client(Self.gets("c", "d"))
    talk.heard(.client, 14)
    talk.client(Self.gets("e", "f"))
    talk.lost(.server, 14)
    talk.server(Self.replies("e", "f"))
    #expect(
      Self.values(talk) == ["a": "a", "b": "b", "c": "-", "d": "-", "e": "e", "f": "f"])
    // Part of the next replies is lost as well.
    talk.turns[talk.turns.count - 2] = .lost(.server, 21)
    talk.turns[talk.turns.count - 1] = .says(.server, Array(Self.replies("f").utf8))
    talk.client(Self.gets("g"))
    talk.server(Self.replies("g"))
    let values = Self.values(talk)
    #expect(["c", "d", "e", "f", "g"].map { values[$0] } == ["-", "-", "-", "-", "g"])
    #expect(values["nobody's f"] == "f")
  }

  /// What the client has had comes late: nothing is missing.
  @Test func repliesThatAreCapturedBehindTheNextBatchAreTheirs() {
    var talk = Talk(serverPort: 6379)
    talk.client(Self.gets("a", "b"))
    talk.heard(.client, 14)
    talk.client(Self.gets("c"))
    talk.server(Self.replies("a", "b"))
    talk.server(Self.replies("c"))
    #expect(Self.values(talk) == ["a": "a", "b": "b", "c": "c"])
  }

  /// One connection for many tasks: none of them waits for the others.
  private static var shared: Talk {
    var talk = Talk(serverPort: 6379)
    talk.client(gets("a", "b"))
    talk.server(replies("a"))
    talk.client(gets("c"))
    talk.server(replies("b", "c"))
    talk.client(gets("d", "e"))
    talk.lost(.server, 7)
    talk.server(replies("e"))
    talk.client(gets("f"))
    talk.server(replies("f"))
    return talk
  }

  @Test func whoAsksAheadIsNotPairedByChanceBehindAHole() {
    let values = Self.values(Self.shared)
    #expect(["a", "b", "c", "d", "e", "f"].map { values[$0] } == ["a", "b", "c", "-", "-", "-"])
    #expect(values["nobody's f"] == "f")
  }

  @Test func afterARestNobodyWaitsAnyMore() {
    var talk = Self.shared
    talk.pause(1500)
    talk.client(Self.gets("g", "h"))
    talk.server(Self.replies("g", "h"))
    let values = Self.values(talk)
    #expect(["f", "g", "h"].map { values[$0] } == ["-", "g", "h"])
    // Not where its answers take as long.
    var slow = Talk(serverPort: 6379)
    slow.client(Self.gets("a"))
    slow.pause(1000)
    slow.server(Self.replies("a"))
    slow.turns += talk.turns
    #expect(Self.values(slow)["g"] == "-")
  }

  /// Only one waits: whatever is missing, no other can have its reply.
  @Test func whoWaitsAloneIsAnsweredBehindAHole() {
    var talk = Self.shared
    talk.turns.removeLast(5)
    talk.client(Self.gets("d"))
    talk.lost(.server, 7)
    talk.server(Self.replies("d"))
    #expect(Self.values(talk)["d"] == "d")
    // The bytes that the client has had are the reply to the one.
    talk.client(Self.gets("e"))
    talk.heard(.client, 7)
    talk.client(Self.gets("f"))
    talk.lost(.server, 7)
    talk.server(Self.replies("f"))
    let values = Self.values(talk)
    #expect(["e", "f"].map { values[$0] } == ["-", "f"])
  }

  @Test func aLostCommandLeavesItsReplyToNobody() {
    var talk = Talk(serverPort: 6379)
    talk.client(Self.gets("a", "b"))
    talk.server(Self.replies("a", "b"))
    talk.client(Self.gets("c", "d"))
    talk.lost(.client, 20)
    talk.client(Self.gets("f"))
    talk.server(Self.replies("c", "d", "e", "f"))
    talk.client(Self.gets("g"))
    talk.server(Self.replies("g"))
    let values = Self.values(talk)
    #expect(["a", "b", "c", "d", "f", "g"].map { values[$0] } == ["a", "b", "c", "d", "-", "g"])
    #expect(Set(values.keys).isSuperset(of: ["nobody's e", "nobody's f"]))
  }

  /// A burst took the reply and the command behind it: the server has had what was not captured.
  @Test func aReplyBehindABurstIsNotThatOfWhoWaited() {
    var talk = Talk(serverPort: 6379)
    talk.client(Self.gets("a"))
    talk.server(Self.replies("a"))
    talk.client(Self.gets("b"))
    talk.heard(.server, 20)
    talk.lost(.server, 7)
    talk.server(Self.replies("c"))
    talk.lost(.client, 20)
    talk.client(Self.gets("d"))
    talk.server(Self.replies("d"))
    #expect(Self.values(talk) == ["a": "a", "b": "-", "nobody's c": "c", "d": "d"])
  }

  /// What cannot be told apart may answer the one whose reply is secret.
  @Test func aReplyToNobodyShowsNoSecretsOfThoseWhoWait() {
    var talk = Talk(serverPort: 6379)
    talk.client(Self.gets("a", "b"))
    talk.server(Self.replies("a", "b"))
    talk.client(Self.gets("c") + Self.command("CONFIG", "GET", "requirepass"))
    talk.lost(.server, 7)
    talk.server("*2\r\n$11\r\nrequirepass\r\n$7\r\nhunter2\r\n")
    let calls = talk.calls()
    #expect(calls.contains { !$0.hasRequest && $0.fault == AnswerOrder.unknownQuestion })
    #expect(!calls.contains { ($0.text(.details) ?? "").contains("hunter2") })
  }

  /// Captures may keep the first bytes of each packet alone (`tcpdump -s 96`). Where these tell the length
  /// of all, nothing is uncertain behind it.
  @Test func cutValuesOfKnownLengthMakeNothingUncertain() {
    var talk = Self.shared
    talk.turns.removeLast(5)
    let long = String(repeating: "v", count: 100)
    talk.client(Self.gets("d") + "*3\r\n$3\r\nSET\r\n$1\r\ne\r\n$100\r\nvv")
    talk.lost(.client, 100)
    talk.server(Self.replies("d") + "+OK\r\n")
    talk.client(Self.gets("f", "g"))
    talk.server("$100\r\n" + long.prefix(40))
    talk.lost(.server, 62)
    talk.server(Self.replies("g"))
    let values = Self.values(talk)
    #expect(["d", "e", "g"].map { values[$0] } == ["d", "OK", "g"])
    #expect(values["f"] != "-")
  }

  @Test func aConversationJoinedMidwayIsRead() {
    var talk = Talk(serverPort: 7000)
    talk.isMidway = true
    // The client was taken for the server.
    talk.client("+OK\r\n")
    talk.server(Self.command("SET", "hello", "there"))
    talk.client("+OK\r\n")
    let calls = talk.calls()
    #expect(calls.count == 2)
    #expect(calls.first { $0.hasRequest }?.source.port == 7000)
    #expect(calls.first { $0.hasRequest }?.text(.redisKey) == "hello")
  }

  // MARK: Recognition

  @Test func otherProtocolsAreNotRedis() {
    func kinds(_ port: UInt16, _ client: String, _ server: String) -> [ProtocolKind] {
      var talk = Talk(serverPort: port)
      talk.server(server)
      talk.client(client)
      talk.server("+OK done\r\n")
      return talk.calls().map(\.kind)
    }
    #expect(kinds(110, "USER bob\r\nPASS secret\r\n", "+OK POP3 ready\r\n").isEmpty)
    #expect(kinds(110, "AUTH PLAIN\r\nQUIT\r\n", "+OK POP3 ready\r\n").isEmpty)
    #expect(kinds(4222, "CONNECT {}\r\nPING\r\n", "INFO {}\r\n").isEmpty)
    #expect(kinds(21, "TYPE I\r\n", "220 ready\r\n").isEmpty)
    #expect(kinds(143, "a LOGIN x y\r\n", "* OK ready\r\n").isEmpty)
    #expect(kinds(6379, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n") == [.http])
    #expect(kinds(6379, "\u{16}\u{3}\u{1}", "garbage").isEmpty)
  }

  @Test func itIsFoundOnAnyPort() {
    var talk = Talk(serverPort: 10_625)
    talk.client(Self.command("GET", "k"))
    talk.server("$-1\r\n")
    #expect(talk.calls().map(\.kind) == [.redis])
    var typed = Talk(serverPort: 10_625)
    typed.client("get k\r\n")
    typed.server("$-1\r\n")
    #expect(typed.calls().map(\.kind) == [.redis])
  }

  // MARK: Material

  static func command(_ words: String...) -> String { command(words) }

  static func command(_ words: [String]) -> String {
    "*\(words.count)\r\n" + words.map { "$\($0.utf8.count)\r\n\($0)\r\n" }.joined()
  }

  /// What the details say of the reply.
  private static func reply(_ entry: Entry) throws -> JSONValue {
    try JSONReader.value(of: entry.text(.details) ?? "null")["response"] ?? .null
  }

  private static var session: Talk {
    var talk = Talk(serverPort: 6379)
    talk.client(command("set", "key3", "me"))
    talk.server("+OK\r\n")
    talk.client(command("get", "key3"))
    talk.server("$2\r\nme\r\n")
    talk.client(command("llen", "key3"))
    talk.server("-WRONGTYPE Operation against a key\r\n")
    talk.client(command("lpush", "test", "hello"))
    talk.server(":2\r\n")
    talk.client(command("get", "none"))
    talk.server("$-1\r\n")
    talk.client(command("X.Y", "k"))
    talk.server("*2\r\n*1\r\n$1\r\na\r\n*-1\r\n")
    talk.client(command("get", "elsewhere"))
    talk.server("-MOVED 3999 127.0.0.1:6381\r\n")
    return talk
  }

  private static var inline: Talk {
    var talk = Talk(serverPort: 6379)
    talk.client("PING\r\n")
    talk.server("+PONG\r\n")
    talk.client("SET key \"my value with spaces\"\r\nSET k2 'say \"hi\" \\'x\\''\r\nget k2\n")
    talk.server("+OK\r\n+OK\r\n$9\r\nsay \"hi\" \r\n")
    talk.client("SET bad \"unclosed\r\n")
    talk.server("-ERR Protocol error: unbalanced quotes in request\r\n")
    return talk
  }

  private static var subscription: Talk {
    var talk = Talk(serverPort: 6379)
    talk.client(command("SUBSCRIBE", "a", "b"))
    talk.server(
      "*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n*3\r\n$9\r\nsubscribe\r\n$1\r\nb\r\n:2\r\n")
    talk.server("*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$5\r\nhello\r\n")
    talk.client(command("PSUBSCRIBE", "a*"))
    talk.server("*3\r\n$10\r\npsubscribe\r\n$2\r\na*\r\n:3\r\n")
    talk.server("*4\r\n$8\r\npmessage\r\n$2\r\na*\r\n$1\r\na\r\n$2\r\nhi\r\n")
    talk.client(command("PING"))
    talk.server("*2\r\n$4\r\npong\r\n$0\r\n\r\n")
    talk.client(command("UNSUBSCRIBE"))
    talk.server(
      "*3\r\n$11\r\nunsubscribe\r\n$1\r\na\r\n:2\r\n*3\r\n$11\r\nunsubscribe\r\n$1\r\nb\r\n:1\r\n")
    talk.client(command("GET", "k"))
    talk.server("$1\r\nv\r\n")
    return talk
  }

  private static var resp3: Talk {
    var talk = Talk(serverPort: 6379)
    talk.client(command("HELLO", "3"))
    talk.server("%2\r\n$6\r\nserver\r\n$5\r\nredis\r\n+proto\r\n:3\r\n")
    talk.client(command("SUBSCRIBE", "Foo") + command("GET", "k"))
    talk.server(">3\r\n$9\r\nsubscribe\r\n$3\r\nFoo\r\n:1\r\n|1\r\n+ttl\r\n:3600\r\n$1\r\nv\r\n")
    talk.server(">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n")
    talk.server(">3\r\n$7\r\nmessage\r\n$3\r\nFoo\r\n$3\r\nHi!\r\n")
    talk.client(command("SMEMBERS", "s"))
    talk.server("~7\r\n$1\r\na\r\n#t\r\n_\r\n,1.5\r\n(12345678901234567890\r\n")
    talk.server("=8\r\ntxt:text\r\n%1\r\n+n\r\n*1\r\n|1\r\n+x\r\n*1\r\n:9\r\n:2\r\n")
    return talk
  }

  private static var streamed: Talk {
    var talk = Talk(serverPort: 6379)
    talk.client(command("GET", "k"))
    talk.server("$?\r\n;4\r\nHell\r\n;1\r\no\r\n;0\r\n")
    talk.client(command("LRANGE", "l", "0", "-1"))
    talk.server("*?\r\n:1\r\n~?\r\n$1\r\na\r\n.\r\n*0\r\n.\r\n")
    talk.client(command("HGETALL", "h"))
    talk.server("%?\r\n+name\r\n$?\r\n;3\r\nbob\r\n;0\r\n+password\r\n+pw\r\n.\r\n")
    talk.client(command("PING"))
    talk.server("+PONG\r\n")
    return talk
  }
}

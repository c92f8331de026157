import Bytes
import Dissectors
import Entries
import Flows
import JSON
import Testing

@Suite struct RedisSecretsTests {
  /// A command with its reply, as the entry tells of them.
  private func call(_ words: [String], _ reply: String) throws -> (
    command: String, reply: JSONValue
  ) {
    var talk = Talk(serverPort: 6379)
    talk.client(RedisTests.command(words))
    talk.server(reply)
    let entry = try #require(talk.calls().first)
    let details = try JSONReader.value(of: entry.text(.details) ?? "null")
    return (entry.text(.redisCommand) ?? "", details["response"]?["value"] ?? .null)
  }

  private static func list(_ texts: String...) -> String {
    "*\(texts.count)\r\n" + texts.map { "$\($0.utf8.count)\r\n\($0)\r\n" }.joined()
  }

  @Test func fieldsOfAHashThatNameSecretsAreHidden() throws {
    let set = try call(
      ["HSET", "user:7", "name", "Ann", "password", "hunter2", "age", "7"], ":3\r\n")
    #expect(set.command == "HSET user:7 name Ann password [redacted] age 7")
    #expect(set.reply == 3)
    #expect(
      try call(["hmset", "u", "API_KEY", "hunter2"], "+OK\r\n").command
        == "hmset u API_KEY [redacted]")
    #expect(
      try call(["HSETNX", "u", "otp", "1234"], ":1\r\n").command == "HSETNX u otp [redacted]")
    #expect(
      try call(["HSETEX", "u", "EX", "60", "FIELDS", "2", "a", "1", "pin", "90210"], ":1\r\n")
        .command
        == "HSETEX u EX 60 FIELDS 2 a 1 pin [redacted]")
    let get = try call(["HGET", "user:7", "password"], "$7\r\nhunter2\r\n")
    #expect(get.command == "HGET user:7 password" && get.reply == "[redacted]")
    #expect(try call(["HGET", "user:7", "password"], "$-1\r\n").reply == .null)
    #expect(try call(["HGET", "user:7", "name"], "$3\r\nAnn\r\n").reply == "Ann")
  }

  @Test func repliesOfHashesHideWhatTheirNamesTell() throws {
    #expect(
      try call(["HGETALL", "u"], Self.list("kind", "password", "token", "hunter2", "a", "b")).reply
        == ["kind", "password", "token", "[redacted]", "a", "b"])
    #expect(
      try call(["HGETALL", "u"], "%2\r\n+token\r\n$7\r\nhunter2\r\n+a\r\n:1\r\n").reply
        == ["token": "[redacted]", "a": 1])
    #expect(
      try call(["HMGET", "u", "name", "secret", "token"], "*3\r\n$1\r\nA\r\n$2\r\nxy\r\n$-1\r\n")
        .reply
        == ["A", "[redacted]", .null])
    #expect(
      try call(["HGETEX", "u", "FIELDS", "2", "a", "token"], Self.list("x", "hunter2")).reply
        == ["x", "[redacted]"])
    let scan = try call(["HSCAN", "u", "0"], "*2\r\n$1\r\n0\r\n" + Self.list("token", "hunter2"))
    #expect(scan.reply == ["0", ["token", "[redacted]"]])
    // Without their names nothing tells values apart.
    #expect(try call(["HVALS", "u"], Self.list("Ann", "hunter2")).reply == "[redacted]")
  }

  @Test func patternsModulesAndRulesHideTheirSecrets() throws {
    for pattern in ["user:*->password", "token_*", "*:api_key"] {
      let sort = try call(["SORT", "ids", "BY", "nosort", "GET", pattern], Self.list("hunter2"))
      #expect(sort.reply == "[redacted]")
    }
    let names = try call(["SORT", "ids", "GET", "user:*->name"], Self.list("Ann"))
    #expect(names.reply == ["Ann"])
    #expect(
      try call(["MODULE", "LOADEX", "/a.so", "CONFIG", "a.password", "hunter2"], "+OK\r\n").command
        == "MODULE LOADEX /a.so CONFIG a.password [redacted]")
    #expect(
      try call(["ACL", "DRYRUN", "bob", "SET", "token", "hunter2"], "+OK\r\n").command
        == "ACL DRYRUN bob SET token [redacted]")
    for rule in [">hunter2", "#hunter2", "<hunter's2"] {
      let refused = try call(
        ["ACL", "SETUSER", "bob", rule],
        "-ERR Error in ACL SETUSER modifier '\(rule)': it is too short\r\n")
      #expect(
        refused.reply == "ERR Error in ACL SETUSER modifier '[redacted]': it is too short")
    }
    let told = "ERR Error in ACL SETUSER modifier '+@nope': Unknown command"
    #expect(try call(["ACL", "SETUSER", "bob", "+@nope"], "-\(told)\r\n").reply == .string(told))
  }

  @Test func keysThatNameSecretsHideTheirValues() throws {
    #expect(
      try call(["SET", "user:7:api_key", "hunter2", "EX", "60"], "+OK\r\n").command
        == "SET user:7:api_key [redacted] EX 60")
    #expect(try call(["SET", "user:7:api_key", "hunter2"], "+OK\r\n").reply == "OK")
    #expect(
      try call(["SETEX", "session:auth", "60", "hunter2"], "+OK\r\n").command
        == "SETEX session:auth 60 [redacted]")
    #expect(try call(["GET", "access-token"], "$7\r\nhunter2\r\n").reply == "[redacted]")
    #expect(
      try call(["MSET", "a", "1", "secret", "hunter2"], "+OK\r\n").command
        == "MSET a 1 secret [redacted]")
    #expect(
      try call(["MGET", "a", "secret"], Self.list("1", "hunter2")).reply == ["1", "[redacted]"])
    #expect(
      try call(["SADD", "refresh_tokens", "hunter2", "x"], ":2\r\n").command
        == "SADD refresh_tokens [redacted] [redacted]")
    #expect(try call(["GET", "author"], "$3\r\nAnn\r\n").reply == "Ann")
    #expect(try call(["EXPIRE", "token:1", "60"], ":1\r\n").command == "EXPIRE token:1 60")
  }

  @Test func streamsAndModulesHideWhatStandsBehindATellingWord() throws {
    #expect(
      try call(["XADD", "s", "*", "user", "a", "password", "hunter2"], "$3\r\n1-1\r\n").command
        == "XADD s * user a password [redacted]")
    let entry = "*1\r\n*2\r\n$3\r\n1-1\r\n" + Self.list("password", "hunter2")
    #expect(
      try call(["XRANGE", "s", "-", "+"], entry).reply == [["1-1", ["password", "[redacted]"]]])
    let json = try call(["JSON.SET", "doc", "$.password", "\"hunter2\""], "+OK\r\n")
    #expect(json.command == "JSON.SET doc $.password [redacted]" && json.reply == "OK")
    let log = "*1\r\n*3\r\n:1\r\n:2\r\n" + Self.list("HSET", "u", "password", "hunter2")
    #expect(
      try call(["SLOWLOG", "GET"], log).reply == [[1, 2, ["HSET", "u", "password", "[redacted]"]]])
  }

  @Test func scriptsShowTheirKeysAndNotWhatElseTheyAreGiven() throws {
    let script = "return redis.call('HSET', KEYS[1], 'password', ARGV[1])"
    let eval = try call(["EVAL", script, "1", "user:7", "hunter2"], ":1\r\n")
    #expect(eval.command == "EVAL \(script) 1 user:7 [redacted]")
    #expect(
      try call(["EVALSHA", "6b1bf486", "2", "a", "b", "x", "y"], "+OK\r\n").command
        == "EVALSHA 6b1bf486 2 a b [redacted] [redacted]")
    let read = "return redis.call('HGET', KEYS[1], 'password')"
    #expect(try call(["EVAL", read, "1", "u"], "$7\r\nhunter2\r\n").reply == "[redacted]")
    #expect(try call(["EVAL", "return 'x'", "0"], "$1\r\nx\r\n").reply == "x")
    let load = #"local t = "don't" -- it's\#nredis.call('SET', 'api_key', 'hunter2')"#
    #expect(
      try call(["SCRIPT", "LOAD", load], "$3\r\nsha\r\n").command
        == "SCRIPT LOAD local t = \"don't\" -- it's\nredis.call('SET', 'api_key', '[redacted]')")
  }

  @Test func whatNobodyKnowsMayBeAMistypedPassword() throws {
    func entry(_ words: [String], _ reply: String) throws -> Entry {
      var talk = Talk(serverPort: 6379)
      talk.client(RedisTests.command(words))
      talk.server(reply)
      return try #require(talk.calls().first)
    }
    let error = "-ERR unknown command 'AUTHX', with args beginning with: 'hunter2' \r\n"
    let near = try entry(["AUTHX", "hunter2"], error)
    #expect(near.text(.redisCommand) == "AUTHX [redacted]")
    #expect(near.text(.statusText) == "ERR unknown command 'AUTHX', [redacted]")
    let far = try entry(["ATUH", "hunter2"], error.replacing("AUTHX", with: "ATUH"))
    #expect(far.text(.redisCommand) == "ATUH [redacted]" && far.failed)
    let module = try entry(["JSON.GET", "doc"], "-ERR unknown command `JSON.GET`\r\n")
    #expect(module.text(.redisCommand) == "JSON.GET doc" && module.text(.redisKey) == "doc")
    #expect(![near, far].contains { $0.essence.contains("hunter2") })
  }

  @Test func theReplyToATransactionHidesWhatItsCommandsAskedFor() throws {
    func reply(_ words: [String]...) throws -> JSONValue? {
      var talk = Talk(serverPort: 6379)
      talk.client(words.map { RedisTests.command($0) }.joined())
      talk.server(
        words.dropLast().map { $0 == ["MULTI"] ? "+OK\r\n" : "+QUEUED\r\n" }.joined()
          + "*2\r\n$1\r\n1\r\n*2\r\n$5\r\ntoken\r\n$7\r\nhunter2\r\n")
      let details = try #require(talk.calls().last).text(.details)
      return try JSONReader.value(of: details ?? "null")["response"]?["value"]
    }
    #expect(
      try reply(["MULTI"], ["GET", "a"], ["HGETALL", "u"], ["EXEC"]) == [
        "1", ["token", "[redacted]"],
      ])
    #expect(try reply(["MULTI"], ["GET", "a"], ["HGET", "u", "pin"], ["EXEC"]) == "[redacted]")
    #expect(
      try reply(["MULTI"], ["GET", "a"], ["LRANGE", "l"], ["EXEC"]) == ["1", ["token", "hunter2"]])
    // Its beginning was not seen.
    #expect(try reply(["EXEC"]) == "[redacted]")
  }

  @Test func whatIsSaidUnaskedHidesTheSame() {
    var talk = Talk(serverPort: 6379)
    talk.client("MONITOR\r\n")
    talk.server("+OK\r\n")
    talk.server("+1339518083.1 [0 127.0.0.1:6] \"HSET\" \"u\" \"password\" \"hunter2\"\r\n")
    talk.server("+1339518083.2 [0 127.0.0.1:6] \"GET\" \"a b\"\r\n")
    let lines = talk.calls().sorted { $0.index < $1.index }.map { $0.text(.redisCommand) }
    #expect(
      lines == [
        "MONITOR", "1339518083.1 [0 127.0.0.1:6] \"HSET\" \"u\" \"password\" \"[redacted]\"",
        "1339518083.2 [0 127.0.0.1:6] \"GET\" \"a b\"",
      ])
    var channel = Talk(serverPort: 6379)
    channel.client(RedisTests.command("SUBSCRIBE", "api-tokens"))
    channel.server("*3\r\n$9\r\nsubscribe\r\n$10\r\napi-tokens\r\n:1\r\n")
    channel.server(Self.list("message", "api-tokens", "hunter2"))
    var replica = Talk(serverPort: 6379)
    replica.client(RedisTests.command("PSYNC", "?", "-1"))
    replica.server("+FULLRESYNC 8de1787ba490483314a4d30f1c628bc5025eb761 0\r\n")
    replica.server("$5\r\nREDIS" + RedisTests.command("SET", "api_key", "hunter2"))
    for talk in [talk, channel, replica] {
      #expect(talk.calls().count > 1)
      #expect(!talk.calls().contains { $0.essence.contains("hunter2") })
    }
  }
}

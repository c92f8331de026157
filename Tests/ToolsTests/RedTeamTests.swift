import Entries
import Foundation
import Identity
import JSON
import Testing
import ToolKit

@testable import Tools

/// Secrets planted wherever traffic carries them: no answer shows one.
@Suite struct RedTeamTests {
  /// Plants one secret in a capture.
  private typealias Plant = @Sendable (inout MadeCapture, String) -> Void

  private static func header(_ name: String, _ before: String = "", _ after: String = "") -> Plant {
    { $0.http(headers: ["\(name): \(before)\($1)\(after)"]) }
  }
  private static func answered(_ name: String, _ before: String = "", _ after: String = "") -> Plant
  {
    { $0.http(answer: ["\(name): \(before)\($1)\(after)"]) }
  }
  private static func target(_ before: String, _ after: String = "") -> Plant {
    { $0.http("\(before)\($1)\(after)") }
  }
  private static func body(_ type: String, _ before: String, _ after: String = "") -> Plant {
    { capture, secret in
      capture.http(
        method: "POST", headers: ["Content-Type: \(type)"], body: before + secret + after)
    }
  }
  private static func reply(_ type: String, _ before: String, _ after: String = "") -> Plant {
    { capture, secret in
      capture.http(answer: ["Content-Type: \(type)"], answerBody: before + secret + after)
    }
  }
  private static func grpc(_ name: String, _ before: String = "") -> Plant {
    { capture, secret in
      capture.talk(50_051, MadeHTTP2.grpc(metadata: [(name, before + secret)]))
    }
  }
  private static func redis(_ words: String..., reply: String = "+OK\r\n") -> Plant {
    { capture, secret in
      let words = words.map { $0.replacing("SECRET", with: secret) }
      let reply = reply.replacing("SECRET", with: secret)
      capture.talk(6_379, [.client(Self.redisList(words)), .server(reply)])
    }
  }
  /// Answered with one text, or with a list of them.
  private static func redis(_ words: [String], answered texts: String...) -> Plant {
    { capture, secret in
      let texts = texts.map { $0.replacing("SECRET", with: secret) }
      let list = Self.redisList(texts)
      let reply = texts.count == 1 ? String(list.dropFirst("*1\r\n".count)) : list
      capture.talk(6_379, [.client(Self.redisList(words)), .server(reply)])
    }
  }
  private static func redisList(_ words: [String]) -> String {
    "*\(words.count)\r\n" + words.map { "$\($0.utf8.count)\r\n\($0)\r\n" }.joined()
  }

  /// MQTT after a CONNECT of that version.
  private static func mqtt(
    _ version: UInt8, _ packet: @escaping @Sendable (String) -> [UInt8]
  ) -> Plant {
    { capture, secret in
      capture.talk(
        1883,
        [
          .client(MadeMessages.mqttConnect(version)), .server([0x20, 2, 0, 0]),
          .client(packet(secret)),
        ])
    }
  }
  private static func mqttConnect(_ fields: @escaping @Sendable (String) -> [UInt8]) -> Plant {
    { capture, secret in capture.talk(1883, [.client(fields(secret)), .server([0x20, 2, 0, 5])]) }
  }
  private static func diameter(_ code: UInt32, vendor: UInt32 = 0, in group: UInt32? = nil) -> Plant
  {
    { capture, secret in
      var avp = MadeMessages.avp(code, vendor: vendor, Array(secret.utf8))
      if let group { avp = MadeMessages.avp(group, avp) }
      capture.talk(3868, [.client(MadeMessages.diameter(avp))])
    }
  }
  private static func llm(_ path: String, _ before: String, _ after: String) -> Plant {
    { capture, secret in
      capture.http(
        path, method: "POST", headers: ["Content-Type: \(json)"], body: before + secret + after,
        answer: ["Content-Type: \(json)"], answerBody: #"{"object":"x"}"#)
    }
  }
  private static func ws(_ before: String, _ after: String, byClient: Bool = false) -> Plant {
    { capture, secret in
      let payload = Array((before + secret + after).utf8)
      let length = UInt8(payload.count)
      capture.talk(
        8080,
        [
          .client(
            "GET /ws HTTP/1.1\r\nHost: shop.test\r\nUpgrade: websocket\r\n"
              + "Connection: Upgrade\r\n\r\n"),
          .server(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
              + "Connection: Upgrade\r\n\r\n"),
          byClient
            ? .client([0x81, 0x80 | length, 0, 0, 0, 0] + payload)
            : .server([0x81, length] + payload),
        ])
    }
  }
  private static let events = "text/event-stream"

  private static let json = "application/json"
  private static let form = "application/x-www-form-urlencoded"

  /// Name, how it is planted, and the secret itself where its shape matters.
  private static let plants: [(name: String, secret: String?, plant: Plant)] = [
    ("bearer", nil, header("Authorization", "Bearer ")),
    ("basic", "YWxpY2U6cGxhbnRlZC1iYXNpYw==", header("Authorization", "Basic ")),
    ("digest", nil, header("Authorization", "Digest username=\"a\", response=\"", "\"")),
    ("sigv4", nil, header("Authorization", "AWS4-HMAC-SHA256 Credential=AK/x, Signature=")),
    ("bare authorization", nil, header("authorization")),
    ("proxy", nil, header("Proxy-Authorization", "Basic ")),
    ("cookie", nil, header("Cookie", "theme=dark; sid=")),
    ("cookie without a name", nil, header("Cookie")),
    ("set-cookie", nil, answered("Set-Cookie", "sid=", "; Path=/; HttpOnly")),
    ("api key header", nil, header("X-Api-Key")),
    ("vault", nil, header("X-Vault-Token")), ("csrf", nil, header("X-CSRF-Token")),
    ("webhook signature", nil, header("X-Hub-Signature-256", "sha256=")),
    ("session header", nil, header("X-My-Session")),
    ("private token", nil, header("PRIVATE-TOKEN")),
    ("functions key", nil, header("x-functions-key")),
    ("password header", nil, header("X-Db-Password-Old")),
    ("pin header", nil, header("X-Pin")), ("authentication key", nil, header("X-Auth-Key")),
    ("assertion", nil, header("Cf-Access-Jwt-Assertion")),
    ("claims", nil, header("X-Amzn-Oidc-Data")),
    ("referer", nil, header("Referer", "https://a.test/x?access_token=", "&page=2")),
    ("location", nil, answered("Location", "https://a.test/cb#id_token=", "&x=1")),
    ("oauth code", nil, answered("Location", "https://a.test/cb?code=", "&x=1")),
    ("user information", nil, answered("X-Upstream", "postgres://bob:", "@db.test/x")),
    ("original url", nil, header("X-Original-URL", "/cb?code=")),
    ("user information of a host", nil, header("X-Forwarded-Host", "bob:", "@h.test:443")),
    ("user information of CONNECT", nil, { $0.http("bob:\($1)@h.test:443", method: "CONNECT") }),
    (
      "subprotocol of Kubernetes", nil,
      header(
        "Sec-WebSocket-Protocol", "base64url.bearer.authorization.k8s.io.", ", v4.channel.k8s.io")
    ),
    ("subprotocol behind its name", nil, header("Sec-WebSocket-Protocol", "access_token, ")),
    (
      "subprotocol with its name", nil, header("Sec-WebSocket-Protocol", "openai-insecure-api-key.")
    ),
    ("path behind its name", nil, target("/account/reset-password/", "/now")),
    ("hidden field", nil, reply("text/html", "<input type=hidden value='", "' name='csrf_token'>")),
    ("password field", nil, reply("text/html", "<INPUT type=\"password\" value=\"", "\">")),
    ("meta", nil, reply("text/html", "<meta name=\"csrf-token\" content=\"", "\" />")),
    ("html in json", nil, reply(json, #"{"page":"<input name=\"_csrf\" value=\""#, #"\">"}"#)),
    ("link header", nil, answered("Link", "<https://a.test/?sig=", ">; rel=next")),
    ("query", nil, target("/reset?token=")), ("query last", nil, target("/x?page=2&apikey=")),
    ("encoded name", nil, target("/x?pass%77ord=")), ("oauth query", nil, target("/cb?code=")),
    ("fragment", nil, target("/cb#access_token=")),
    ("path parameter", nil, target("/shop;jsessionid=", "?x=1")),
    ("sas", nil, target("/blob?se=2030&sig=")),
    ("session in a query", nil, target("/x?session=")), ("ticket", nil, target("/cas?ticket=")),
    ("second factor", nil, body(json, #"{"mfa_code":""#, #""}"#)),
    ("licence", nil, body(json, #"{"license_key":""#, #""}"#)),
    ("proof key", nil, body(form, "grant_type=authorization_code&code_verifier=")),
    ("curl", nil, body("text/plain", "curl -u admin:", " https://h.test")),
    (
      "jwt in a path", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTYifQ.c2lnbmF0dXJlLXBsYW50ZWQ",
      target("/reset/")
    ),
    ("json", nil, body(json, #"{"user":"a","password":""#, #""}"#)),
    ("json nested", nil, body(json, #"{"a":{"clientSecret":""#, #""}}"#)),
    ("json array", nil, body(json, #"{"apiTokens":["x",""#, #""]}"#)),
    ("json below", nil, body(json, #"{"credentials":{"a":1,"b":{"c":""#, #""}}}"#)),
    ("json escaped name", nil, body(json, #"{"pass\u0077ord":""#, #""}"#)),
    ("json name and value", nil, body(json, #"{"name":"DB_PASSWORD","value":""#, #""}"#)),
    ("json in json", nil, body(json, #"{"body":"{\"password\":\""#, #"\"}"}"#)),
    ("json cut", nil, body(json, #"{"refresh_token":""#)),
    ("json as text", nil, body("text/plain", #"{"secret":""#, #""}"#)),
    ("url in json", nil, body(json, #"{"db":"mysql://root:"#, #"@db/x"}"#)),
    ("query in json", nil, body(json, #"{"next":"https://a.test/?access_token="#, #"&p=1"}"#)),
    ("json reply", nil, reply(json, #"{"access_token":""#, #"","token_type":"Bearer"}"#)),
    ("graphql", nil, body(json, #"{"query":"mutation{login(password:\""#, #"\"){id}}"}"#)),
    ("form", nil, body(form, "user=a&password=", "&x=1")),
    ("form code", nil, body(form, "grant_type=authorization_code&code=")),
    ("form encoded", nil, body(form, "client%5Fsecret=")),
    (
      "multipart", nil,
      body(
        "multipart/form-data; boundary=b",
        "--b\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\n", "\r\n--b--\r\n")
    ),
    ("xml element", nil, body("text/xml", "<a><ns:Password kind=\"x\">", "</ns:Password></a>")),
    ("xml attribute", nil, body("text/xml", "<login password=\"", "\"/>")),
    ("xml cdata", nil, body("text/xml", "<secret><![CDATA[", "]]></secret>")),
    ("yaml", nil, reply("text/yaml", "user: bob\npassword: ", "\nport: 5\n")),
    ("environment", nil, reply("text/plain", "PORT=5\nDB_PASSWORD=", "\n")),
    ("header in text", nil, reply("text/plain", "sent Authorization: Bearer ", " to it")),
    ("command line", nil, reply("text/plain", "mysql --password ", " -h db")),
    ("mysql", nil, reply("text/plain", "mysql -uroot -p", " -h db")),
    ("mysql in a list", nil, body(json, #"{"command":["mysql","-p"#, #""]}"#)),
    ("sshpass", nil, reply("text/plain", "+ sshpass -p ", " ssh h")),
    ("curl in a list", nil, body(json, #"{"args":["curl","-u","bob:"#, #""]}"#)),
    ("netrc", nil, reply("text/plain", "machine h\n  login bob\n  password ", "\n")),
    ("netrc in json", nil, body(json, #"{"file":"machine h\nlogin bob\npassword "#, #"\n"}"#)),
    ("redis netrc", nil, redis("SET", "file", "machine h login bob password SECRET")),
    ("sql", nil, body("text/plain", "CREATE USER a IDENTIFIED BY '", "'")),
    (
      "private key", "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCplanted",
      reply(
        "text/plain", "-----BEGIN PRIVATE KEY-----\n", "\n-----END PRIVATE KEY-----\n")
    ),
    ("aws key", "AKIAIOSFODNN7PLANTED", reply("text/plain", "key ", " here")),
    ("github", "ghp_0123456789abcdefghijPLANTED", header("X-Note")),
    ("stripe", "sk_live_0123456789PLANTED", target("/charge/")),
    ("slack", "xoxb-123456789012-PLANTEDplanted", body(json, #"{"note":""#, #""}"#)),
    ("card", "4111111111111111", body(json, #"{"n":""#, #""}"#)),
    ("card in groups", "5500 0000 0000 0004", reply("text/plain", "paid with ", " today")),
    (
      "grpc message", "sk_live_0123456789INGRPC42",
      { $0.talk(50_051, MadeHTTP2.grpc(metadata: [], text: $1)) }
    ),
    ("grpc authorization", nil, grpc("authorization", "Bearer ")),
    ("grpc api key", nil, grpc("x-api-key")), ("grpc token", nil, grpc("session-token-bin")),
    ("redis auth", nil, redis("AUTH", "SECRET")),
    ("redis user", nil, redis("AUTH", "bob", "SECRET")),
    ("redis hello", nil, redis("HELLO", "3", "AUTH", "bob", "SECRET")),
    ("redis config", nil, redis("CONFIG", "SET", "requirepass", "SECRET")),
    ("redis acl", nil, redis("ACL", "SETUSER", "bob", "on", ">SECRET")),
    ("redis migrate", nil, redis("MIGRATE", "h", "6379", "k", "0", "9", "AUTH", "SECRET")),
    ("redis hset", nil, redis("HSET", "user:7", "name", "Ann", "password", "SECRET")),
    ("redis hmset", nil, redis("HMSET", "user:7", "api_key", "SECRET")),
    ("redis hget", nil, redis(["HGET", "user:7", "password"], answered: "SECRET")),
    ("redis hmget", nil, redis(["HMGET", "user:7", "name", "token"], answered: "Ann", "SECRET")),
    ("redis hgetall", nil, redis(["HGETALL", "user:7"], answered: "n", "Ann", "secret", "SECRET")),
    ("redis key", nil, redis("SET", "user:7:access_token", "SECRET")),
    ("redis value of a key", nil, redis(["GET", "user:7:access_token"], answered: "SECRET")),
    (
      "redis script", nil,
      redis("EVAL", "return redis.call('SET', KEYS[1], ARGV[1])", "1", "user:7", "SECRET")
    ),
    (
      "redis literal of a script", nil,
      redis("EVAL", "return redis.call('HSET', KEYS[1], 'password', 'SECRET')", "1", "user:7")
    ),
    ("redis digest of a script", nil, redis("EVALSHA", "6b1bf486", "1", "user:7", "SECRET")),
    (
      "redis mistyped", nil,
      redis(
        "AUTHX", "SECRET",
        reply: "-ERR unknown command 'AUTHX', with args beginning with: 'SECRET' \r\n")
    ),
    (
      "redis unknown", nil,
      redis(
        "ATUH", "SECRET",
        reply: "-ERR unknown command 'ATUH', with args beginning with: 'SECRET' \r\n")
    ),
    ("websocket from the client", nil, ws(#"{"token":""#, #""}"#, byClient: true)),
    ("websocket from the server", nil, ws(#"{"event":{"apiKey":""#, #""}}"#)),
    ("websocket realtime", nil, ws(#"{"type":"response.text.delta","delta":""#, #""}"#)),
    ("event", nil, reply(events, "data: {\"password\":\"", "\"}\n\n")),
    (
      "event of a model", nil,
      reply(events, #"data: {"choices":[{"delta":{"content":""#, "\"}}]}\n\n")
    ),
    (
      "event of claude", nil,
      reply(
        events,
        #"data: {"type":"content_block_delta","delta":{"type":"text_delta","text":""#, "\"}}\n\n")
    ),
    (
      "prompt", nil,
      llm("/v1/chat/completions", #"{"model":"m","messages":[{"role":"user","content":""#, #""}]}"#)
    ),
    (
      "prompt in blocks", nil,
      llm(
        "/v1/messages",
        #"{"model":"m","messages":[{"role":"user","content":[{"type":"text","text":""#, #""}]}]}"#)
    ),
    ("system prompt", nil, llm("/v1/messages", #"{"model":"m","system":""#, #"","messages":[]}"#)),
    (
      "arguments of a tool", nil,
      llm(
        "/v1/messages",
        #"{"model":"m","messages":[{"role":"assistant","content":[{"type":"tool_use","input":{"q":""#,
        #""}}]}]}"#)
    ),
    (
      "gemini prompt", nil,
      llm(
        "/v1beta/models/g:generateContent", #"{"contents":[{"parts":[{"text":""#, #""}]}]}"#)
    ),
    ("embedding", nil, llm("/v1/embeddings", #"{"model":"m","input":["a",""#, #""]}"#)),
    ("gemini key", nil, target("/v1beta/models/g:generateContent?key=")),
    ("gemini key header", nil, header("x-goog-api-key")),
    ("ollama prompt", nil, llm("/api/generate", #"{"model":"m","prompt":""#, #""}"#)),
    ("ollama reply", nil, reply(json, #"{"model":"m","response":""#, #"","done":true}"#)),
    ("completion", nil, reply(json, #"{"choices":[{"message":{"content":""#, #""}}]}"#)),
    (
      "mcp tool", nil,
      llm(
        "/mcp",
        #"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t","arguments":{"api_key":""#,
        #""}}}"#)
    ),
    ("mcp session", nil, header("Mcp-Session-Id")),
    (
      "graphql variable", nil,
      llm(
        "/graphql",
        #"{"query":"mutation L($p: String!) { login(password: $p) { id } }","variables":{"password":""#,
        #""}}"#)
    ),
    ("ftp", nil, { $0.talk(21, [.client("PASS \($1)\r\n"), .server("230 ok\r\n")]) }),
    ("smtp", nil, { $0.talk(25, [.client("AUTH PLAIN \($1)\r\n"), .server("235 ok\r\n")]) }),
    ("mqtt password", nil, mqttConnect { MadeMessages.mqttConnect(4, password: $0) }),
    ("mqtt will", nil, mqttConnect { MadeMessages.mqttConnect(4, will: $0) }),
    (
      "mqtt payload", nil,
      mqtt(4) { MadeMessages.mqttPublish(4, #"{"user":"a","password":"\#($0)"}"#) }
    ),
    (
      "mqtt user property", nil,
      mqtt(5) { MadeMessages.mqttPublish(5, "x", property: ("Authorization", "Bearer " + $0)) }
    ),
    ("mqtt authentication", nil, mqtt(5) { MadeMessages.mqttAuth($0) }),
    ("diameter password", nil, diameter(2)), ("diameter eap", nil, diameter(462)),
    ("diameter chap", nil, diameter(405, in: 402)),
    ("diameter key", nil, diameter(1450, vendor: 10_415)),
    ("diameter profile", nil, diameter(702, vendor: 10_415)),
    ("imap", nil, { $0.talk(143, [.client("a LOGIN b \($1)\r\n"), .server("a OK\r\n")]) }),
  ]

  private static func secret(_ index: Int) -> String {
    plants[index].secret ?? "plantedS3cr3t\(index)x"
  }

  /// Of which not even a part may show: long secrets could leak cut.
  private static func mark(_ index: Int) -> String {
    plants[index].secret.map { String($0.suffix(8)) } ?? "plantedS3cr3t\(index)x"
  }

  private static let path: String = {
    var capture = MadeCapture()
    for (index, plant) in plants.enumerated() { plant.plant(&capture, secret(index)) }
    return try! capture.write()
  }()

  private static func open(_ redactor: Redactor) throws -> EmbeddedHub {
    let capture = try CaptureTraffic([path], inventory: Inventory(), workers: 2)
    capture.start()
    return EmbeddedHub(capture.traffic(redactor: redactor), version: "test", set: .all)
  }

  /// Everything the Hub says about the capture, in both renderings.
  private func everything(_ hub: EmbeddedHub) async throws -> [(what: String, text: String)] {
    var said: [(what: String, text: String)] = []
    func ask(_ tool: String, _ arguments: JSONObject) async -> ToolAnswer? {
      let what = tool + " " + JSONValue.object(arguments).text
      do {
        let answer = try await ShopHub.ask(tool, arguments, of: hub)
        said.append((what, answer.text + "\n" + JSONValue.object(answer.structured).text))
        return answer
      } catch {
        said.append((what, error.text + "\n" + JSONValue.object(error.json).text))
        return nil
      }
    }
    var ids: [JSONValue] = []
    for filter in ["", "conn", "flow"] {
      for format in ["compact", "full", "raw"] {
        let answer = await ask(
          "list_api_calls",
          [
            "format": .string(format), "limit": 1_000, "kfl": .string(filter),
            "max_tokens": 100_000,
          ])
        if format == "compact" {
          ids += answer?.structured["calls"]?.array?.compactMap { $0["id"] } ?? []
        }
      }
    }
    for id in ids {
      _ = await ask("get_api_call", ["id": id, "max_tokens": 100_000])
      _ = await ask("get_api_call_details", ["id": id, "max_tokens": 100_000])
      for resource in NetResources.all where resource.description.uri == "net://call/{+id}" {
        let contents = try await resource.read(["id": id.string ?? ""], hub, Caller())
        said.append(("resource \(id)", "\(contents)"))
      }
    }
    for group in ["endpoint", "service", "method", "status", "proto", "src"] {
      for raw in [true, false] {
        _ = await ask(
          "get_api_stats",
          [
            "group_by": .string(group), "limit": 1_000, "raw_paths": .bool(raw),
            "max_tokens": 90_000,
          ])
        if group != "src" {
          _ = await ask(
            "compare_api_stats",
            [
              "group_by": .string(group), "a": ["kfl": "status_code == 1"], "b": ["kfl": "http"],
              "min_calls": 1, "limit": 1_000, "raw_paths": .bool(raw), "max_tokens": 90_000,
            ])
        }
      }
    }
    // What is not found is explained by values that are there.
    for field in [
      "url", "path", "request_body", "response_body", "method", "redis_command", "redis_key",
      "grpc_method", "dst.name", "redis_type",
    ] {
      _ = await ask("list_api_calls", ["kfl": .string("\(field) == \"no such thing\"")])
      _ = await ask("list_api_calls", ["kfl": .string("\(field).contains(\"plantedS3cr3\")")])
    }
    for tool in hub.rows.map(\.name) { _ = await ask(tool, ["path": "/*", "kfl": "http"]) }
    _ = await ask("trace_request", ["path": "/reset*"])
    _ = await ask("list_api_calls", ["kfl": "http &&& plain"])
    return said
  }

  /// A mark as it is, and what of it stands in base64 wherever it begins.
  private static func forms(_ mark: String) -> [String] {
    [mark]
      + (0..<3).map { offset in
        let text = base64([UInt8](repeating: 0, count: offset) + Array(mark.utf8))
        let start = (offset * 8 + 5) / 6
        return String(text.dropFirst(start).prefix((offset + mark.utf8.count) * 8 / 6 - start))
      }
  }

  @Test func thereAreManyKinds() { #expect(Self.plants.count >= 60) }

  @Test func noAnswerShowsASecret() async throws {
    let hub = try Self.open(Redactor(key: Array("red team".utf8)))
    let said = try await everything(hub)
    #expect(said.count > 200)
    for index in Self.plants.indices {
      for mark in Self.forms(Self.mark(index)) {
        let leak = said.first { $0.text.contains(mark) }
        #expect(leak == nil, "\(Self.plants[index].name): \(leak.map { excerpt($0, mark) } ?? "")")
      }
    }
  }

  private func excerpt(_ said: (what: String, text: String), _ mark: String) -> String {
    guard let place = said.text.firstRange(of: mark) else { return said.what }
    let start = said.text.index(place.lowerBound, offsetBy: -60, limitedBy: said.text.startIndex)
    return said.what + ": " + said.text[(start ?? said.text.startIndex)..<place.upperBound]
  }

  /// What dissectors replace before anything is kept.
  private static let neverKept = [
    "redis", "mqtt password", "mqtt will", "mqtt authentication", "diameter",
  ]

  /// A test that hides everything would pass the one above: what was sent is there when asked for.
  @Test func secretsAreShownWhenAskedForAndSaidToBe() async throws {
    let hub = try Self.open(.off)
    let said = try await everything(hub)
    for (index, plant) in Self.plants.enumerated() {
      guard !Self.neverKept.contains(where: { plant.name.hasPrefix($0) }) else { continue }
      let secret = Self.secret(index)
      let inJSON = secret.replacing("/", with: "\\/")
      #expect(
        said.contains { $0.text.contains(secret) || $0.text.contains(inJSON) }, "\(plant.name)")
    }
    let answer = try await ShopHub.ask("list_api_calls", [:], of: hub)
    #expect(answer.text.contains("--show-secrets"))
    #expect(answer.structured["coverage"]?["notes"]?.text.contains("--show-secrets") == true)
  }

  /// "The same token again" stays visible wherever it stands.
  @Test func equalSecretsHaveEqualFingerprints() {
    let redactor = Redactor(key: [1])
    let secret = "planted secret/1"
    let mark = redactor.fingerprint(secret)
    let shown = [
      redactor.header("Authorization", "Bearer \(secret)"), redactor.header("X-Api-Key", secret),
      redactor.header("Cookie", "sid=\(secret)"),
      redactor.header("Set-Cookie", "sid=\(secret); Path=/"),
      redactor.url("/x?token=planted+secret%2F1"), redactor.url("/x?token=planted%20secret/1"),
      redactor.body(#"{"password":"planted secret\/1"}"#, mediaType: Self.json),
      redactor.body(#"{"password":"planted\u0020secret/1"}"#, mediaType: Self.json),
      redactor.body("password=planted+secret/1", mediaType: Self.form),
      redactor.body("<password>\(secret)</password>", mediaType: "text/xml"),
      redactor.text("password='\(secret)'"),
    ]
    for text in shown { #expect(text.contains(mark), "\(text)") }
  }

  /// Nothing else is touched, byte for byte.
  @Test(arguments: [
    #"{"id":42,"name":"Ann","ok":true,"tags":["a","b"],"max_tokens":100,"token_type":"Bearer"}"#,
    #"[1,2,{"key":"color","value":"red"}]"#, "plain text: 5 of 7, see https://a.test/x?page=2",
    "<a><b c=\"d\">e</b></a>", "at 2026-03-14 10:23:45.123, order 4111 1111", "", "{", "\"", "\\",
    "order 1772345678901 and 1772345678901234567", "user=ann&page=2", "Basic idea",
    #"{"unclosed":"text"#, "https://host/a@b", "GET /v1/items HTTP/1.1",
  ])
  func whatIsNoSecretStays(text: String) {
    let redactor = Redactor(key: [1])
    #expect(redactor.body(text, mediaType: Self.json) == text)
    #expect(redactor.body(text, mediaType: Self.form) == text)
  }

  /// No text makes the scanners fail or take long.
  @Test func anyBytesAreRead() {
    let redactor = Redactor(key: [1])
    var generator = SystemRandomNumberGenerator()
    let pieces = [
      "\"", "\\", "{", "}", "[", "]", ":", "=", "<", ">", "password", "://", "@", "-----BEGIN ",
      "PRIVATE KEY-----", "Bearer ", " ", "\n", "&", "?", "#", "%2", "\\u00", "4111 1111 ",
      "<input ", "<meta ", "name=", "value=", "'", "/", ".", ",", "mysql ", "-p", "sshpass ",
      "machine a ", "login b ", "\\n", "- ", "--password", "curl -u ",
    ]
    for _ in 0..<300 {
      let text = (0..<40).map { _ in pieces.randomElement(using: &generator)! }.joined()
      _ = redactor.body(text, mediaType: Self.json)
      _ = redactor.body(text, mediaType: "multipart/form-data")
      _ = redactor.url(text)
      _ = redactor.header("Sec-WebSocket-Protocol", text)
      _ = redactor.header("Host", text)
    }
    // What is not closed is not looked for again and again.
    for piece in [
      "<token ", "bearer=", "<input a=", "<meta name='", "x y LOGIN ", "://a", "machine a login ",
      "default login ", "mysql -x ", "--password,-", "curl -u \\n",
    ] {
      let text = String(repeating: piece, count: (128 << 10) / piece.utf8.count)
      #expect(redactor.text(text) == text)
    }
    let deep = String(repeating: #"{"password":["#, count: 20_000)
    #expect(redactor.body(deep, mediaType: Self.json).utf8.count >= deep.utf8.count)
  }
}

import JSON
import Testing

@testable import Tools

@Suite struct RedactorTests {
  private let redactor = Redactor(key: Array("key".utf8))

  @Test func equalSecretsHaveEqualFingerprints() {
    let one = redactor.fingerprint("hunter2")
    #expect(one == redactor.fingerprint("hunter2") && one != redactor.fingerprint("hunter3"))
    #expect(one.hasPrefix("[redacted:") && one.hasSuffix("]") && one.utf8.count == 19)
    #expect(one != Redactor(key: Array("other".utf8)).fingerprint("hunter2"))
  }

  @Test(arguments: [
    ("Authorization", "Bearer s3cr3t-value"), ("authorization", "s3cr3t-value"),
    ("Proxy-Authorization", "Basic s3cr3t-value"), ("Cookie", "a=s3cr3t-value; b=2"),
    ("Set-Cookie", "sid=s3cr3t-value; Path=/; HttpOnly"), ("X-Api-Key", "s3cr3t-value"),
    ("X-Hub-Signature", "s3cr3t-value"), ("X-Vault-Token", "s3cr3t-value"),
    ("Referer", "https://x.test/a?access_token=s3cr3t-value&page=2"),
    ("Location", "https://user:s3cr3t-value@x.test/"),
    ("X-Whatever", "AKIAIOSFODNN7EXAMPLE"),
    ("Link", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"),
  ])
  func secretsInHeadersGo(name: String, value: String) {
    let shown = redactor.header(name, value)
    #expect(shown.contains("[redacted:"), "\(shown)")
    for secret in ["s3cr3t", "AKIA", "eyJ"] { #expect(!shown.contains(secret), "\(shown)") }
  }

  /// What dissectors have replaced already, and what was redacted before.
  @Test func whatStandsInForASecretIsNotRedactedAgain() {
    let mark = redactor.fingerprint("hunter2")
    for standIn in ["[redacted]", mark] {
      #expect(redactor.fingerprint(standIn) == standIn)
      for text in [
        "password='\(standIn)'", "<token>\(standIn)</token>", "PASS \(standIn)",
        "Authorization: Bearer \(standIn)", "postgres://bob:\(standIn)@db/x",
      ] {
        #expect(redactor.text(text) == text)
      }
      let json = #"{"password":"\#(standIn)"}"#
      #expect(redactor.body(json, mediaType: "application/json") == json)
      let record: JSONValue = ["password": .string(standIn)]
      #expect(RawRedaction.redacted(record, redactor) == record)
    }
    #expect(!redactor.text("<token><![CDATA[a]z<y]]></token>").contains("z"))
    // A secret that begins alike is one all the same.
    for secret in ["[redacted:x]hunter2", "[redacted]hunter2", "[redacted:4f1c9a0g]"] {
      #expect(!redactor.text("password='\(secret)'").contains(secret))
    }
  }

  @Test func whatIsNoSecretStays() {
    #expect(redactor.header("Content-Type", "application/json") == "application/json")
    #expect(redactor.header("Authorization", "Bearer abc").hasPrefix("Bearer [redacted:"))
    let cookie = redactor.header("Set-Cookie", "sid=abc; Path=/; HttpOnly")
    #expect(cookie.hasPrefix("sid=[redacted:") && cookie.hasSuffix("; Path=/; HttpOnly"))
    #expect(redactor.url("/orders/42?page=2&sort=desc") == "/orders/42?page=2&sort=desc")
    #expect(
      redactor.body(#"{"code":500,"id":42}"#, mediaType: "application/json")
        == #"{"code":500,"id":42}"#)
    #expect(
      redactor.text("order 4111 of 2026-03-14 10:23:45.123")
        == "order 4111 of 2026-03-14 10:23:45.123")
    let refused = "Access denied for user 'app'@'10.0.0.7' (using password: YES)"
    #expect(redactor.text(refused) == refused)
  }

  @Test(arguments: [
    #"{"user":"ann","password":"s3cr3t"}"#, #"{"Password" : "s3cr3t"}"#,
    #"{"a":{"clientSecret":"s3cr3t"}}"#, #"{"pin":90210}"#, #"{"access_token":"s3cr3t"#,
    #"[{"apiKey":"s3cr3t\"x"}]"#,
  ])
  func secretsInJSONGoAlsoWhenItIsCut(body: String) {
    let shown = redactor.body(body, mediaType: "application/json; charset=utf-8")
    #expect(shown.contains("[redacted:") && !shown.contains("s3cr3t") && !shown.contains("90210"))
  }

  /// What stands beside a secret is still told, and what only looks like one stays.
  @Test(
    arguments: [
      (
        "Sec-WebSocket-Protocol", "base64url.bearer.authorization.k8s.io.s3cr3t, v4.channel.k8s.io",
        "base64url.bearer.authorization.k8s.io.*, v4.channel.k8s.io"
      ),
      ("Sec-WebSocket-Protocol", "base64url.bearer.authorization.k8s.io", nil),
      (
        "Sec-WebSocket-Protocol", "graphql-ws, access_token, s3cr3t, x",
        "graphql-ws, access_token, *, x"
      ),
      ("Sec-WebSocket-Protocol", "graphql-transport-ws,v1.stomp", nil),
      ("Host", "bob:s3cr3t@shop.test", "bob:*@shop.test"), ("Host", "shop.test:8080", nil),
      ("X-Forwarded-Host", "s3cr3t@shop.test", "*@shop.test"),
      (":path", "/reset-password/aB3dE6gH9kL2", "/reset-password/*"),
      (":path", "/api/v1/namespaces/shop/secrets/db-credentials-1", nil),
      (":path", "/tokens/12345678901234", nil), (":path", "/orders/aB3dE6gH9kL2/items", nil),
      (":path", "bob:s3cr3t@shop.test:443", "bob:*@shop.test:443"),
      (":path", "mail:ann@shop.test", nil),
      ("X-Page", "<input name=csrf value=s3cr3t>", "<input name=csrf value=*>"),
      (
        "X-Page", "<input type='PASSWORD' id=a value='s3cr3t'/>",
        "<input type='PASSWORD' id=a value='*'/>"
      ),
      (
        "X-Page", "<meta content=\"s3cr3t\" name=\"csrf-token\">",
        "<meta content=\"*\" name=\"csrf-token\">"
      ),
      ("X-Page", "<input name=\"user\" value=\"ann\"><meta name=csrf-param content=x>", nil),
    ] as [(String, String, String?)])
  func secretsAmongOtherThingsGo(name: String, value: String, shown: String?) {
    let text = redactor.header(name, value)
    let marked = text.replacing(#/\[redacted:[0-9a-f]{8}\]/#, with: "*")
    #expect(marked == shown ?? value)
  }

  /// Nothing in the names of these options tells what follows; the program does.
  @Test(
    arguments: [
      ("mysql -uroot -pS3cr3t! -h db", "mysql -uroot -p* -h db"),
      ("/usr/bin/mysqldump -p'S3 cr3t' shop > x.sql", "/usr/bin/mysqldump -p'*' shop > x.sql"),
      ("exec db-0 -- mariadb -p\"S3cr3t\" shop", "exec db-0 -- mariadb -p\"*\" shop"),
      ("mysql \\\n  -pS3cr3t shop", "mysql \\\n  -p* shop"),
      ("mysql --password=S3cr3t shop", "mysql --password=* shop"),
      ("MYSQL_PWD=S3cr3t mysql shop", "MYSQL_PWD=* mysql shop"),
      (#"["mysql","-uroot","-pS3cr3t"]"#, #"["mysql","-uroot","-p*"]"#),
      ("[\n  \"mysql\",\n  \"-pS3cr3t\"\n]", "[\n  \"mysql\",\n  \"-p*\"\n]"),
      ("command:\n- mysql\n- -uroot\n- -pS3cr3t\n", "command:\n- mysql\n- -uroot\n- -p*\n"),
      (#"{"run":"mysql -p\"S3cr3t\" shop\nls"}"#, #"{"run":"mysql -p\"*\" shop\nls"}"#),
      (#"["app","--password","S3cr3t"]"#, #"["app","--password","*"]"#),
      ("sshpass -p S3cr3t ssh -p 2222 h", "sshpass -p * ssh -p 2222 h"),
      ("sshpass -pS3cr3t ssh h", "sshpass -p* ssh h"),
      ("args:\n- sshpass\n- -p\n- S3cr3t\n", "args:\n- sshpass\n- -p\n- *\n"),
      ("curl -u bob:S3cr3t https://h", "curl -u bob:* https://h"),
      ("curl -ubob:S3cr3t https://h", "curl -ubob:* https://h"),
      ("curl -u 'bob:S3 cr3t' https://h", "curl -u 'bob:*' https://h"),
      ("curl --user bob:90210 https://h?a=1&b=2", "curl --user bob:* https://h?a=1&b=2"),
      (#"["curl","-u","bob:S3cr3t","https://h"]"#, #"["curl","-u","bob:*","https://h"]"#),
      ("redis-cli -h db -a S3cr3t ping", "redis-cli -h db -a * ping"),
      ("ldapsearch -D cn=a -w S3cr3t -x", "ldapsearch -D cn=a -w * -x"),
      ("docker login -u bob -p S3cr3t r.test", "docker login -u bob -p * r.test"),
      // None of these has one.
      ("mysql -p shop", nil), ("mysql -p$MYSQL_PASSWORD shop", nil), ("mysql -P3306 -h db", nil),
      ("mkdir -p /var/lib/mysql", nil), ("mysql -e x; ssh -p2222 h", nil),
      ("mysql -e x | nl -pv a", nil), ("mysql\ncp -pr a b", nil), ("mysql x && cp -pr a b", nil),
      ("docker run -p 8080:80 -u 0:0 nginx", nil), ("sshpass -p $PASS ssh h", nil),
      ("curl -u bob https://h", nil), ("redis-cli -h db -p 6379", nil), ("psql -p 5432", nil),
      (#"["--password","--user","bob"]"#, nil), ("a mysql-like -private thing", nil),
    ] as [(String, String?)])
  func secretsInCommandLinesGo(text: String, shown: String?) {
    let marked = redactor.text(text).replacing(#/\[redacted:[0-9a-f]{8}\]/#, with: "*")
    #expect(marked == shown ?? text)
    #expect(redactor.text(redactor.text(text)) == redactor.text(text))
  }

  @Test(
    arguments: [
      (
        "machine h.test login bob password S3cr3t\nmachine i.test",
        "machine h.test login bob password *\nmachine i.test"
      ),
      (
        "machine h.test\n\tlogin bob\n\tpassword S3\"cr3t&x\n\taccount S3cr3t\n",
        "machine h.test\n\tlogin bob\n\tpassword *\n\taccount *\n"
      ),
      ("machine h password S3cr3t login bob", "machine h password * login bob"),
      ("default login anonymous password \"S3 cr3t\"", "default login anonymous password \"*\""),
      (
        #"{"netrc":"machine h\nlogin bob\npassword S3cr3t\n","n":1}"#,
        #"{"netrc":"machine h\nlogin bob\npassword *\n","n":1}"#
      ),
      (
        #"{"netrc":"machine h login bob password S3cr3t"}"#,
        #"{"netrc":"machine h login bob password *"}"#
      ),
      ("the machine login page asks for a password twice", nil), ("machine h login bob", nil),
      ("default password policy of a machine", nil), ("machine learning password reset", nil),
    ] as [(String, String?)])
  func secretsInNetrcGo(text: String, shown: String?) {
    for found in [redactor.text(text), redactor.body(text, mediaType: "application/json")] {
      #expect(found.replacing(#/\[redacted:[0-9a-f]{8}\]/#, with: "*") == shown ?? text)
    }
  }

  @Test func formsAreReadByTheirNames() {
    let shown = redactor.body(
      "user=ann&password=s3cr3t&code=99", mediaType: "application/x-www-form-urlencoded")
    #expect(shown.hasPrefix("user=ann&password=[redacted:"))
    #expect(!shown.contains("s3cr3t") && !shown.contains("code=99"))
  }

  @Test func cardNumbersCheckThemselves() {
    #expect(redactor.text("card 4111111111111111 ok").contains("card [redacted:"))
    #expect(redactor.text("card 4111-1111-1111-1111 ok").contains("[redacted:"))
    #expect(redactor.text("trace 4111111111111112 ok") == "trace 4111111111111112 ok")
  }

  @Test func secretsAreShownWhenAskedFor() {
    #expect(Redactor.off.header("Authorization", "Bearer x") == "Bearer x")
    #expect(Redactor.off.body(#"{"password":"x"}"#, mediaType: "") == #"{"password":"x"}"#)
  }

  @Test func signaturesOfDNSRecordsAreNoSecrets() {
    let record: JSONValue = [
      "rrsig": ["signature": "0badc0de", "signer": "example"], "signature": "0badc0de",
    ]
    let shown = RawRedaction.redacted(record, redactor)
    #expect(shown["rrsig"] == ["signature": "0badc0de", "signer": "example"])
    #expect(shown["signature"] != "0badc0de")
    let other: JSONValue = ["rrsig": ["signature": "hunter2"]]
    #expect(!RawRedaction.redacted(other, redactor).text.contains("hunter2"))
  }

  @Test func howCertificatesAreSignedIsNoSecret() {
    for algorithm in ["SHA-256 with RSA", "Ed25519", "2a864886f70d01010f"] {
      let details: JSONValue = [
        "certificates": [["subject": "CN=a", "signature": .string(algorithm)]]
      ]
      #expect(RawRedaction.redacted(details, redactor) == details)
    }
    for other in [
      ["certificates": [["signature": "hunter2-hunter2"]]],
      ["signature": "SHA-256 with RSA"],
    ] as [JSONValue] { #expect(RawRedaction.redacted(other, redactor) != other) }
  }

  /// Parameters of a form stand as pairs of `name` and `value`.
  @Test func rawRecordsHideWhatIsSecretAndNothingElse() {
    let record: JSONObject = [
      "kafka_api_key_name": "FETCH",
      "request": [
        "apiKeyName": "FETCH", "apiKey": 1,
        "postData": [
          "params": [["name": "password", "value": "hunter2"], ["name": "page", "value": "2"]]
        ],
      ],
    ]
    let shown = JSONValue.object(RawRedaction.redacted(record, redactor, bodyLimit: 100))
    #expect(shown["kafka_api_key_name"] == "FETCH")
    #expect(shown["request"]?["apiKeyName"] == "FETCH")
    let params = shown["request"]?["postData"]?["params"]
    #expect(params?[0]?["value"]?.string?.hasPrefix("[redacted:") == true)
    #expect(params?[1]?["value"] == "2")
  }
}

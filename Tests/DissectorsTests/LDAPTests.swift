import Bytes
import Dissectors
import Entries
import Flows
import JSON
import Layers
import Testing

@Suite struct LDAPTests {
  @Test func everyRequestHasItsResult() throws {
    let calls = Self.session.calls().sorted { $0.index < $1.index }
    #expect(calls.allSatisfy { $0.kind == .ldap && $0.fault == nil })
    #expect(
      calls.map { $0.text(.ldapType) } == [
        "bind", "bind", "search", "modify", "abandon", "extended", "unbind",
      ])
    #expect(
      calls.map { $0.text(.statusText) } == [
        "invalidCredentials", "success", "success", "noSuchObject", nil, "success", nil,
      ])
    #expect(calls.map(\.failed) == [true, false, false, true, false, false, false])
    #expect(calls[0].text(.ldapSummary) == "cn=admin")
    #expect(calls[2].text(.ldapSummary) == "dc=x (&(uid=al*)(!(cn=\\2a)))")
    #expect(calls[5].text(.ldapSummary) == "WhoAmI")
    let reply = try JSONReader.value(of: calls[2].text(.details) ?? "")["response"]
    #expect(reply?["entries"] == 2)
    #expect(reply?["names"] == ["uid=al,dc=x", "uid=alf,dc=x"])
    let change = try JSONReader.value(of: calls[3].text(.details) ?? "")["request"]
    #expect(change?["changes"] == ["replace userPassword"])
  }

  @Test func passwordsAreNeverKept() {
    #expect(!Self.session.calls().map(\.essence).joined().contains("hunter2"))
  }

  @Test func searchesMayBeAnsweredAtOnce() {
    var talk = Talk(serverPort: 389)
    talk.says(.client, Self.search(1) + Self.search(2))
    talk.says(.server, Self.entry(2, "a") + Self.entry(1, "b") + Self.entry(2, "c"))
    talk.says(.server, Self.result(2, 0x65, 0) + Self.result(1, 0x65, 4))
    let calls = talk.calls().sorted { $0.index < $1.index }
    #expect(calls.map { $0.text(.statusText) } == ["sizeLimitExceeded", "success"])
    #expect(calls.allSatisfy { $0.hasRequest && $0.hasResponse })
  }

  /// Captures may keep the first bytes of each packet alone (`tcpdump -s 96`): such messages were passed
  /// over.
  @Test func cutMessagesAreReadAsFarAsTheyGo() {
    var talk = Talk(serverPort: 389)
    func says(_ side: Side, _ bytes: [UInt8], keeping count: Int) {
      talk.says(side, Array(bytes.prefix(count)))
      talk.lost(side, bytes.count - count)
    }
    says(.client, Self.bind(1, "cn=admin,dc=ex", "a password: hunter2"), keeping: 30)
    let refusal = [10, 1, 49] + Self.text("") + Self.text("neither that name nor another")
    says(.server, Self.message(1, Self.element(0x61, refusal)), keeping: 20)
    says(.client, Self.search(2), keeping: 30)
    talk.says(.server, Self.entry(2, "a") + Self.result(2, 0x65, 0))
    talk.says(.client, Self.message(3, Self.element(0x42, [])))
    let calls = talk.calls().sorted { $0.index < $1.index }
    #expect(calls.map { $0.text(.ldapType) } == ["bind", "search", "unbind"])
    #expect(calls.prefix(2).map { $0.text(.ldapSummary) } == ["cn=admin,dc=ex", "dc=x"])
    #expect(calls.map { $0.text(.statusText) } == ["invalidCredentials", "success", nil])
    #expect(calls.map(\.failed) == [true, false, false])
    #expect(calls.map { $0.fault?.kind } == [.dissection, .dissection, nil])
  }

  /// An entry that was cut ended the search, which then had no result and as many entries as had come.
  @Test func entriesThatAreCutAreCounted() throws {
    var talk = Talk(serverPort: 389)
    func cut(_ bytes: [UInt8], keeping count: Int) {
      talk.says(.server, Array(bytes.prefix(count)))
      talk.lost(.server, bytes.count - count)
    }
    let name = "uid=somebody,ou=people,dc=x"
    talk.says(.client, Self.search(1))
    talk.says(.server, Self.entry(1, "a"))
    cut(Self.entry(1, name), keeping: 20)
    talk.says(.server, Self.entry(1, "c"))
    talk.says(.server, Self.result(1, 0x65, 0))
    talk.says(.client, Self.search(2))
    cut(Self.entry(2, name), keeping: Self.entry(2, name).count - 1)
    cut(Self.entry(2, "b"), keeping: 8)
    talk.says(.server, Self.result(2, 0x65, 0))
    let calls = talk.calls().sorted { $0.index < $1.index }
    #expect(calls.map { $0.text(.statusText) } == ["success", "success"])
    let replies = try calls.map { try JSONReader.value(of: $0.text(.details) ?? "")["response"] }
    #expect(replies.map { $0?["entries"] } == [3, 2])
    #expect(replies.map { $0?["names"]?.text } == [#"["a","c"]"#, #"["\#(name)"]"#])
    let fault = Entry.Fault(.dissection, "bytes were not captured while it was sent")
    #expect(calls.map(\.fault) == [fault, fault])
  }

  @Test func aResultThatIsCutEndsItsSearch() throws {
    var talk = Talk(serverPort: 389)
    talk.says(.client, Self.search(1))
    talk.says(.server, Self.entry(1, "a"))
    let result = Self.result(1, 0x65, 4)
    talk.says(.server, Array(result.dropLast(3)))
    talk.lost(.server, 3)
    talk.says(.client, Self.search(2))
    talk.says(.server, Self.result(2, 0x65, 0))
    let calls = talk.calls().sorted { $0.index < $1.index }
    #expect(calls.map { $0.text(.statusText) } == ["sizeLimitExceeded", "success"])
    let reply = try JSONReader.value(of: calls[0].text(.details) ?? "")["response"]
    #expect(reply?["entries"] == 1)
    #expect(calls.map { $0.fault?.kind } == [.dissection, nil])
  }

  @Test func aSearchWhoseResultWasLostIsGivenUpInTime() {
    var talk = Talk(serverPort: 389)
    talk.says(.client, Self.search(1))
    talk.says(.server, Self.entry(1, "a"))
    talk.lost(.server, 40)
    for number: UInt8 in 2...20 {
      talk.says(.client, Self.search(number))
      talk.says(.server, Self.result(number, 0x65, 0))
    }
    let calls = talk.calls()
    #expect(calls.count == 20)
    let place = calls.firstIndex { $0.text(.statusText) == nil }
    #expect(place ?? 20 < 12)
    #expect(calls.filter { $0.fault != nil }.count == 1)
  }

  /// RFC 4511 §4.11: it is not answered, and what crossed the wish on its way is no answer to anything.
  @Test func aSearchThatIsAbandonedIsNoError() throws {
    var talk = Talk(serverPort: 389)
    talk.says(.client, Self.search(1) + Self.search(2))
    talk.says(.server, Self.entry(1, "a"))
    talk.says(.client, Self.message(3, Self.element(0x50, [1])))
    talk.says(.client, Self.message(4, Self.element(0x50, [2])))
    talk.says(.server, Self.entry(1, "b") + Self.result(1, 0x65, 0) + Self.entry(2, "c"))
    talk.says(.client, Self.search(1))
    talk.says(.server, Self.entry(1, "d") + Self.entry(1, "e") + Self.result(1, 0x65, 0))
    let calls = talk.calls().sorted { $0.index < $1.index }
    #expect(
      calls.map { $0.text(.ldapType) } == ["search", "search", "abandon", "abandon", "search"])
    #expect(
      calls.map { $0.text(.statusText) } == ["abandoned", "abandoned", nil, nil, "success"])
    #expect(calls.allSatisfy { !$0.failed && $0.fault == nil })
    #expect(calls.map(\.hasResponse) == [true, false, false, false, true])
    let first = try JSONReader.value(of: calls[0].text(.details) ?? "")["response"]
    #expect(first?["entries"] == 1)
    let last = try JSONReader.value(of: calls[4].text(.details) ?? "")["response"]
    #expect(last?["entries"] == 2)
    Laws.split(talk)
    Laws.truncation(talk)
    Laws.reordering(talk)
    Laws.mutation(talk)
  }

  /// A buffer of a SASL security layer, signed by Kerberos (RFC 4121 §4.2.6.2): a head, the text, and
  /// twelve bytes of checksum.
  private static func signed(_ text: [UInt8]) -> [UInt8] {
    let head: [UInt8] = [5, 4, 0, 0xff, 0, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]
    let token = head + text + [UInt8](repeating: 0x30, count: 12)
    return [0, 0, UInt8(token.count >> 8), UInt8(token.count & 255)] + token
  }

  @Test func allMessagesOfASignedBufferAreRead() throws {
    var talk = Talk(serverPort: 389)
    talk.says(.client, Self.bind(1, "cn=admin", "x"))
    talk.says(.server, Self.result(1, 0x61, 0))
    talk.says(.client, Self.signed(Self.search(2) + Self.search(3)))
    talk.says(
      .server,
      Self.signed(Self.entry(2, "a") + Self.entry(3, "b") + Self.result(2, 0x65, 0))
        + Self.signed(Self.entry(3, "c") + Self.result(3, 0x65, 4)))
    talk.says(.client, Self.signed(Self.search(4)) + Self.signed(Self.message(5, [0x42, 0])))
    talk.says(.server, Self.signed(Self.result(4, 0x65, 0)))
    let calls = talk.calls().sorted { $0.index < $1.index }
    #expect(calls.map { $0.text(.ldapType) } == ["bind", "search", "search", "search", "unbind"])
    #expect(calls.allSatisfy { $0.fault == nil })
    #expect(
      calls.map { $0.text(.statusText) } == [
        "success", "success", "sizeLimitExceeded", "success", nil,
      ])
    for (call, entries) in zip(calls[1...3], [1, 2, 0]) {
      let reply = try JSONReader.value(of: call.text(.details) ?? "")["response"]
      #expect(reply?["entries"]?.int == Int64(entries))
    }
    let sizes = calls.map(\.requestSize)
    #expect(sizes[1] + sizes[2] == Int64(Self.signed(Self.search(2) + Self.search(3)).count))
    #expect(sizes[3] == Int64(Self.signed(Self.search(4)).count))
    Laws.split(talk)
    Laws.truncation(talk)
    Laws.reordering(talk)
    Laws.mutation(talk)
  }

  /// RFC 2696, RFC 4511 §4.1.10: where a search goes on was not told.
  @Test func pagesAndReferralsAreTold() throws {
    func paging(_ size: UInt8, _ cookie: String) -> [UInt8] {
      let page = Self.element(0x30, [2, 1, size] + Self.text(cookie))
      let control = Self.text("1.2.840.113556.1.4.319") + Self.element(4, page)
      return Self.element(0xa0, Self.element(0x30, control))
    }
    let asked = Self.element(
      0x63,
      Self.text("dc=x") + [10, 1, 2, 10, 1, 0, 2, 1, 0, 2, 1, 0, 1, 1, 0]
        + Self.element(0x87, Array("cn".utf8)) + Self.element(0x30, []))
    let done = Self.element(0x65, [10, 1, 0] + Self.text("") + Self.text(""))
    let other = Self.element(0xa3, Self.text("ldap://b/dc=y"))
    let referred = Self.element(0x6d, [10, 1, 10] + Self.text("") + Self.text("") + other)
    var talk = Talk(serverPort: 389)
    talk.says(.client, Self.message(1, asked + paging(2, "")))
    talk.says(.server, Self.entry(1, "a"))
    talk.says(.server, Self.message(1, Self.element(0x73, Self.text("ldap://c/dc=z"))))
    talk.says(.server, Self.message(1, done + paging(0, "more")))
    talk.says(.client, Self.message(2, asked + paging(2, "more")))
    talk.says(.server, Self.message(2, done + paging(0, "")))
    talk.says(
      .client,
      Self.message(
        3, Self.element(0x6c, Self.text("cn=a") + Self.text("cn=b") + [1, 1, 0xff])))
    talk.says(.server, Self.message(3, referred))
    let calls = talk.calls().sorted { $0.index < $1.index }
    #expect(calls.map { $0.text(.statusText) } == ["success", "success", "referral"])
    #expect(calls.allSatisfy { $0.fault == nil && !$0.failed })
    let details = try calls.map { try JSONReader.value(of: $0.text(.details) ?? "") }
    #expect(details[0]["request"]?["controls"] == ["pagedResults"])
    #expect(details[0]["request"]?["pageSize"] == 2)
    #expect(
      details.map { $0["response"]?["hasMorePages"] } == [.bool(true), .bool(false), nil])
    #expect(
      details.map { $0["response"]?["referrals"] } == [
        .array([.string("ldap://c/dc=z")]), nil, .array([.string("ldap://b/dc=y")]),
      ])
    Laws.split(talk)
    Laws.truncation(talk)
    Laws.reordering(talk)
    Laws.mutation(talk, rounds: 50)
  }

  /// A message beyond the limit left no trace.
  @Test func aMessageThatIsTooLongIsCounted() throws {
    let photo = [UInt8](repeating: 7, count: 600 << 10)
    let count = photo.count
    let head = [0x30, 0x83, UInt8(count >> 16), UInt8(count >> 8 & 255), UInt8(count & 255)]
    // An entry of search 1, as far as anybody looks.
    let start: [UInt8] = [2, 1, 1, 0x64, 0x82, 1, 0]
    var talk = Talk(serverPort: 389)
    talk.says(.client, Self.search(1))
    talk.says(.server, Self.entry(1, "a"))
    talk.says(.server, head + start + photo.dropFirst(start.count))
    talk.says(.server, Self.entry(1, "c") + Self.result(1, 0x65, 0))
    talk.says(.client, Self.search(2))
    talk.says(.server, Self.result(2, 0x65, 0))
    let dissection = Dissection(switches: .everything)
    talk.play(to: dissection)
    let calls = dissection.drain().filter(\.kind.isCall)
    #expect(calls.map { $0.text(.statusText) } == ["success", "success"])
    #expect(calls.allSatisfy { $0.fault == nil })
    let reply = try JSONReader.value(of: calls[0].text(.details) ?? "")["response"]
    #expect(reply?["entries"] == 2)
    #expect(dissection.counters.protocols["ldap"]?.errors(of: .tooLarge) == 1)
  }

  @Test func afterStartTLSAnotherProtocolFollows() {
    var talk = Talk(serverPort: 389)
    let oid = Self.element(0x80, Array("1.3.6.1.4.1.1466.20037".utf8))
    talk.says(.client, Self.message(1, Self.element(0x77, oid)))
    talk.says(.server, Self.result(1, 0x78, 0))
    talk.client("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    talk.server("HTTP/1.1 204 No\r\n\r\n")
    #expect(talk.calls().map(\.kind) == [.ldap, .http])
  }

  @Test func datagramsAreRead() {
    var talk = Talk(transport: .udp, serverPort: 389)
    talk.says(.client, Self.search(1))
    talk.says(.server, Self.entry(1, "a") + Self.result(1, 0x65, 0))
    #expect(talk.calls().map { $0.text(.statusText) } == ["success"])
  }

  @Test func otherProtocolsAreNotLDAP() {
    var text = Talk(serverPort: 389)
    text.client("0123456789 hello there\r\n")
    text.server("ok\r\n")
    #expect(text.calls().isEmpty)
  }

  // MARK: Laws

  @Test func aResultInPiecesIsFoundWhereTheReaderSearches() {
    let result = Self.result(5, 0x65, 0)
    for cut in 1..<result.count {
      var talk = Talk(serverPort: 389)
      talk.isMidway = true
      talk.says(.client, Self.search(5))
      talk.says(.server, Array(result[..<cut]))
      talk.says(.server, Array(result[cut...]))
      #expect(talk.calls().map(\.hasResponse) == [true], "cut at \(cut)")
    }
  }

  @Test func anySplitGivesTheSameMessages() { Laws.split(Self.session) }
  @Test func anyBeginningGivesABeginningOfTheMessages() { Laws.truncation(Self.session) }
  @Test func anyOrderOfSegmentsGivesTheSameMessages() { Laws.reordering(Self.session) }
  @Test func nothingBreaksIt() { Laws.mutation(Self.session) }

  // MARK: Material

  static func element(_ tag: UInt8, _ content: [UInt8]) -> [UInt8] {
    content.count < 128
      ? [tag, UInt8(content.count)] + content
      : [tag, 0x82, UInt8(content.count >> 8), UInt8(content.count & 255)] + content
  }

  static func text(_ text: String) -> [UInt8] { element(4, Array(text.utf8)) }

  static func message(_ number: UInt8, _ operation: [UInt8]) -> [UInt8] {
    element(0x30, [2, 1, number] + operation)
  }

  static func bind(_ number: UInt8, _ name: String, _ password: String) -> [UInt8] {
    message(
      number,
      element(0x60, [2, 1, 3] + text(name) + element(0x80, Array(password.utf8))))
  }

  static func result(_ number: UInt8, _ tag: UInt8, _ code: UInt8) -> [UInt8] {
    message(number, element(tag, [10, 1, code] + text("") + text("")))
  }

  static func entry(_ number: UInt8, _ name: String) -> [UInt8] {
    message(number, element(0x64, text(name) + element(0x30, [])))
  }

  static func search(_ number: UInt8) -> [UInt8] {
    let substrings = element(
      0xa4, text("uid") + element(0x30, element(0x80, Array("al".utf8))))
    let not = element(0xa2, element(0xa3, text("cn") + text("*")))
    return message(
      number,
      element(
        0x63,
        text("dc=x") + [10, 1, 2, 10, 1, 0, 2, 1, 0, 2, 1, 0, 1, 1, 0]
          + element(0xa0, substrings + not) + element(0x30, text("cn"))))
  }

  @Test(arguments: ["unicodePwd", "userPassword", "UserPassword;lang-en", "ms-Mcs-AdmPwd"])
  func passwordsInFiltersAreNeverKept(attribute: String) {
    let equal = Self.element(0xa3, Self.text(attribute) + Self.text("hunter2"))
    let part = Self.element(
      0xa4,
      Self.text(attribute) + Self.element(0x30, Self.element(0x80, Array("hunter2".utf8))))
    let extended = Self.element(
      0xa9,
      Self.element(0x82, Array(attribute.utf8)) + Self.element(0x83, Array("hunter2".utf8)))
    for filter in [equal, part, extended] {
      var talk = Talk(serverPort: 389)
      talk.says(
        .client,
        Self.message(
          1,
          Self.element(
            0x63,
            Self.text("dc=x") + [10, 1, 2, 10, 1, 0, 2, 1, 0, 2, 1, 0, 1, 1, 0] + filter
              + Self.element(0x30, []))))
      talk.says(.server, Self.result(1, 0x65, 0))
      let said = talk.calls().map(\.essence).joined()
      #expect(said.contains(attribute) && said.contains("[redacted]"))
      #expect(!said.contains("hunter2"))
    }
  }

  static var session: Talk {
    var talk = Talk(serverPort: 389)
    talk.says(.client, bind(1, "cn=admin", "hunter2"))
    talk.says(.server, result(1, 0x61, 49))
    talk.says(.client, bind(2, "cn=admin", "hunter2x"))
    talk.says(.server, result(2, 0x61, 0))
    talk.says(.client, search(3))
    talk.says(.server, entry(3, "uid=al,dc=x") + entry(3, "uid=alf,dc=x") + result(3, 0x65, 0))
    let change = element(
      0x30,
      [10, 1, 2] + element(0x30, text("userPassword") + element(0x31, text("hunter2"))))
    talk.says(.client, message(4, element(0x66, text("cn=none") + element(0x30, change))))
    talk.says(.server, result(4, 0x67, 32))
    talk.says(.client, message(5, element(0x50, [3])))
    let whoAmI = element(0x80, Array("1.3.6.1.4.1.4203.1.11.3".utf8))
    talk.says(.client, message(6, element(0x77, whoAmI)))
    talk.says(.server, result(6, 0x78, 0))
    talk.says(.client, message(7, [0x42, 0]))
    return talk
  }
}

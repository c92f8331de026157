import Bytes
import Testing

@Suite struct IPAddressTests {
  /// RFC 5952 §4 and its examples in §1 and §2.
  @Test(arguments: [
    ("192.0.2.1", "192.0.2.1"),
    ("2001:0db8:0000:0000:0001:0000:0000:0001", "2001:db8::1:0:0:1"),
    ("2001:db8:0:0:0:0:2:1", "2001:db8::2:1"),
    ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),
    ("2001:db8::0:1", "2001:db8::1"),
    ("::", "::"), ("::1", "::1"), ("1::", "1::"),
    ("::ffff:192.0.2.128", "192.0.2.128"),
    ("64:ff9b::192.0.2.33", "64:ff9b::c000:221"),
  ])
  func textIsCanonical(given: String, canonical: String) throws {
    #expect(try #require(IPAddress(given)).description == canonical)
  }

  @Test func everyByteOfAQuadIsWrittenAtEveryPlace() {
    for value in 0...255 {
      for place in 0..<4 {
        var bytes = [7, 10, 255, 0]
        bytes[place] = value
        let number = bytes.reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        let text = bytes.map(String.init).joined(separator: ".")
        #expect(IPAddress(v4: number).description == text)
        var list: [UInt8] = [1]
        list.append(counted: IPAddress(v4: number))
        #expect(list == [1, UInt8(text.utf8.count)] + Array(text.utf8))
      }
    }
  }

  @Test func theFirstOfTheLongestRunsOfZerosIsLeftOut() throws {
    for mask in 0...255 {
      let groups = (0..<8).map { mask >> $0 & 1 == 1 ? 0 : 0x8001 }
      var longest = 0..<0
      for start in 0..<8 {
        let run = groups[start...].prefix { $0 == 0 }.count
        if run > max(1, longest.count) { longest = start..<start + run }
      }
      func text(_ part: ArraySlice<Int>) -> String {
        part.map { String($0, radix: 16) }.joined(separator: ":")
      }
      let expected =
        longest.isEmpty
        ? text(groups[...])
        : text(groups[..<longest.lowerBound]) + "::"
          + text(groups[longest.upperBound...])
      let halves = [groups[..<4], groups[4...]].map {
        $0.reduce(UInt64(0)) { $0 << 16 | UInt64($1) }
      }
      #expect(IPAddress(high: halves[0], low: halves[1]).description == expected)
    }
  }

  @Test(arguments: [
    "", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1.2.3.-4", "1:2:3:4:5:6:7", ":::",
    "1::2::3",
    "12345::", "g::", "1:2:3:4:5:6:7:8:9", "::1.2.3", "+1.2.3.4", "fe80::1%eth0", "1.2.3.4 ",
  ])
  func otherTextIsRefused(text: String) { #expect(IPAddress(text) == nil) }

  @Test(arguments: [
    ("10.0.0.0/8", "10.255.0.1", true), ("10.0.0.0/8", "11.0.0.1", false),
    ("0.0.0.0/0", "8.8.8.8", true), ("0.0.0.0/0", "2001:db8::1", false),
    ("192.0.2.7", "192.0.2.7", true), ("192.0.2.7", "192.0.2.8", false),
    ("fd00::/8", "fdff::1", true), ("fd00::/8", "fe00::1", false),
    ("2001:db8::/64", "2001:db8::ffff", true), ("2001:db8::/64", "2001:db8:0:1::", false),
    ("2001:db8::1/128", "2001:db8::1", true), ("::/0", "2001:db8::1", true),
  ])
  func networksContainTheirAddresses(network: String, address: String, contains: Bool) throws {
    let network = try #require(IPNetwork(network))
    #expect(network.contains(try #require(IPAddress(address))) == contains)
  }

  @Test(arguments: ["10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/+8", "fd00::/129", "10.0.0/8", "/8"])
  func impossibleNetworksAreRefused(text: String) { #expect(IPNetwork(text) == nil) }

  @Test func kindsOfAddresses() throws {
    func address(_ text: String) throws -> IPAddress { try #require(IPAddress(text)) }
    for text in [
      "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1",
      "169.254.169.254", "127.0.0.1", "fd12::1", "fe80::1", "::1",
    ] { #expect(try address(text).isPrivate, "\(text)") }
    for text in ["8.8.8.8", "172.32.0.1", "100.128.0.1", "2001:db8::1", "ff02::1"] {
      #expect(try !address(text).isPrivate, "\(text)")
    }
    for text in ["8.8.8.8", "1.0.0.1", "223.255.255.254", "2001:db8::1"] {
      #expect(try address(text).isPublic, "\(text)")
    }
    for text in [
      "10.1.2.3", "0.0.0.0", "0.1.2.3", "224.0.0.251", "240.0.0.1", "255.255.255.255", "::", "::1",
      "ff02::fb", "fd12::1",
    ] { #expect(try !address(text).isPublic, "\(text)") }
    #expect(try address("224.0.0.251").isMulticast && address("ff02::fb").isMulticast)
    #expect(try address("0.0.0.0").isUnspecified && address("::").isUnspecified)
  }
}

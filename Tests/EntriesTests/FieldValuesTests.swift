import Bytes
import Testing

@testable import Entries

struct FieldValuesTests {
  private static let all: [(FieldID, FieldValue)] = [
    (.method, .text("GET")), (.statusCode, .int(-404)), (.path, .text("")),
    (.failed, .bool(true)), (.instant, .instant(Timestamp(nanoseconds: .min + 1))),
    (.redisKey, .bytes([0, 255, 10])), (.dnsQuestions, .texts(["a", "", "ü"])),
    (.sourceLabels, .pairs([HeaderBlock.Field(name: "app", value: "shop")])),
    (.connL7Detected, .numbers([FieldValue.NamedNumber("p", -0.5)])),
  ]

  private func packed(_ fields: some Sequence<(FieldID, FieldValue)>) -> FieldValues {
    var values = FieldValues()
    for (id, value) in fields { values.add(id, value) }
    return values
  }

  @Test func whatIsPackedComesOutAgain() {
    let values = packed(Self.all)
    for (id, value) in Self.all { #expect(values[id] == value) }
    #expect(values.items.map(\.id) == Self.all.map(\.0))
    #expect(values.items.map(\.value) == Self.all.map(\.1))
    #expect(values[.url] == .none)
    #expect(FieldValues().isEmpty && FieldValues()[.url] == .none)
  }

  @Test func whatIsPackedIntoRoomIsTheSame() {
    var values = FieldValues(room: 96) {
      $0.add(.method, text: "GET")
      $0.add(.statusCode, int: -404)
      $0.add(.dnsQuestions, .texts) { $0.append(varint: 0) }
      $0.add(.redisKey, .bytes, packed: ([0, 255, 10] as [UInt8]).rawSpan)
    }
    values.append(room: 12) { $0.add(.url, text: "/a/b") }
    let known: [(FieldID, FieldValue)] = [
      (.method, .text("GET")), (.statusCode, .int(-404)), (.dnsQuestions, .texts([""])),
      (.redisKey, .bytes([0, 255, 10])), (.url, .text("/a/b")),
    ]
    #expect(values == packed(known))
  }

  @Test func settingReplacesWhateverTheLengthAndNoneRemoves() {
    for (id, _) in Self.all {
      var values = packed(Self.all)
      values.set(id, .text("another value"))
      #expect(values[id] == .text("another value"))
      #expect(values.items.count == Self.all.count)
      values.set(id, .none)
      #expect(values[id] == .none)
      for (other, value) in Self.all where other != id { #expect(values[other] == value) }
    }
  }

  @Test func mergedValuesWin() {
    for split in 0...Self.all.count {
      var values = packed(Self.all.prefix(split))
      values.merge(packed(Self.all.dropFirst(split)))
      #expect(values == packed(Self.all))
    }
    var values = packed(Self.all)
    values.merge(packed([(.statusCode, .int(200)), (.url, .text("/"))]))
    #expect(values[.statusCode] == .int(200) && values[.url] == .text("/"))
    #expect(values[.method] == .text("GET") && values.items.count == Self.all.count + 1)
  }

  /// Whether they say the same or something else, and wherever they stand.
  @Test func mergedValuesAreThereOnce() {
    for first in Self.all.indices {
      for last in first..<Self.all.count {
        for changed in [nil, first, last] {
          var other = Array(Self.all[first...last].reversed())
          if last % 2 == 0 { other.reverse() }
          let id = changed.map { Self.all[$0].0 }
          other = other.map { ($0.0, $0.0 == id ? .int(77) : $0.1) } + [(.url, .text("/"))]
          var values = packed(Self.all)
          values.merge(packed(other))
          #expect(values.items.count == Self.all.count + 1)
          for (id, value) in other { #expect(values[id] == value) }
          for (id, value) in Self.all where !other.contains(where: { $0.0 == id }) {
            #expect(values[id] == value)
          }
        }
      }
    }
  }

  @Test func textOffTheWireIsRepaired() {
    var values = FieldValues()
    values.add(.path, text: ([0x2f, 0xff, 0x61] as [UInt8]).rawSpan)
    values.add(.url, text: Array("/ü".utf8).rawSpan)
    #expect(values[.path] == .text("/\u{fffd}a"))
    #expect(values[.url] == .text("/ü"))
  }
}

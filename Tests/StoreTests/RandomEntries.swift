import Bytes
import Entries
import TestSupport

@testable import Store

/// Random entries of all kinds, with all types of values, and some shape of real traffic.
struct RandomEntries {
  private var random: SeededGenerator
  private var now: Int64 = 1_700_000_000_000_000_000
  private let workloads: [Workload]

  init(seed: UInt64) {
    random = SeededGenerator(seed: seed)
    workloads = (0..<12).map { number in
      Workload(
        pod: number % 3 == 0 ? nil : "pod-\(number)", podNamespace: "ns-\(number % 4)",
        service: number % 4 == 0 ? nil : "service-\(number)", serviceNamespace: "ns-\(number % 4)",
        node: "node-\(number % 2)",
        owner: number % 2 == 0 ? nil : Workload.Owner(kind: "Deployment", name: "d-\(number)"),
        labels: number % 5 == 0 ? [:] : ["app": "a\(number)", "tier": "", "": "odd"],
        annotations: number == 7 ? ["note": "ü → \u{0}"] : [:],
        dns: number == 3 ? "example.org" : nil, process: number == 4 ? "nginx" : nil)
    }
  }

  /// - Parameter kinds: what to choose from.
  mutating func entries(_ count: Int, kinds: [ProtocolKind] = ProtocolKind.allCases) -> [Entry] {
    (0..<count).map { _ in entry(kinds[below(kinds.count)]) }
  }

  /// Bytes that do not compress.
  mutating func bytes(_ count: Int) -> [UInt8] {
    (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) }
  }

  private mutating func below(_ limit: Int) -> Int { Int(random.next() % UInt64(limit)) }
  private mutating func chance(_ oneIn: Int) -> Bool { below(oneIn) == 0 }

  private mutating func endpoint() -> Endpoint {
    let address =
      chance(5)
      ? IPAddress(high: 0xfd00 << 48, low: UInt64(below(9)))
      : IPAddress(v4: 0x0a00_0000 | UInt32(below(40)))
    let workload = chance(3) ? nil : workloads[below(workloads.count)]
    return Endpoint(address: address, port: UInt16(below(65_536)), workload: workload)
  }

  private mutating func text() -> String {
    let choices = ["", "a", "GET", "/orders/\(below(300))", "größer", "line\nbreak\u{0}"]
    return chance(4) ? String(repeating: "x", count: below(70)) : choices[below(choices.count)]
  }

  private mutating func entry(_ kind: ProtocolKind) -> Entry {
    now += Int64(below(5_000_000)) - (chance(10) ? 20_000_000 : 0)
    let first = UInt64(below(1_000_000))
    var entry = Entry(
      kind: kind, transport: chance(3) ? .udp : .tcp, timestamp: Timestamp(nanoseconds: now),
      elapsed: chance(6) ? nil : Int64(below(1_000_000)), source: endpoint(),
      destination: endpoint(), stream: chance(50) ? .max : UInt64(below(500)),
      index: UInt32(below(20)), packets: first...first + UInt64(below(30)),
      hasRequest: !chance(9), hasResponse: !chance(8), requestSize: Int64(below(4_000)),
      responseSize: chance(100) ? .max : Int64(below(90_000)), failed: chance(20),
      fault: chance(15) ? Entry.Fault(.timeout, text()) : nil, decrypted: chance(30))
    addFields(to: &entry)
    if !chance(3) { entry.request = content() }
    if !chance(3) { entry.response = content() }
    return entry
  }

  private mutating func addFields(to entry: inout Entry) {
    switch entry.kind {
    case .dns:
      entry.fields.add(.dnsQuestions, .texts((0..<below(3)).map { _ in text() }))
      entry.fields.add(.dnsAnswers, .texts((0..<below(5)).map { _ in text() }))
      if chance(2) { entry.fields.add(.dnsRcode, .text("NOERROR")) }
    case .tcp:
      entry.fields.add(.tcpPayload, .bytes((0..<below(60)).map { _ in UInt8(below(256)) }))
      if chance(3) { entry.fields.add(.hasPCAP, .bool(chance(2))) }
    case .tcpConn:
      entry.fields.add(
        .tcpMetrics,
        .numbers((0..<below(4)).map { FieldValue.NamedNumber("m\($0)", Double(below(1_000)) / 7) }))
      entry.fields.add(.metricInitialRTT, .int(Int64(below(900_000))))
    default:
      entry.fields.add(.method, .text(chance(2) ? "GET" : "POST"))
      entry.fields.add(.path, .text(text()))
      entry.fields.add(.statusCode, .int(Int64(200 + below(400))))
      if chance(2) { entry.fields.add(.host, .text(text())) }
      if chance(4) {
        entry.fields.add(
          .queryString,
          .pairs((0..<below(4)).map { HeaderBlock.Field(name: "q\($0)", value: text()) }))
      }
      if chance(9) { entry.fields.add(.details, .none) }
    }
  }

  private mutating func content() -> Content {
    var headers = HeaderBlock()
    for number in 0..<below(5) { headers.append("name-\(number)", text()) }
    let body = chance(2) ? [] : [UInt8](repeating: UInt8(below(256)), count: below(400))
    return Content(
      headers: headers, body: body, bodyLength: Int64(body.count + (chance(4) ? 77 : 0)))
  }
}

/// The entries in the order of a block.
func inBlockOrder(_ entries: [Entry]) -> [Entry] {
  entries.enumerated().sorted { a, b in
    (a.element.timestamp.nanoseconds, a.element.stream, a.element.index, a.offset)
      < (b.element.timestamp.nanoseconds, b.element.stream, b.element.index, b.offset)
  }.map(\.element)
}

/// A block of these entries, which must be of one family; nil when they make none.
func encodedBlock(of entries: [Entry], limits: StoreLimits = StoreLimits()) -> EncodedBlock? {
  var builder = BlockBuilder(BlockFamily(entries[0].kind), limits: limits)
  for entry in entries { builder.append(entry) }
  return try? builder.finish()
}

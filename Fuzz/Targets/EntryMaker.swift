import Bytes
import Entries

/// Entries made from the bytes of an input: any kind, with values in any columns of the catalogue.
enum EntryMaker {
  /// Columns that an entry carries beside its envelope.
  private static let columns: [Field] = FieldID.allCases.map { Catalogue[$0] }.filter { field in
    guard case .column = field.source, field.type != .record else { return false }
    return full.envelope(field.id) == .none
  }

  /// An entry of which every part of the envelope has a value.
  private static let full: Entry = {
    let end = Endpoint(
      address: IPAddress(v4: 1), port: 1,
      workload: Workload(
        pod: "a", podNamespace: "b", service: "c", serviceNamespace: "d", node: "e",
        owner: Workload.Owner(kind: "f", name: "g"), labels: ["h": "i"], annotations: ["j": "k"],
        dns: "l", process: "m"))
    return Entry(
      kind: .http, transport: .tcp, timestamp: Timestamp(nanoseconds: 1), elapsed: 1, source: end,
      destination: end, stream: 1, index: 1, packets: 1...2, hasRequest: true, hasResponse: true,
      requestSize: 1, responseSize: 1, failed: true, fault: Entry.Fault(.timeout, "n"),
      decrypted: true)
  }()

  private static let texts = [
    "", "GET", "POST", "/api/orders", "/api/users/42", "/", "a", "HTTP/2", "ebpf_tls", "orders",
    "Größe", "10.0.0.7", "7", "NXDOMAIN", "x\u{0}y", "200",
  ]
  private static let numbers: [Int64] = [
    0, 1, -1, 200, 404, 500, 503, 8_080, 1 << 40, .max, .min, 7, 99, 3, 14, 1_062,
  ]
  private static let workloads: [Workload?] = [
    nil,
    Workload(
      pod: "orders-1", podNamespace: "shop", service: "orders", serviceNamespace: "shop",
      node: "node-1", owner: Workload.Owner(kind: "Deployment", name: "orders"),
      labels: ["app": "orders", "tier": "backend"], annotations: ["": "odd"], process: "java"),
    Workload(service: "payments", serviceNamespace: "money", dns: "pay.example.com"),
    Workload(dns: "api.example.com"),
  ]

  static func entry(_ input: inout FuzzInput, number: Int) -> Entry {
    let shape = input.uint8()
    var entry = Entry(
      kind: input.pick(ProtocolKind.allCases), transport: shape & 1 == 0 ? .tcp : .udp,
      timestamp: Timestamp(milliseconds: 1_700_000_000_000 + Int64(input.uint8()) * 250),
      elapsed: shape & 2 == 0 ? nil : input.pick([0, 1, 999, 2_500, 40_000, 7_000_000_000]),
      source: endpoint(&input), destination: endpoint(&input), stream: UInt64(number) + 1,
      index: UInt32(shape >> 6), packets: 3...(3 + UInt64(input.uint8())),
      hasRequest: shape & 4 == 0, hasResponse: shape & 12 != 4,
      requestSize: input.pick(numbers), responseSize: input.pick(numbers),
      failed: shape & 16 != 0,
      fault: shape & 32 == 0 ? nil : Entry.Fault(.timeout, input.pick(texts)))
    for _ in 0..<input.below(12) {
      let field = columns[Int(input.uint16()) % columns.count]
      let value = value(of: field.type, &input)
      if entry.fields[field.id] == .none { entry.fields.add(field.id, value) }
    }
    if entry.hasRequest { entry.request = content(&input) }
    if entry.hasResponse { entry.response = content(&input) }
    return entry
  }

  private static func endpoint(_ input: inout FuzzInput) -> Endpoint {
    let choice = input.uint8()
    let address =
      choice & 128 == 0
      ? IPAddress(v4: 0x0a00_0000 | UInt32(choice & 7)) : IPAddress(high: 0xfd00 << 48, low: 1)
    return Endpoint(
      address: address, port: UInt16(choice & 1) * 8_080,
      workload: workloads[Int(choice >> 4 & 3)])
  }

  private static func value(of type: FieldType, _ input: inout FuzzInput) -> FieldValue {
    switch type {
    case .bool: .bool(input.flag())
    case .int: .int(input.pick(numbers))
    case .text: .text(input.pick(texts))
    case .bytes: .bytes(input.take(input.below(9)))
    case .instant: .instant(Timestamp(milliseconds: Int64(input.uint16()) * 1_000_000_000))
    case .texts: .texts((0..<input.below(4)).map { _ in input.pick(texts) })
    case .pairs:
      .pairs(
        (0..<input.below(4)).map { _ in
          HeaderBlock.Field(name: input.pick(texts), value: input.pick(texts))
        })
    case .numbers:
      .numbers(
        (0..<input.below(4)).map { index in
          FieldValue.NamedNumber("m\(index)", Double(input.pick(numbers)) / 7)
        })
    case .record: .none
    }
  }

  private static func content(_ input: inout FuzzInput) -> Content? {
    let shape = input.uint8()
    if shape & 3 == 0 { return nil }
    var headers = HeaderBlock()
    for _ in 0..<(shape >> 2 & 3) {
      headers.append(
        input.pick(["Host", "Content-Type", "cookie", "authorization", ""]), input.pick(texts))
    }
    let body = shape & 16 == 0 ? [] : Array(#"{"coupon":1}"#.utf8)
    return Content(headers: headers, body: body, bodyLength: Int64(body.count))
  }
}

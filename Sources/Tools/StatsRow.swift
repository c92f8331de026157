import Bytes
import Dissectors
import Entries
import JSON
import Query
import ToolKit

/// The keys behind the names of `group_by`.
enum StatsKeys {
  /// Groups that are not just one field.
  static let names = [
    "endpoint", "service", "src", "dst", "namespace", "pod", "node", "proto", "status", "method",
    "time",
  ]

  /// Other names that groups are asked for by: those of arguments.
  private static let synonyms = [
    "svc": "service", "ns": "namespace", "client": "src", "server": "dst", "protocol": "proto",
  ]

  /// The name of a group, or of a field that can be one.
  static func checked(_ given: String) throws(ToolError) -> String {
    let name = synonyms[given] ?? given
    if names.contains(name) { return name }
    switch Catalogue.named(name)?.type {
    case .bool, .int, .text, .bytes, .instant, .texts: return name
    case .pairs, .numbers, .record:
      throw .invalid(
        "group_by", "\(name) holds many values of one call and cannot make groups",
        hint: "Group by one of \(names.joined(separator: ", ")), or by a field with one value.")
    case nil:
      let near = nearest(to: name, among: names + FieldSchema.fields.compactMap(\.name))
      throw .invalid(
        "group_by",
        "group_by must be one of \(names.joined(separator: ", ")), or a KFL field, "
          + "not \(JSONValue.string(name).text)",
        hint: near.map { "Did you mean \"\($0)\"?" }
          ?? "The resource net://kfl/fields, or kubeshark kfl fields, lists all fields.")
    }
  }

  /// Whether the keys of a group are words that somebody sent, not numbers or names of ours.
  static func areCaptured(_ group: String) -> Bool {
    if ["namespace", "node", "proto", "time"].contains(group) { return false }
    switch Catalogue.named(group)?.type {
    case .bool, .int, .instant: return false
    default: return true
    }
  }

  static func keys(of group: String, span: Int64?, folding: Bool) -> [GroupKey] {
    let path: GroupKey =
      folding
      ? paths(TextMap("templates") { statement($0) ?? PathTemplate.template(of: $0) })
      : paths(TextMap("statements") { statement($0) ?? $0 })
    switch group {
    // Mostly there is no database: as the first key it adds no groups and is soon passed.
    case "endpoint":
      return [.field(.mongodbDatabase), .field(.kind), method, path, destination, namespace]
    // Two namespaces may have services of one name.
    case "service", "dst": return [destination, namespace]
    case "src": return [source, .field(.sourcePodNamespace, .sourceServiceNamespace)]
    case "namespace": return [namespace]
    case "pod": return [.field(.destinationPodName, .destinationIP), namespace]
    // Where it was captured; of captures that do not say, where it was served.
    case "node": return [.field(.nodeName, .destinationNode, .sourceNode)]
    case "proto": return [.field(.kind)]
    // Over HTTP a call of gRPC has two; databases have codes of their own, other protocols words.
    case "status":
      return httpStatus + [
        .field(.grpcStatus), .field(.mysqlErrorCode),
        .field(
          .httpVersion, .postgresqlErrorCode, .mongodbErrorCodeName, .dnsRcode, .diameterResult,
          .mqttReason, .statusText, verbatim: [.dnsRcode, .mqttReason],
          map: TextMap("status words", statusWord)),
      ]
    case "method": return [.field(.kind), method]
    case "time": return [.interval(nanoseconds: span ?? 60_000_000_000)]
    default: return Catalogue.named(group).map { [.field($0.id)] } ?? []
    }
  }

  /// What makes a group of a status in words: nothing of HTTP, whose number says it all; the code
  /// that an error of Redis begins with, and not all that may follow.
  private static func statusWord(_ text: String) -> String {
    if text.hasPrefix("HTTP/") { return "" }
    guard let blank = text.firstIndex(of: " ") else { return text }
    let first = text[..<blank]
    let isCode = first.utf8.allSatisfy {
      (0x41...0x5a).contains($0) || (0x30...0x39).contains($0) || $0 == 0x5f
    }
    return isCode && !["TLS", "SSL", "DTLS"].contains(first) ? String(first) : text
  }

  /// What `classes` are counted from.
  static let httpStatus: [GroupKey] = [.field(.kind), .field(.statusCode)]

  /// What a call does, in the words of its protocol.
  private static let method = GroupKey.field(
    .gqlOperationType, .mcpMethod, .llmOperation, .method, .postgresqlCommand, .mysqlCommand,
    .mongodbCommand, .redisType, .kafkaAPIKeyName, .dnsOperation, .dnsQuestionTypes, .amqpMethod,
    .ldapType, .radiusCodeName, .diameterMethod, .mqttType, .icmpType, .sctpChunkType, .wsOpcode)

  /// What it is about. Statements that differ in their values alone are one; keys of Redis are too
  /// many to make groups.
  private static func paths(_ map: TextMap) -> GroupKey {
    .field(
      .gqlSummary, .mcpName, .llmModel, .path, .dnsQuestions, .postgresqlQuery, .mysqlQuery,
      .mongodbCollection, .kafkaGroups, .kafkaTopics, .amqpSummary, .ldapSummary, .radiusUser,
      .tlsxSummary, .diameterApplication, .mqttTopic, .icmpAbout, .sctpPayloadProtocol,
      verbatim: nameFields, map: map)
  }

  /// What a statement has in common with those that differ in their values alone; nil for other texts.
  private static func statement(_ text: String) -> String? {
    StatementTemplate.isStatement(text) ? StatementTemplate.template(of: text) : nil
  }

  /// Of these the ones that hold names, in which a slash begins nothing: `spdy/3` is a protocol.
  private static let nameFields: Set<FieldID> = [
    .llmModel, .mongodbCollection, .kafkaGroups, .kafkaTopics, .radiusUser, .tlsxSummary,
    .diameterApplication, .sctpPayloadProtocol,
  ]

  private static let destination = GroupKey.field(
    .destinationServiceName, .destinationPodName, .destinationDNS, .destinationIP)
  private static let source = GroupKey.field(
    .sourceServiceName, .sourcePodName, .sourceDNS, .sourceIP)
  private static let namespace = GroupKey.field(
    .destinationPodNamespace, .destinationServiceNamespace)

  /// The name of a protocol by the number that stands for it in a column.
  static func proto(_ value: FieldValue) -> String {
    guard case .int(let number) = value, let raw = UInt8(exactly: number),
      let kind = ProtocolKind(rawValue: raw)
    else { return "unknown" }
    return kind.name
  }

  static func counts(_ result: AggregationResult, _ group: String) -> JSONObject {
    var object = JSONObject()
    for group in result.groups { object[proto(group.keys[0])] = JSONValue(group.metrics.count) }
    return object
  }

  /// `2xx` and so on of the protocols that have such statuses.
  static func classes(_ result: AggregationResult) -> JSONObject {
    var counts: [String: Int] = [:]
    for group in result.groups {
      guard case .int(let status) = group.keys[1], status >= 100, status < 600 else { continue }
      counts["\(status / 100)xx", default: 0] += group.metrics.count
    }
    var object = JSONObject()
    for (name, count) in counts.sorted(by: { $0.key < $1.key }) { object[name] = JSONValue(count) }
    return object
  }
}

/// One group of an aggregation as it is shown.
struct StatsRow {
  private let group: String
  /// Of an endpoint: kind, method, path, service, namespace.
  private let keys: [FieldValue]
  /// In which a collection of MongoDB is.
  private let database: FieldValue
  private let metrics: Metrics
  private let redactor: Redactor

  init(group: String, _ row: AggregationResult.Group, _ redactor: Redactor) {
    (self.group, metrics) = (group, row.metrics)
    let hasDatabase = group == "endpoint"
    database = hasDatabase ? row.keys[0] : .none
    keys = hasDatabase ? Array(row.keys.dropFirst()) : row.keys
    self.redactor = redactor
  }

  /// Of an endpoint: `/api/orders`, `shop.orders`.
  private var path: String {
    let path = text(keys[2], else: "")
    guard case .text(let name) = database, !name.isEmpty else { return redactor.url(path) }
    return redactor.text(path.isEmpty ? name : name + "." + path)
  }

  /// Of an endpoint: method, path, service.
  var endpoint: JSONObject {
    var object: JSONObject = [
      "method": .string(Shown.text(text(keys[1], else: StatsKeys.proto(keys[0])))),
      "path": .string(Shown.text(path)),
      "service": .string(Shown.text(text(keys[3], else: ""))),
      "proto": .string(StatsKeys.proto(keys[0])), "count": JSONValue(metrics.count),
      "errors": JSONValue(metrics.errors), "error_rate": Self.share(metrics.errorRate),
    ]
    let namespace = text(keys[4], else: "")
    if !namespace.isEmpty { object["ns"] = .string(Shown.text(namespace)) }
    for (name, share) in [("p50", 0.5), ("p95", 0.95), ("p99", 0.99)] {
      if let value = metrics.latency.quantile(share) { object[name] = Self.milliseconds(value) }
    }
    // With the count it tells where the time goes.
    if let average = metrics.latency.average { object["avg"] = Self.milliseconds(average) }
    return object
  }

  var json: JSONObject {
    var object: JSONObject = [
      "key": .string(key), "count": JSONValue(metrics.count), "errors": JSONValue(metrics.errors),
      "error_rate": Self.share(metrics.errorRate), "bytes_in": .int(metrics.bytesIn),
      "bytes_out": .int(metrics.bytesOut),
    ]
    if let meaning { object["name"] = .string(meaning) }
    if let latency = Self.latency(metrics) { object["latency_ms"] = .object(latency) }
    return object
  }

  /// What a number stands for that filters know by number, and people by name.
  private var meaning: String? {
    guard case .int(let number)? = keys.first, let code = UInt16(exactly: number) else {
      return nil
    }
    switch Catalogue.named(group)?.id {
    case .tlsxVersion: return TLSNames.version(code)
    case .tlsxCipherSuite: return TLSNames.suite(code)
    default: return nil
    }
  }

  /// The key with the service of an endpoint.
  var name: String {
    guard group == "endpoint" else { return key }
    let service = place(3, else: "")
    return service.isEmpty ? key : key + " @ " + Shown.text(service)
  }

  /// `shop/orders`: the name of a workload in that key, with its namespace in the next.
  private func place(_ index: Int, else other: String) -> String {
    let name = text(keys[index], else: "")
    let namespace = text(keys[index + 1], else: "")
    guard !name.isEmpty else { return other }
    return namespace.isEmpty ? name : namespace + "/" + name
  }

  private var key: String {
    switch group {
    case "proto": return StatsKeys.proto(keys[0])
    case "status": return StatsKeys.proto(keys[0]) + " " + status
    case "method":
      return StatsKeys.proto(keys[0]) + " " + Shown.text(redactor.text(text(keys[1], else: "-")))
    case "endpoint":
      let method = text(keys[1], else: StatsKeys.proto(keys[0]))
      // A statement begins with its verb.
      if path.lowercased().hasPrefix(method.lowercased() + " ") { return Shown.text(path) }
      return [method, path].filter { !$0.isEmpty }.map { Shown.text($0) }.joined(separator: " ")
    case "service", "src", "dst", "pod": return Shown.text(place(0, else: "(none)"))
    default:
      if StatsKeys.names.contains(group) { return Shown.text(text(keys[0], else: "(none)")) }
      return Answer.shown(keys[0], Catalogue.named(group)?.id, redactor)
    }
  }

  /// Of gRPC its own status, and that of HTTP where it is not what belongs to it.
  private var status: String {
    let http = text(keys[1], else: "-")
    if StatsKeys.proto(keys[0]) == "grpc" {
      let own = text(keys[2], else: "-")
      let isUsual = http == (own == "-" ? "-" : "200")
      return isUsual ? own : "\(own) (http \(http))"
    }
    let codes = keys[3...].map { text($0, else: "") }.filter { !$0.isEmpty }
    let isNumbered = http != "-" && StatsKeys.proto(keys[0]) != "dns"
    return isNumbered ? http : Shown.text(redactor.text(codes.first ?? http), limit: 60)
  }

  private func text(_ value: FieldValue, else other: String) -> String {
    switch value {
    case .text(let text): text
    case .texts(let texts): texts.isEmpty ? other : texts.joined(separator: ",")
    case .int(let number): String(number)
    case .instant(let instant): instant.rfc3339
    default: other
    }
  }

  static func table(_ group: String) -> Table {
    let first =
      group == "endpoint"
      ? [Table.Column("endpoint", limit: 72), .init("service", limit: 40)]
      : [Table.Column(group, limit: 72)]
    return Table(
      first + [
        .init("calls", right: true), .init("failed", right: true), .init("rate", right: true),
        .init("p50 ms", right: true), .init("p95 ms", right: true), .init("p99 ms", right: true),
        .init("max ms", right: true),
        .init("bytes", right: true),
      ])
  }

  var cells: [String] {
    func time(_ share: Double) -> String {
      metrics.latency.quantile(share).map { Shown.milliseconds(Int64($0)) } ?? "-"
    }
    let first =
      group == "endpoint"
      ? [key, Shown.text(place(3, else: "-"))] : [meaning.map { key + " " + $0 } ?? key]
    return first + [
      Shown.count(Int64(metrics.count)), Shown.count(Int64(metrics.errors)),
      Shown.percent(metrics.errorRate), time(0.5), time(0.95), time(0.99),
      metrics.latency.count > 0 ? Shown.milliseconds(metrics.latency.maximum) : "-",
      Shown.bytes(metrics.bytesIn &+ metrics.bytesOut),
    ]
  }

  static func latency(_ metrics: Metrics) -> JSONObject? {
    let latency = metrics.latency
    guard latency.count > 0 else { return nil }
    var object: JSONObject = ["min": milliseconds(Double(latency.minimum))]
    for (name, share) in [("p50", 0.5), ("p90", 0.9), ("p95", 0.95), ("p99", 0.99)] {
      if let value = latency.quantile(share) { object[name] = milliseconds(value) }
    }
    object["max"] = milliseconds(Double(latency.maximum))
    if let average = latency.average { object["avg"] = milliseconds(average) }
    return object
  }

  /// Microseconds as milliseconds with three decimals.
  static func milliseconds(_ microseconds: Double) -> JSONValue {
    JSONValue(microseconds.rounded() / 1_000)
  }

  static func share(_ value: Double) -> JSONValue {
    JSONValue((value * 10_000).rounded() / 10_000)
  }
}

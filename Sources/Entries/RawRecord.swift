private import Bytes
package import JSON

/// The raw record of an entry: one JSON object with everything known, in the layout that
/// `format=raw` answers and `raw` of a filter reads. Made when asked for.
package struct RawRecord {
  private let row: any ColumnRow
  private let id: String

  /// - Parameter id: the entry's identifier as the tools show it.
  package init(_ row: any ColumnRow, id: String) { (self.row, self.id) = (row, id) }

  package var json: JSONObject {
    let contents = row.contents()
    let details = details
    var object: JSONObject = [
      "id": .string(id), "index": .int(row.int(.streamIndex) ?? 0),
      "stream": .string(row.text(.stream)), "worker": .string(row.text(.worker)),
      "node": .object(nonEmpty([("ip", .nodeIP), ("name", .nodeName)])),
      "protocol": .object(protocolObject), "tls": .bool(row.flag(.tls)),
      "src": .object(side(.source)), "dst": .object(side(.destination)),
    ]
    if row.flag(.tlsEarlyData) { object["earlyData"] = true }
    object.add(times)
    object["request"] = message(.request, contents, details?["request"]?.object)
    object["response"] = message(.response, contents, details?["response"]?.object)
    object["requestSize"] = .int(row.int(.requestBytes) ?? 0)
    object["responseSize"] = .int(row.int(.responseBytes) ?? 0)
    object["failed"] = .bool(row.flag(.failed))
    object["error"] = error
    object["capture"] = .object(capture)
    object["size"] = .int((row.int(.requestBytes) ?? 0) &+ (row.int(.responseBytes) ?? 0))
    object.add(crossReferences)
    if case .numbers(let figures) = row.value(.tcpMetrics) {
      // All names, so that what could not be measured is told from what is not known.
      var metrics = JSONObject(
        members: TCPMetrics.names.map { name in
          let figure = figures.first { $0.name == name }
          return .init(name: name, value: figure.map { JSONValue($0.value) } ?? .null)
        })
      metrics.add(TCPMetrics.notes(on: row))
      object["tcp_metrics"] = .object(metrics)
    }
    object.add(ownFields)
    return object
  }

  /// Times in the three resolutions the contract has.
  private var times: JSONObject {
    var object = JSONObject()
    if case .instant(let instant) = row.value(.timestamp) {
      object["timestamp"] = .int(instant.milliseconds)
      object["startTime"] = .string(instant.rfc3339)
    }
    let elapsed = row.int(.elapsed)
    object["elapsedTime"] = elapsed.map { .int($0 / 1_000) } ?? .null
    object["elapsedTimeUs"] = elapsed.map(JSONValue.int) ?? .null
    return object
  }

  /// What captured, and in which VLAN.
  private var capture: JSONObject {
    var object = nonEmpty([("backend", .captureBackend), ("source", .captureSource)])
    guard let id = row.int(.captureVLAN) else { return object }
    var vlan: JSONObject = [
      "id": .int(id), "dot1q": .bool(!row.flag(.captureVLANIsOfProvider)),
    ]
    if let inner = row.int(.captureInnerVLAN) { vlan["inner"] = .int(inner) }
    object["vlan"] = .object(vlan)
    return object
  }

  private var crossReferences: JSONObject {
    var object = JSONObject()
    if let number = row.int(.connID) { object["conn_id"] = .int(number) }
    if let number = row.int(.flowID) { object["flow_id"] = .int(number) }
    if !row.text(.nodeID).isEmpty { object["node_id"] = .string(row.text(.nodeID)) }
    return object
  }

  private var error: JSONValue {
    guard (row.int(.faultKind) ?? 0) != 0 else { return .null }
    return ["type": .string(row.text(.errorType)), "msg": .string(row.text(.faultMessage))]
  }

  private var protocolObject: JSONObject {
    var object = JSONObject()
    guard let kind = row.kind else { return object }
    object["name"] = .string(kind.isHTTP ? "http" : kind.name)
    let version = String(row.text(.httpVersion).drop { $0 != "/" }.dropFirst())
    object["version"] = .string(version == "2" ? "2.0" : version)
    object["abbr"] = .string(kind.family)
    object["macro"] = .string(kind.name)
    object["layer4"] = .string(row.text(.l4proto))
    object["layer3"] = .string(row.text(.sourceIP).contains(":") ? "ipv6" : "ipv4")
    return object
  }

  private enum Side { case source, destination }

  private func side(_ side: Side) -> JSONObject {
    let isSource = side == .source
    func either(_ source: FieldID, _ destination: FieldID) -> FieldID {
      isSource ? source : destination
    }
    var object = nonEmpty([
      ("ip", either(.sourceIP, .destinationIP)),
      ("name", either(.sourceName, .destinationName)),
      ("namespace", either(.sourceNamespace, .destinationNamespace)),
      ("pod", either(.sourcePodName, .destinationPodName)),
      ("service", either(.sourceServiceName, .destinationServiceName)),
      ("node", either(.sourceNode, .destinationNode)),
      ("dns", either(.sourceDNS, .destinationDNS)),
      ("processName", either(.sourceProcess, .destinationProcess)),
    ])
    object["port"] = .string(String(row.int(either(.sourcePort, .destinationPort)) ?? 0))
    let labels = pairs(either(.sourceLabels, .destinationLabels))
    if !labels.isEmpty { object["labels"] = .object(labels) }
    return object
  }

  private func nonEmpty(_ list: [(String, FieldID)]) -> JSONObject {
    JSONObject(
      members: list.compactMap { name, id in
        let text = row.text(id)
        return text.isEmpty ? nil : .init(name: name, value: .string(text))
      })
  }

  private func pairs(_ id: FieldID) -> JSONObject {
    guard case .pairs(let pairs) = row.value(id) else { return JSONObject() }
    return JSONObject(members: pairs.map { .init(name: $0.name, value: .string($0.value)) })
  }

  private var details: JSONObject? {
    let text = row.details
    guard !text.isEmpty, let value = try? JSONReader.value(of: text) else { return nil }
    return value.object
  }
}

// The two messages.
extension RawRecord {
  private enum Half { case request, response }

  /// One message: what its protocol shows, then what `details` adds; null when it was not seen.
  private func message(_ half: Half, _ contents: Contents, _ details: JSONObject?) -> JSONValue {
    guard half == .request ? row.hasRequest : row.hasResponse else { return .null }
    var object = JSONObject()
    if let kind = row.kind {
      if kind.isHTTP {
        object = half == .request ? httpRequest(contents) : httpResponse(contents)
      } else if kind == .dns {
        object = half == .request ? dnsRequest : dnsResponse
      } else if half == .request {
        object = namedRequest(kind)
      } else if kind == .kafka {
        object["size"] = .int(row.int(.responseBytes) ?? 0)
      }
    }
    if let details { object.add(details) }
    if let index = object["upgradeIndex"]?.int {
      object["upgradeIndex"] = nil
      object["upgradeId"] = .string(Self.sibling(of: id, index))
    }
    return .object(object)
  }

  /// Another entry of the same stream: ids end with the index.
  private static func sibling(of id: String, _ index: Int64) -> String {
    guard let slash = id.lastIndex(of: "/") else { return "\(index)" }
    return id[...slash] + "\(index)"
  }

  private func httpRequest(_ contents: Contents) -> JSONObject {
    let path = row.text(.path)
    var object: JSONObject = [
      "method": .string(row.text(.method)), "url": .string(row.text(.url)),
      "targetUri": .string(targetURI(contents)), "path": .string(path),
      "pathSegments": .array(path.split(separator: "/").map { .string(String($0)) }),
      "httpVersion": .string(row.text(.httpVersion)), "headers": .object(pairs(.requestHeaders)),
      "cookies": .object(pairs(.requestCookies)), "queryString": .object(pairs(.queryString)),
      "headersSize": .int(row.int(.requestHeadersSize) ?? 0),
      "bodySize": .int(row.int(.requestBodySize) ?? 0),
    ]
    if let content = contents.request, !content.body.isEmpty {
      var post: JSONObject = ["mimeType": .string(mediaType(.requestContentType, content))]
      addBody(contents, content, to: &post)
      if let text = post["text"]?.string, post["encoding"] == nil,
        post["mimeType"]?.string?.hasPrefix("application/x-www-form-urlencoded") == true
      {
        post["params"] = .array(
          URLQuery.parameters(of: "?" + text).map {
            ["name": .string($0.name), "value": .string($0.value)]
          })
      }
      object["postData"] = .object(post)
    }
    return object
  }

  /// The target with scheme and host, as far as they are known (RFC 9110 §7.1).
  private func targetURI(_ contents: Contents) -> String {
    let url = row.text(.url)
    let host = row.text(.host)
    guard url.hasPrefix("/"), !host.isEmpty else { return url }
    let scheme =
      contents.request?.headers.value(of: ":scheme") ?? (row.flag(.tls) ? "https" : "http")
    return "\(scheme)://\(host)\(url)"
  }

  private func httpResponse(_ contents: Contents) -> JSONObject {
    var object: JSONObject = [
      "status": .int(row.int(.statusCode) ?? 0), "statusText": .string(row.text(.statusText)),
      "httpVersion": .string(row.text(.httpVersion)), "headers": .object(responseHeaders(contents)),
      "cookies": .object(pairs(.responseCookies)),
      "headersSize": .int(row.int(.responseHeadersSize) ?? 0),
      "bodySize": .int(row.int(.responseBodySize) ?? 0),
    ]
    if let content = contents.response {
      var shown: JSONObject = [
        "size": .int(content.bodyLength),
        "mimeType": .string(mediaType(.responseContentType, content)),
      ]
      addBody(contents, content, to: &shown)
      object["content"] = .object(shown)
      object["redirectURL"] = .string(content.headers.value(of: "location") ?? "")
    }
    if row.kind == .grpc, let status = row.int(.grpcStatus) {
      // The HTTP status stays beside it as `status_code`.
      object["status_code"] = .int(row.int(.statusCode) ?? 0)
      object["grpcStatus"] = .int(status)
    }
    return object
  }

  /// Each Set-Cookie field stands for itself: its value may hold commas.
  private func responseHeaders(_ contents: Contents) -> JSONObject {
    var object = pairs(.responseHeaders)
    let cookies = contents.response?.headers.fields.filter { $0.name.lowercased() == "set-cookie" }
    if let cookies, !cookies.isEmpty {
      object["set-cookie"] = .array(cookies.map { .string($0.value) })
    }
    return object
  }

  private func mediaType(_ id: FieldID, _ content: Content) -> String {
    let known = row.text(id)
    return known.isEmpty ? content.headers.value(of: "content-type") ?? "" : known
  }

  private func addBody(_ contents: Contents, _ content: Content, to object: inout JSONObject) {
    guard let body = contents.body(of: content) else { return }
    if let text = Contents.text(body) {
      object["text"] = .string(text)
    } else {
      object["encoding"] = "base64"
      object["text"] = .string(base64(body.prefix(Contents.previewLimit)))
    }
    if content.isCut || body.count > Contents.previewLimit { object["truncated"] = true }
  }

  private var dnsRequest: JSONObject {
    let types = texts(.dnsQuestionTypes)
    let questions = texts(.dnsQuestions).enumerated().map { place, name -> JSONValue in
      ["name": .string(name), "type": .string(types.indices.contains(place) ? types[place] : "")]
    }
    return [isUpdate ? "zone" : "questions": .array(questions)]
  }

  /// Whether its sections have other names and meanings (RFC 2136).
  private var isUpdate: Bool { row.text(.dnsOperation) == "UPDATE" }

  /// Fields of a request by the names its protocol's record has.
  private func namedRequest(_ kind: ProtocolKind) -> JSONObject {
    switch kind {
    case .redis:
      var object = nonEmpty([("type", .redisType), ("command", .redisCommand), ("key", .redisKey)])
      if let value = redisValue { object["value"] = .string(value) }
      return object
    case .kafka:
      var object = nonEmpty([("apiKeyName", .kafkaAPIKeyName), ("clientID", .kafkaClientID)])
      object["apiKey"] = row.int(.kafkaAPIKey).map(JSONValue.int)
      object["size"] = .int(row.int(.requestBytes) ?? 0)
      return object
    default: return JSONObject()
    }
  }

  /// Arguments of a Redis command behind its key.
  private var redisValue: String? {
    let arguments = row.text(.redisCommand).drop { $0 != " " }.dropFirst()
    let key = row.text(.redisKey)
    guard !key.isEmpty, arguments.hasPrefix(key + " ") else { return nil }
    return String(arguments.dropFirst(key.count + 1))
  }

  private var dnsResponse: JSONObject {
    var object: JSONObject = ["code": .string(row.text(.dnsRcode))]
    if !isUpdate {
      object["answers"] = .array(texts(.dnsAnswers).map { ["data": .string($0)] })
    }
    return object
  }

  private func texts(_ id: FieldID) -> [String] {
    if case .texts(let texts) = row.value(id) { texts } else { [] }
  }

  /// Fields of the entry's own protocol by their KFL names, and the state of connections.
  private var ownFields: JSONObject {
    guard let kind = row.kind, kind != .http, kind != .http2, kind != .dns else {
      return JSONObject()
    }
    let flag = Catalogue.flags.first { field in
      if case .kinds(let kinds) = field.source {
        kinds.contains(kind) && field.id != .http
      } else {
        false
      }
    }
    var object = JSONObject()
    for field in Catalogue.named where field.scope != nil && isOwn(field, kind, flag?.name) {
      guard let name = field.name, let value = row.value(field.id).json else { continue }
      object[name] = value
    }
    return object
  }

  private func isOwn(_ field: Field, _ kind: ProtocolKind, _ flag: String?) -> Bool {
    switch kind {
    case .tcpConn, .udpConn, .sctpConn, .icmpConn: field.scope == "conn"
    case .tcpFlow, .udpFlow: field.scope == "flow"
    default: field.scope == flag
    }
  }
}

extension ProtocolKind {
  /// Whether its fields are those of HTTP.
  package var isHTTP: Bool {
    switch self {
    case .http, .http2, .grpc, .gqlv1, .gqlv2, .mcp, .llm: true
    default: false
    }
  }
}

extension FieldValue {
  /// The value as JSON; nil for none. Bytes are base64, instants RFC 3339 text.
  package var json: JSONValue? {
    switch self {
    case .none: nil
    case .bool(let flag): .bool(flag)
    case .int(let number): .int(number)
    case .text(let text): .string(text)
    case .bytes(let bytes): .string(base64(bytes))
    case .instant(let instant): .string(instant.rfc3339)
    case .texts(let texts): .array(texts.map(JSONValue.string))
    case .pairs(let pairs):
      .object(JSONObject(members: pairs.map { .init(name: $0.name, value: .string($0.value)) }))
    case .numbers(let numbers):
      .object(JSONObject(members: numbers.map { .init(name: $0.name, value: JSONValue($0.value)) }))
    }
  }
}

extension JSONObject {
  /// Sets every member of `other`.
  fileprivate mutating func add(_ other: JSONObject) {
    for member in other.members { self[member.name] = member.value }
  }
}

/// Base64 with padding (RFC 4648 §4).
package func base64(_ bytes: some Collection<UInt8>) -> String {
  let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
  var result: [UInt8] = []
  result.reserveCapacity((bytes.count + 2) / 3 * 4)
  var iterator = bytes.makeIterator()
  while let first = iterator.next() {
    let (second, third) = (iterator.next(), iterator.next())
    let group = Int(first) << 16 | Int(second ?? 0) << 8 | Int(third ?? 0)
    result.append(alphabet[group >> 18])
    result.append(alphabet[group >> 12 & 63])
    result.append(second == nil ? UInt8(ascii: "=") : alphabet[group >> 6 & 63])
    result.append(third == nil ? UInt8(ascii: "=") : alphabet[group & 63])
  }
  return String(decoding: result, as: UTF8.self)
}

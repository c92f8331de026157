import Bytes
import Decompression
import Entries
import JSON

/// A request of GraphQL over HTTP (https://graphql.github.io/graphql-over-http/draft/): a JSON body
/// with `query`, several of them in a list, a persisted query by its hash, a bare document, the
/// parameters of a GET, or a form with files (GraphQL multipart request specification).
struct GraphQLRequest {
  /// The operation that is run, of a batch the first; nil when only its hash is sent.
  private(set) var document: GraphQLDocument?
  /// The name that the request gives, or the document's own.
  private(set) var operationName: String?
  private(set) var variables: JSONObject?
  /// Requests in the body.
  private(set) var batch = 1
  /// Hash of a persisted query.
  private(set) var hash: String?

  /// A request that was not seen.
  init() {}

  /// The request in a body, or in the target of a GET; nil when it is none.
  init?(_ content: Content?, url: String) {
    if let content {
      self.init(body: content)
    } else {
      self.init(url: url)
    }
  }

  private init?(body content: Content) {
    self.init()
    var body = content.body
    let type = content.headers.value(of: "content-type")?.lowercased() ?? ""
    if type.hasPrefix("application/graphql"), !type.contains("json") {
      document = GraphQLDocument(body, isCut: content.isCut)
      operationName = document?.name
      if document == nil { return nil }
      return
    }
    if type.hasPrefix("multipart/form-data") {
      guard let place = Self.operations(in: body.rawSpan) else { return nil }
      body = Array(body[place])
    }
    guard Self.mayHoldQuery(body.rawSpan), let value = JSONReader.value(ofCut: body) else {
      return nil
    }
    let list = value.array
    guard let object = (list?.first ?? value).object,
      let request = GraphQLRequest(object, isCut: content.isCut, batch: list?.count ?? 1)
    else { return nil }
    self = request
  }

  /// Place of the JSON that a form with files has instead of a body: its part `operations`.
  private static func operations(in form: RawSpan) -> Range<Int>? {
    guard let name = form.firstOffset(of: "name=\"operations\""),
      let head = form.suffix(from: name).firstOffset(of: "\r\n\r\n")
    else { return nil }
    let start = name + head + 4
    let end = form.suffix(from: start).firstOffset(of: "\r\n--").map { start + $0 }
    return start..<(end ?? form.byteCount)
  }

  private init?(url: String) {
    let parameters = URLQuery.parameters(of: url)
    func value(_ name: String) -> String? { parameters.first { $0.name == name }?.value }
    self.init()
    operationName = value("operationName")
    hash =
      value("extensions").flatMap { try? JSONReader.value(of: $0) }?["persistedQuery"]?[
        "sha256Hash"]?.string
    if let text = value("query") {
      document = GraphQLDocument(Array(text.utf8), operationName: operationName)
      if document == nil { return nil }
    } else if hash == nil {
      return nil
    }
    operationName = operationName ?? document?.name
    variables = value("variables").flatMap { try? JSONReader.value(of: $0) }?.object
  }

  private init?(_ object: JSONObject, isCut: Bool, batch: Int) {
    self.batch = batch
    operationName = object["operationName"]?.string
    variables = object["variables"]?.object
    hash = object["extensions"]?["persistedQuery"]?["sha256Hash"]?.string
    if let text = object["query"]?.string, !text.isEmpty {
      document = GraphQLDocument(
        Array(text.utf8), operationName: operationName, isCut: isCut)
      if document == nil { return nil }
    } else if hash == nil {
      return nil
    }
    operationName = operationName ?? document?.name
  }

  /// Whether somewhere a member `query` has a text that begins as a document does, or a persisted
  /// query is named: told from other JSON without reading it.
  private static func mayHoldQuery(_ body: RawSpan) -> Bool {
    guard var at = body.firstOffset(of: "\"query\"") else {
      return body.firstOffset(of: "\"persistedQuery\"") != nil
    }
    at += 7
    func skipBlanks() {
      while at < body.byteCount, isBlank(body.byte(at)) || body.byte(at) == 0x0a { at += 1 }
    }
    skipBlanks()
    guard at < body.byteCount, body.byte(at) == 0x3a else { return false }
    at += 1
    skipBlanks()
    guard at + 1 < body.byteCount, body.byte(at) == 0x22 else { return false }
    at += 1
    skipBlanks()
    guard at < body.byteCount else { return false }
    // `{`, `query`, `mutation`, `subscription`, `fragment`, a comment, an escaped line break.
    return "{qmsf#\\,".utf8.contains(body.byte(at))
  }

  /// What a row shows: the operation's name, else its root fields.
  var summary: String? {
    if let operationName, !operationName.isEmpty { return operationName }
    guard let fields = document?.rootFields, !fields.isEmpty else { return nil }
    return fields.joined(separator: ",")
  }

  // MARK: Into the entry

  func complete(_ entry: inout Entry, _ body: HTTPBody) {
    let reply = GraphQLReply(body)
    entry.kind = Self.isSecondVersion(entry, body) ? .gqlv2 : .gqlv1
    if let document {
      entry.fields.add(.gqlOperationType, .text(document.operation.rawValue))
      entry.fields.add(.gqlRootFields, .texts(document.rootFields))
    }
    if let operationName, !operationName.isEmpty {
      entry.fields.add(.gqlOperationName, .text(operationName))
    }
    if let summary { entry.fields.add(.gqlSummary, .text(summary)) }
    if entry.hasRequest, batch != 1 { entry.fields.add(.gqlBatch, int: Int64(batch)) }
    guard entry.hasResponse else { return }
    entry.fields.add(.gqlErrors, int: Int64(reply.errors))
    if reply.errors > 0 { entry.failed = true }
  }

  /// Whether the answer has a media type of its own, is sent in parts, or was asked for so.
  private static func isSecondVersion(_ entry: Entry, _ body: HTTPBody) -> Bool {
    if body.type.hasPrefix("application/graphql-response+json") || body.isEvents
      || body.type.hasPrefix("multipart/mixed")
    {
      return true
    }
    let accepted = entry.request?.headers.value(of: "accept")?.lowercased() ?? ""
    return accepted.contains("application/graphql-response+json")
  }

  // MARK: Details

  static func write(_ row: any ColumnRow, _ content: Content?, to writer: inout JSONWriter) {
    var url = ""
    if case .text(let text) = row.column(.url) { url = text }
    let hasBody = content?.body.isEmpty == false
    guard let request = GraphQLRequest(hasBody ? content : nil, url: url) else { return }
    request.write(to: &writer)
  }

  private func write(to writer: inout JSONWriter) {
    if let document {
      writer.name("operationType")
      writer.write(document.operation.rawValue)
      writer.name("rootFields")
      writer.write(.array(document.rootFields.map(JSONValue.string)))
    }
    if let operationName {
      writer.name("operationName")
      writer.write(operationName)
    }
    if let variables {
      writer.name("variables")
      writer.write(variables)
    }
    if let hash {
      writer.name("persistedQuery")
      writer.write(hash)
    }
    if batch != 1 {
      writer.name("batch")
      writer.write(batch)
    }
  }
}

/// The answer to a request, to all of a batch, or the parts of one: how many errors there are.
struct GraphQLReply {
  /// Errors that are shown.
  private static let maxShown = 8
  private static let maxMessage = 256

  private(set) var errors = 0
  private var shown: [JSONObject] = []
  private var hasData = false

  init(_ body: HTTPBody) {
    if body.type.hasPrefix("multipart/mixed") {
      for part in Self.parts(of: body) { read(part) }
    } else {
      for (value, _) in body.values { read(value) }
    }
  }

  /// JSON bodies of a reply in parts: what stands between an empty line and the next boundary.
  private static func parts(of body: HTTPBody) -> [JSONValue] {
    let bytes = body.bytes.rawSpan
    var parts: [JSONValue] = []
    var at = 0
    while let head = bytes.suffix(from: at).firstOffset(of: "\r\n\r\n") {
      let start = at + head + 4
      let end = bytes.suffix(from: start).firstOffset(of: "\r\n--").map { start + $0 }
      if let part = try? JSONReader.value(of: bytes.slice(start..<(end ?? bytes.byteCount)).array())
      {
        parts.append(part)
      }
      guard let end else { break }
      at = end
    }
    return parts
  }

  private mutating func read(_ value: JSONValue) {
    // Behind `next` events of graphql-sse, and in parts of a deferred answer.
    let answer = value["payload"] ?? value
    if let data = answer["data"], data != .null { hasData = true }
    var found = answer["errors"]?.array ?? []
    for part in answer["incremental"]?.array ?? [] { found += part["errors"]?.array ?? [] }
    errors += found.count
    for error in found where shown.count < Self.maxShown {
      var object = JSONObject()
      if let message = error["message"]?.string {
        object["message"] = .string(String(message.prefix(Self.maxMessage)))
      }
      object["path"] = error["path"]
      object["code"] = error["extensions"]?["code"]
      shown.append(object)
    }
  }

  func write(to writer: inout JSONWriter) {
    writer.name("hasData")
    writer.write(hasData)
    writer.name("errorCount")
    writer.write(errors)
    if shown.isEmpty { return }
    writer.name("errors")
    writer.write(.array(shown.map(JSONValue.object)))
  }
}

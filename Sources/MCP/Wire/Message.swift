package import JSON

/// What one line from the client says.
package enum Message: Hashable, Sendable {
  case single(Envelope)
  /// A JSON array; only 2025-03-26 knows what to do with it.
  case batch([Envelope])
  case notJSON(reason: String)
  /// The id is that of the request, where its beginning says it.
  case tooLong(bytes: Int, id: RequestID?)

  /// Reading happens apart from the session, so that a long line holds up nobody else.
  package init(_ line: LineSplitter.Line) {
    switch line {
    case .tooLong(let bytes, let head):
      self = .tooLong(bytes: bytes, id: LineHead.requestID(head))
    case .text(let bytes):
      do throws(JSONError) {
        let value = try JSONReader.value(of: bytes)
        if let elements = value.array {
          self = .batch(elements.map(Envelope.init))
        } else {
          self = .single(Envelope(value))
        }
      } catch {
        self = .notJSON(reason: error.description)
      }
    }
  }
}

/// One JSON-RPC 2.0 message from the client.
package enum Envelope: Hashable, Sendable {
  case request(Request)
  case notification(method: String, params: JSONObject)
  /// An answer to a question of ours, or an error in its place.
  case response(id: String, Result<JSONObject, ProtocolError>)
  /// An answer that nobody can be waiting for.
  case stray
  case invalid(ProtocolError, id: RequestID?)

  init(_ json: JSONValue) {
    guard let object = json.object else {
      self = .invalid(.invalidRequest("a message is a JSON object"), id: nil)
      return
    }
    let id = object["id"].flatMap(RequestID.init)
    guard object["jsonrpc"] == "2.0" else {
      self = .invalid(.invalidRequest(#"jsonrpc must be "2.0""#), id: id)
      return
    }
    guard let name = object["method"] else {
      self = Self.response(object) ?? .invalid(.invalidRequest("method is missing"), id: id)
      return
    }
    guard let method = name.string else {
      self = .invalid(.invalidRequest("method must be a text"), id: id)
      return
    }
    self = Self.message(method: method, id: object["id"], params: object["params"])
  }

  private static func response(_ object: JSONObject) -> Envelope? {
    // Our own ids are texts.
    let id = object["id"]?.string
    if let result = object["result"] {
      guard let id else { return .stray }
      // What is no answer is none: whoever asked must not wait for another.
      return .response(
        id: id,
        result.object.map { .success($0) } ?? .failure(.invalidRequest("a result is an object")))
    }
    guard let error = object["error"] else { return nil }
    guard let id else { return .stray }
    return .response(
      id: id,
      .failure(
        ProtocolError(
          code: error["code"]?.int.map { Int($0) } ?? -32603,
          message: error["message"]?.string ?? "the client gave an error")))
  }

  private static func message(method: String, id: JSONValue?, params: JSONValue?) -> Envelope {
    // Null is no params object, but its meaning is plain.
    let params = params.flatMap { $0.isNull ? nil : $0 } ?? .object(JSONObject())
    guard let given = id else {
      return .notification(method: method, params: params.object ?? JSONObject())
    }
    guard let id = RequestID(given) else {
      let error = ProtocolError.invalidRequest("id must be a text or a whole number")
      if case .number(let fraction) = given {
        return .invalid(error, id: RequestID(refused: fraction))
      }
      return .invalid(error, id: nil)
    }
    guard let params = params.object else {
      return .invalid(.invalidParams("params must be an object"), id: id)
    }
    return .request(Request(id: id, method: method, params: params))
  }
}

/// A call of one of our methods.
package struct Request: Hashable, Sendable {
  package var id: RequestID
  package var method: String
  package var params: JSONObject

  package init(id: RequestID, method: String, params: JSONObject) {
    (self.id, self.method, self.params) = (id, method, params)
  }

  /// The `_meta` of the params, when it is an object.
  var meta: JSONObject? { params["_meta"]?.object }

  /// What progress notifications for this request must carry.
  var progressToken: JSONValue? {
    guard let token = meta?["progressToken"], RequestID(token) != nil else { return nil }
    return token
  }
}

/// The messages that go to the client.
enum Reply {
  static func result(_ result: JSONObject, id: RequestID) -> JSONValue {
    ["jsonrpc": "2.0", "id": id.json, "result": .object(result)]
  }

  static func error(_ error: ProtocolError, id: RequestID) -> JSONValue {
    ["jsonrpc": "2.0", "id": id.json, "error": error.json]
  }

  /// For a message whose id cannot be read. JSON-RPC wants `null` there; the schemas do without
  /// an id from 2025-11-25 on.
  static func error(_ error: ProtocolError, revision: Revision?) -> JSONValue {
    if let revision, revision.leavesUnknownIDsOut {
      return ["jsonrpc": "2.0", "error": error.json]
    }
    return ["jsonrpc": "2.0", "id": .null, "error": error.json]
  }

  static func notification(_ method: String, _ params: JSONObject? = nil) -> JSONValue {
    var message: JSONObject = ["jsonrpc": "2.0", "method": .string(method)]
    if let params { message["params"] = .object(params) }
    return .object(message)
  }

  /// A question of ours.
  static func request(_ method: String, _ params: JSONObject, id: String) -> JSONValue {
    [
      "jsonrpc": "2.0", "id": .string(id), "method": .string(method), "params": .object(params),
    ]
  }
}

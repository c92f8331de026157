import Bytes
import JSON
package import ToolKit

/// Questions of ours that clients of the handshake revisions have not answered yet.
struct Questions: Sendable {
  /// All that one piece of work asked at once.
  private struct Round {
    var waiting: Set<String>
    var answers: [String: JSONObject] = [:]
    let begun: Duration
  }

  private var rounds: [Ticket: Round] = [:]
  /// Whose question that is, and its key there, by the id it was sent under.
  private var sent: [String: (ticket: Ticket, key: String)] = [:]

  mutating func begin(_ ticket: Ticket, _ keysByID: [String: String], at now: Duration) {
    forget(ticket)
    rounds[ticket] = Round(waiting: Set(keysByID.keys), begun: now)
    for (id, key) in keysByID { sent[id] = (ticket, key) }
  }

  /// An answer came; gives all answers of the round with the last of them.
  mutating func answered(_ id: String, _ answer: JSONObject) -> (Ticket, [String: JSONObject])? {
    guard let (ticket, key) = sent.removeValue(forKey: id) else { return nil }
    rounds[ticket]?.waiting.remove(id)
    rounds[ticket]?.answers[key] = answer
    guard let round = rounds[ticket], round.waiting.isEmpty else { return nil }
    rounds[ticket] = nil
    return (ticket, round.answers)
  }

  /// An error came in place of an answer: whose round is over.
  mutating func failed(_ id: String) -> Ticket? {
    guard let ticket = sent[id]?.ticket else { return nil }
    forget(ticket)
    return ticket
  }

  /// Since when this work waits for answers; nil when it does not.
  func begun(_ ticket: Ticket) -> Duration? { rounds[ticket]?.begun }

  mutating func forget(_ ticket: Ticket) {
    guard let round = rounds.removeValue(forKey: ticket) else { return }
    for id in round.waiting { sent[id] = nil }
  }
}

/// Asking the client: by requests of our own, or by results that ask it to come again.
extension Session {
  /// The work of `ticket` asks the client, by requests of our own.
  package mutating func ask(
    _ ticket: Ticket, _ asked: [Question], at now: Duration = .zero
  ) -> [Action] {
    guard let entry = pending[ticket], !entry.revision.isStateless else { return [] }
    var keys: [String: String] = [:]
    var actions: [Action] = []
    for question in asked {
      issued += 1
      let id = "srv-\(issued)"
      keys[id] = question.key
      actions.append(
        .send(
          Reply.request(question.kind.rawValue, question.params, id: id), to: entry.origin))
    }
    questions.begin(ticket, keys, at: now)
    return actions
  }

  /// Time has passed: a client that has not answered what was asked last is waited for no longer,
  /// when its time is over.
  package mutating func gaveUp(_ ticket: Ticket, at now: Duration) -> [Action] {
    guard let begun = questions.begun(ticket), now - begun >= limits.patience else { return [] }
    questions.forget(ticket)
    let error = ToolError(
      status: 408, code: "no_answer", message: "The client did not answer the question in time.",
      hint: "Call again when the user is there.")
    return [.answer(ticket, .failure(error))]
  }

  mutating func answered(
    _ id: String, _ result: Result<JSONObject, ProtocolError>
  ) -> [Action] {
    switch result {
    case .success(let answer):
      guard let (ticket, answers) = questions.answered(id, answer) else { return [] }
      return [.answer(ticket, .success(answers))]
    case .failure(let error):
      guard let ticket = questions.failed(id) else { return [] }
      let error = ToolError(
        status: 502, code: "not_answered",
        message: "The client refused the question: \(error.message)")
      return [.answer(ticket, .failure(error))]
    }
  }

  // MARK: Results that ask

  /// The result that asks the client to come again with answers. What it brought already is
  /// sealed into it, so that nothing has to be remembered here.
  mutating func inputRequired(
    _ requests: JSONObject, _ entry: Pending, _ now: Duration
  ) throws(ProtocolError) -> JSONObject {
    guard let digest = entry.digest else {
      throw .internalError("this request cannot be asked to come again")
    }
    issued += 1
    let given = entry.terms.given.sorted { $0.key < $1.key }
      .map { JSONObject.Member(name: $0.key, value: .object($0.value)) }
    let state = sealer.seal([
      "digest": .string(digest), "number": JSONValue(issued),
      "until": .int((now + limits.answersLast).wholeMilliseconds),
      "given": .object(JSONObject(members: given)),
    ])
    return Stateless.complete(
      ["inputRequests": .object(requests), "requestState": .string(state)], identity,
      type: "input_required")
  }

  /// The answers a request brought, and what later ones are bound to.
  mutating func answers(
    in request: Request, _ now: Duration
  ) throws(ProtocolError) -> ([String: JSONObject], digest: String) {
    var params = request.params
    for name in ["_meta", "inputResponses", "requestState"] { params[name] = nil }
    let digest = Sealer.digest(["method": .string(request.method), "params": .object(params)])
    let brought = try Self.responses(request.params["inputResponses"])
    // Answers that belong to no question of ours count for nothing: the question is asked.
    guard let text = request.params["requestState"] else { return ([:], digest) }
    guard let state = text.string.flatMap(sealer.open), state["digest"]?.string == digest,
      let number = state["number"]?.int, let until = state["until"]?.int
    else { throw .invalidParams("requestState was not made here for this request") }
    spent = spent.filter { $0.value > now }
    guard now.wholeMilliseconds < until, spent[Int(number)] == nil else {
      throw .invalidParams("requestState has expired or was used; send the request without it")
    }
    spent[Int(number)] = .milliseconds(until)
    var given = brought
    for member in state["given"]?.object?.members ?? [] where given[member.name] == nil {
      given[member.name] = member.value.object
    }
    return (given, digest)
  }

  static func responses(_ value: JSONValue?) throws(ProtocolError) -> [String: JSONObject] {
    guard let value else { return [:] }
    guard let object = value.object else {
      throw .invalidParams("inputResponses must be an object")
    }
    var responses: [String: JSONObject] = [:]
    for member in object.members {
      guard let response = member.value.object else {
        throw .invalidParams("the response \(member.name) must be an object")
      }
      responses[member.name] = response
    }
    return responses
  }
}

extension Duration {
  var wholeMilliseconds: Int64 {
    components.seconds * 1_000 + components.attoseconds / 1_000_000_000_000_000
  }
}

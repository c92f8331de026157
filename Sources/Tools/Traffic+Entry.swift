import Bytes
import JSON
import Pipeline
import Query
import ToolKit

extension Traffic {
  /// The entry that `id` names, with `node_id` where the id does not carry the node.
  ///
  /// - Throws: what is wrong with the id, or that there is no such entry, or none any more.
  func entry(_ arguments: Arguments) async throws(ToolError) -> EntryView {
    let text = arguments.text(.id) ?? ""
    guard var id = EntryID(text) else {
      throw .invalid(
        "id", "\(JSONValue.string(String(text.prefix(64))).text) is not the id of a call",
        hint: "Ids look like local/42/0; list_api_calls gives them.")
    }
    if let node = arguments.text(GetAPICall.node) {
      guard id.node == nil || id.node == node else {
        throw .invalid(
          "node_id", "the id \(JSONValue.string(text).text) is of another node",
          hint: "Leave node_id out: the id carries the node.")
      }
      id.node = node
    }
    let asked = id
    let found = try await ask { (source) throws(QueryError) in try await source.entry(asked) }
    guard case .found(let view) = found else { throw missing(text, found) }
    return view
  }

  private func missing(_ id: String, _ lookup: EntryLookup) -> ToolError {
    let shown = JSONValue.string(String(id.prefix(64))).text
    let statistics = coverage.statistics
    // The store counts from its opening on; what left before that is in the statistics.
    if case .unknown(let oldestKept) = lookup, !oldestKept || statistics.entriesExpired > 0 {
      var gone = ToolError(
        status: 410, code: "expired",
        message: "The call \(shown) is not kept any more, or never was.",
        hint: "Older traffic has made room for newer; list_api_calls gives what is there.")
      gone.details["oldest_ts"] = statistics.oldest.map { JSONValue.int($0.milliseconds) }
      gone.details["newest_ts"] = statistics.newest.map { JSONValue.int($0.milliseconds) }
      return gone
    }
    return .notFound(
      "There is no call with the id \(shown).",
      hint: "list_api_calls gives the ids of this traffic.")
  }
}

package import Store

/// What is still open on each agent, as its Hub shows it: the blocks of its latest report, until a
/// newer one takes their place.
///
/// A value; whoever owns it also tells the store.
package struct OpenShelf: Sendable {
  /// What became of a report.
  package enum Verdict: String, Hashable, Sendable {
    /// It is shown.
    case shown
    /// Blocks that it names are not here: nothing is shown until they are sent.
    case missing
    /// There is no room for it: nothing is shown.
    case full
    /// A later report came before it: that one is shown.
    case overtaken
  }

  private struct Member {
    var instance: String
    var number: UInt64
    var blocks: [EncodedBlock] = []

    var bytes: Int { blocks.reduce(0) { $0 + $1.bytes.count } }
  }

  /// Bytes of the blocks of all agents.
  package let limit: Int
  package private(set) var bytes = 0
  private var members: [String: Member] = [:]

  package init(limit: Int) { self.limit = limit }

  /// Takes a report with the blocks that came with it.
  ///
  /// - Returns: what became of it, and the blocks that are to be shown of that agent from now on;
  ///   nil for those that are shown already.
  package mutating func take(
    _ report: AgentReport, _ sent: [EncodedBlock], from node: String
  ) -> (verdict: Verdict, blocks: [EncodedBlock]?) {
    guard let open = report.open else { return (.shown, forget(node) ? [] : nil) }
    let before = members[node]
    if let before, before.instance == report.instance, open.number < before.number {
      return (.overtaken, nil)
    }
    var known: [BlockID: EncodedBlock] = [:]
    for block in before?.blocks ?? [] { known[block.id] = block }
    // Records of connections and flows only: calls are never taken back.
    for block in sent where block.header.family == .connections { known[block.id] = block }
    let blocks = open.blocks.compactMap { known[$0] }
    var member = Member(instance: report.instance, number: open.number)
    var verdict = blocks.count == open.blocks.count ? Verdict.shown : .missing
    let others = bytes - (before?.bytes ?? 0)
    if verdict == .shown, others + blocks.reduce(0, { $0 + $1.bytes.count }) > limit {
      verdict = .full
    }
    if verdict == .shown { member.blocks = blocks }
    members[node] = member
    bytes = others + member.bytes
    let isSame = member.blocks.map(\.id) == (before?.blocks ?? []).map(\.id)
    return (verdict, isSame ? nil : member.blocks)
  }

  /// Lets go of what an agent had open.
  ///
  /// - Returns: whether there was anything.
  package mutating func forget(_ node: String) -> Bool {
    guard let member = members.removeValue(forKey: node) else { return false }
    bytes -= member.bytes
    return !member.blocks.isEmpty
  }

  /// Agents that have reported what is open.
  package var nodes: [String] { Array(members.keys) }
}

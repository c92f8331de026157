import Bytes
import Dissectors
import Entries
import Flows
import JSON
import Layers

/// Conversations for one dissector that must take them, whatever they are, and for all of them
/// together, of which one may recognise them.
enum DissectionTarget {
  static let all: [FuzzTarget] =
    DissectorCatalogue.all.sorted { $0.name < $1.name }.map { row in
      FuzzTarget(row.name, "a conversation, taken for \(row.name)", maxLength: 8 << 10) {
        bytes throws(BrokenLaw) in
        var forced = row
        forced.recognise = { _, _, _ in .yes(.certain) }
        forced.transports = [.tcp, .udp, .icmp, .icmpv6, .sctp]
        let conversing = Conversing(bytes)
        try survive(conversing, [forced])
        let whole = try dissect(conversing, [forced])
        // Where bytes are missing or wrong, or the beginning is, a dissector looks for a place to
        // go on, and what it sees of a piece decides.
        guard conversing.isSound, whole.isSound, row.transports.contains(.tcp) else { return }
        try split(conversing, whole, [forced], Derived(bytes))
        try truncation(conversing, whole, [forced], Derived(bytes))
      }
    } + [packets, together]

  private static let packets = FuzzTarget(
    "sctp", "SCTP packets, and what some dissector may recognise in them", maxLength: 8 << 10
  ) { bytes throws(BrokenLaw) in
    var conversing = Conversing(bytes)
    conversing.transport = .sctp
    try survive(conversing, DissectorCatalogue.all)
    for entry in try dissect(conversing, DissectorCatalogue.all).calls { try verify(entry) }
  }

  private static let together = FuzzTarget(
    "dissection", "a conversation that some dissector may recognise", maxLength: 8 << 10
  ) { bytes throws(BrokenLaw) in
    let conversing = Conversing(bytes)
    try survive(conversing, DissectorCatalogue.all)
    for entry in try dissect(conversing, DissectorCatalogue.all).calls { try verify(entry) }
  }

  static let everything = DissectorSwitches(Set(ProtocolKind.allCases))

  /// Small, so that inputs of a few kilobytes reach them.
  private static let limits: DissectionLimits = {
    var limits = DissectionLimits()
    limits.openingBytes = 256
    limits.attempts = 3
    limits.waitingPerSide = 512
    limits.waitingInAll = 700
    limits.bodyKept = 64
    limits.bodiesInAll = 150
    limits.pendingPerConversation = 4
    limits.pendingInAll = 3
    limits.messagesInAll = 6_000
    limits.firstBytes = 16
    limits.successions = 2
    return limits
  }()

  // MARK: Laws

  /// Nothing is held beyond the limits, nothing is left behind, and the conversation itself is an
  /// entry once.
  private static func survive(
    _ conversing: Conversing, _ rows: [DissectorRow]
  ) throws(BrokenLaw) {
    for limits in [limits, DissectionLimits()] {
      let dissection = Dissection(limits: limits, switches: everything, rows: rows)
      try conversing.play(to: dissection) { () throws(BrokenLaw) in
        let held = dissection.held
        try hold(held.waitingBytes <= limits.waitingInAll, "\(held.waitingBytes) bytes wait")
        try hold(held.bodyBytes <= limits.bodiesInAll, "\(held.bodyBytes) bytes of bodies are held")
        try hold(
          held.pending <= limits.pendingInAll, "\(held.pending) exchanges are unfinished")
        // The message at hand, or the trailers of one, come before room is made for them.
        let mostOfMessages = limits.messagesInAll + 300_000
        try hold(held.messageBytes <= mostOfMessages, "\(held.messageBytes) bytes are held")
        try hold(
          held.waitingBytes >= 0 && held.bodyBytes >= 0 && held.messageBytes >= 0
            && held.pending >= 0, "\(held) is held")
      }
      let entries = dissection.drain()
      let connections = entries.count { !$0.kind.isCall }
      try hold(connections == 1, "\(connections) entries of the conversation itself")
      try hold(dissection.counters.misbehaved == 0, "a dissector broke its contract")
      try hold(dissection.isIdle, "\(dissection.held) is left behind")
      dissection.finish()
      try hold(dissection.readyCount == 0, "something was left to finish")
      for entry in entries {
        let ids = entry.fields.items.map(\.id)
        try hold(Set(ids).count == ids.count, "a field is there twice: \(ids)")
        for content in [entry.request, entry.response] {
          let kept = content?.body.count ?? 0
          try hold(kept <= limits.bodyKept, "\(kept) bytes of a body are kept")
          try hold(Int64(kept) <= content?.bodyLength ?? 0, "more of a body is kept than there was")
        }
      }
    }
  }

  /// The same bytes cut elsewhere give the same messages, in the order they began. When they are
  /// over may differ: a reply that came ahead of its request is read behind the piece with that.
  private static func split(
    _ conversing: Conversing, _ whole: Dissected, _ rows: [DissectorRow], _ derived: Derived
  ) throws(BrokenLaw) {
    let whole = whole.essences
    for limit in [3, 40] {
      let dissected = try dissect(conversing, rows, .pieces(upTo: limit, derived))
      try hold(dissected.isSound, "cut into pieces, something is malformed")
      let parts = dissected.essences
      guard parts != whole else { continue }
      let at = zip(parts, whole).prefix { $0 == $1 }.count
      let (cut, uncut) = (at < parts.count ? parts[at] : "-", at < whole.count ? whole[at] : "-")
      throw BrokenLaw("cut into pieces, message \(at) is\n\(cut)\nand uncut it is\n\(uncut)")
    }
  }

  /// What ends early gives a beginning of the messages.
  private static func truncation(
    _ conversing: Conversing, _ whole: Dissected, _ rows: [DissectorRow], _ derived: Derived
  ) throws(BrokenLaw) {
    var derived = derived
    guard !conversing.turns.isEmpty else { return }
    var short = conversing
    let turn = derived.below(conversing.turns.count)
    short.turns.removeSubrange((turn + 1)...)
    if case .says(let side, let bytes) = short.turns[turn] {
      short.turns[turn] = .says(side, Array(bytes.prefix(derived.below(bytes.count + 1))))
    }
    let known = Set(whole.calls.map(\.essence))
    for entry in try dissect(short, rows).calls where entry.fault == nil {
      try hold(known.contains(entry.essence), "cut in turn \(turn) there is\n\(entry.essence)")
    }
  }

  /// What became of a conversation.
  private struct Dissected {
    var calls: [Entry]
    /// Nothing of it was malformed, and nobody gave it back. It may end early.
    var isSound: Bool

    /// What cuts must not change, in the order the calls began.
    var essences: [String] { calls.sorted { $0.index < $1.index }.map(\.essence) }
  }

  private static func dissect(
    _ conversing: Conversing, _ rows: [DissectorRow], _ pace: Conversing.Pace = .whole
  ) throws(BrokenLaw) -> Dissected {
    let dissection = Dissection(switches: everything, rows: rows)
    var isSound = true
    var turns = conversing.turns.makeIterator()
    var cut: UInt64 = 0
    try conversing.play(to: dissection, pace) { () throws(BrokenLaw) in
      let short: UInt64 = dissection.counters.protocols.values.reduce(0) {
        $0 + $1.errors(of: .truncated)
      }
      // At the end of a stream a message may be too short. Before, its parts contradict its length.
      if case .finishes? = turns.next() { cut = short } else if short > cut { isSound = false }
    }
    for figures in dissection.counters.protocols.values {
      let others = WireError.Kind.allCases.filter { $0 != .truncated }
      if figures.withdrawn > 0 || others.contains(where: { figures.errors(of: $0) > 0 }) {
        isSound = false
      }
    }
    return Dissected(calls: dissection.drain().filter(\.kind.isCall), isSound: isSound)
  }

  /// Every field of an entry can be asked for, and its record is JSON.
  private static func verify(_ entry: Entry) throws(BrokenLaw) {
    let row = EntryRow(entry)
    for field in Catalogue.named where field.id != .raw { _ = row.value(field.id) }
    let record = JSONValue.object(RawRecord(row, id: "local/1/1").json)
    let text = record.text
    let again = try? JSONReader.value(of: text)
    try hold(again == record, "the record is read back as something else: \(text)")
  }
}

extension Entry {
  /// What a cut of its stream must not change.
  var essence: String {
    var lines = ["\(kind) \(index) \(requestSize)/\(responseSize) \(hasRequest) \(hasResponse)"]
    lines += ["failed \(failed) \(fault.map { "\($0.kind): \($0.message)" } ?? "")"]
    lines += fields.items.map { "\($0.id) \($0.value)" }
    for content in [request, response] {
      guard let content else { continue }
      lines += content.headers.fields.map { "\($0.name): \($0.value)" }
      lines += ["\(content.bodyLength) \(hex(content.body))"]
    }
    return lines.joined(separator: "\n")
  }
}

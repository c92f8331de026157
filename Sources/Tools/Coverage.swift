import Bytes
import JSON
import Pipeline
import Query

/// What an answer rests on: which traffic, which period, what is missing.
struct Coverage {
  var statistics: Statistics
  /// The window asked for, when it was narrower than the traffic.
  var notes: [String] = []
  /// Whether sums are left out, for they are of more traffic than whoever asks may see.
  var hidesTotals = false
  /// Where it may be found as data and in words, when it is the same as for the answer before.
  var shelf: CoverageShelf?

  /// Said instead of the sums.
  static let hiddenTotals =
    "counts of packets, and of what was lost or turned away, are of all namespaces and left out"

  /// As data and in words.
  var rendered: (json: JSONObject, text: String) { shelf?.rendered(self) ?? (json, text) }

  var json: JSONObject {
    var object: JSONObject = [
      "source": .string(source),
      "dissection_enabled": .bool(statistics.live?.isDissecting ?? true),
      "oldest_ts": statistics.oldest.map { .int($0.milliseconds) } ?? .null,
      "newest_ts": statistics.newest.map { .int($0.milliseconds) } ?? .null,
      "targeted": "unknown",
      "nodes": statistics.nodes.isEmpty
        ? [.string(EntryID.defaultNode)] : .array(statistics.nodes.map { .string($0.name) }),
    ]
    if !agents.isEmpty { object["agents"] = .object(agents) }
    if !hidesTotals {
      object["packets"] = JSONValue(statistics.packets)
      let counters = counters
      if !counters.members.isEmpty { object["counters"] = .object(counters) }
    }
    object["notes"] = .array((remarks + notes).map { .string($0) })
    return object
  }

  /// Nodes by the state of their agents.
  private var agents: JSONObject {
    var object = JSONObject()
    for (state, nodes) in Dictionary(grouping: statistics.nodes, by: \.state)
      .sorted(by: { $0.key < $1.key })
    {
      object[state] = .array(nodes.map { .string($0.name) })
    }
    return object
  }

  /// What was turned away or found wrong, by name; what is zero is left out.
  private var counters: JSONObject {
    var object = JSONObject()
    if let live = statistics.live {
      object["packets captured"] = JSONValue(live.captured)
      for (name, count) in [
        ("packets dropped by the kernel", statistics.droppedPackets),
        ("packets shed before dissection", live.shed),
        ("packets dissected without bodies", live.withoutBodies),
        ("packets dissected as flows only", live.withoutCalls),
        ("packets captured while dissection was off", live.whileOff),
        ("packets not kept as raw packets", live.notKept),
      ] where count > 0 {
        object[name] = JSONValue(count)
      }
    }
    for counter in statistics.fragmentTroubles + statistics.flowTroubles
      + statistics.dissectionTroubles
    {
      object[counter.name] = JSONValue(counter.count)
    }
    // Not in the notes: offloading on the capturing machine leaves most of them.
    for counter in statistics.wrongChecksums {
      object["wrong \(counter.name) checksums, of those sampled"] = JSONValue(counter.count)
    }
    return object
  }

  var text: String {
    var parts: [String] = []
    if let oldest = statistics.oldest, let newest = statistics.newest {
      parts.append("\(Shown.date(oldest)) to \(Shown.date(newest)) UTC")
    }
    if !hidesTotals {
      parts.append(Shown.counted(Int(clamping: statistics.packets), "packet"))
    }
    return "Coverage: "
      + ([source] + parts + remarks + notes).filter { !$0.isEmpty }
      .joined(separator: "; ") + "."
  }

  /// Files that are named; it is said with every answer, whose length is bounded.
  private static let namedSources = 6

  /// What is asked: the first files, and how many more.
  private var source: String {
    let all = statistics.sources
    guard all.count > Self.namedSources else { return all.joined(separator: ", ") }
    return all.prefix(Self.namedSources - 1).joined(separator: ", ")
      + " and \(all.count - Self.namedSources + 1) more"
  }

  /// What is still to come, what is missing and what was not understood.
  private var remarks: [String] {
    state + (hidesTotals ? [Self.hiddenTotals] : losses) + statistics.warnings
  }

  /// Whether there is more to come.
  private var state: [String] {
    if let live = statistics.live {
      return [live.isDissecting ? "live" : "live, but dissection is off: no new calls"]
        + live.away
    }
    if statistics.isGrowing { return ["the capture still grows"] }
    return statistics.isComplete ? [] : ["still reading"]
  }

  /// How much is missing or was not understood.
  private var losses: [String] {
    var remarks: [String] = []
    func add(_ count: UInt64, _ one: String, _ many: String) {
      if count > 0 {
        remarks.append("\(Shown.count(Int64(clamping: count))) " + (count == 1 ? one : many))
      }
    }
    if let live = statistics.live {
      add(
        live.shed, "packet not dissected because too many came",
        "packets not dissected because too many came")
      add(
        live.withoutCalls, "packet followed for its connection only, because too many came",
        "packets followed for their connections only, because too many came")
      add(
        live.withoutBodies, "packet read without bodies, because too many came",
        "packets read without bodies, because too many came")
      add(
        live.whileOff, "packet captured while dissection was off",
        "packets captured while dissection was off")
      add(live.notKept, "raw packet could not be kept", "raw packets could not be kept")
      add(live.entriesDropped, "entry was dropped by agents", "entries were dropped by agents")
    }
    add(statistics.bytesLost, "byte missing from streams", "bytes missing from streams")
    add(statistics.cutPackets, "packet cut by the capture", "packets cut by the capture")
    add(
      statistics.droppedPackets, "packet dropped while capturing", "packets dropped while capturing"
    )
    add(statistics.duplicates, "packet seen twice", "packets seen twice")
    add(
      statistics.unrecognised, "connection of an unknown protocol",
      "connections of an unknown protocol")
    add(
      statistics.entriesExpired, "older entry left by the limits of the store",
      "older entries left by the limits of the store")
    add(statistics.entriesLost, "entry could not be stored", "entries could not be stored")
    add(
      statistics.indexesRemoved, "index of another capture left the cache to make room",
      "indexes of other captures left the cache to make room")
    let skipped = statistics.notFollowed.reduce(0) { $0 + $1.count }
    if skipped > 0 {
      // The count first: "unknown link type 26" would name a type.
      let names = statistics.notFollowed.map { counter in
        "\(Shown.count(Int64(clamping: counter.count))) \(counter.name)"
      }.joined(separator: ", ")
      remarks.append("\(Shown.counted(Int(clamping: skipped), "packet")) not followed (\(names))")
    }
    return remarks
  }
}

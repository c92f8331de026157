package import Bytes
package import JSON
package import Pipeline
package import Store

/// What an agent says of itself with every shipment.
package struct AgentReport: Sendable {
  /// What waits on an agent's disk for its Hub.
  package struct Backlog: Hashable, Sendable {
    package var blocks: UInt64 = 0
    package var bytes: UInt64 = 0
    package var entries: UInt64 = 0
    /// Nanoseconds since the oldest of them was made.
    package var age: Int64 = 0
    /// Entries that left because too many waited, or that the Hub refused, since the agent began.
    package var dropped: UInt64 = 0

    package init() {}
  }

  /// Raw packets on the agent's disk.
  package struct Raw: Hashable, Sendable {
    package var times: ClosedRange<Timestamp>?
    package var bytes: UInt64 = 0
    package var packets: UInt64 = 0
    package var segments: UInt64 = 0
    /// Packets that left by the limits, and packets that could not be written.
    package var dropped: UInt64 = 0
    package var lost: UInt64 = 0

    package init() {}
  }

  /// What an agent captures.
  package struct Targets: Hashable, Sendable {
    /// As it is done: `all traffic`, or which namespaces and names.
    package var rule = ""
    /// Pods of its node that are captured.
    package var pods: [String] = []
    /// Why they are not what they should be.
    package var problem: String?

    package init() {}
  }

  /// What is still open on the agent: connections and flows that go on, as records so far.
  package struct Open: Hashable, Sendable {
    /// Most blocks of them.
    package static let maxBlocks = 256
    /// Grows with every report; a report that was overtaken by a later one changes nothing.
    package var number: UInt64 = 0
    package var blocks: [BlockID] = []
    /// Records in them, and records that found no room.
    package var records: UInt64 = 0
    package var leftOut: UInt64 = 0

    package init() {}
  }

  /// Differs from one start of an agent to the next.
  package var instance: String
  package var version: String
  /// When that start was, and what time it is now, by the agent's clock.
  package var started: Timestamp
  package var now: Timestamp
  /// Number of the latest orders it has carried out.
  package var order: UInt64 = 0
  /// Why it could not do one of them, as a sentence.
  package var orderProblem: String?
  package var isDissecting = true
  /// Whether it captures: in a cluster it first has to learn which pods.
  package var isReady = true
  /// Whether it sheds packets at this moment.
  package var isShedding = false
  /// Whether this is its last word: it was told to end, and everything it had was sent.
  package var isLeaving = false
  package var statistics = Statistics()
  package var backlog = Backlog()
  package var raw = Raw()
  package var targets = Targets()
  /// Nil from an agent that does not tell.
  package var open: Open?

  package init(instance: String, version: String, started: Timestamp, now: Timestamp) {
    (self.instance, self.version, self.started, self.now) = (instance, version, started, now)
  }
}

extension AgentReport {
  /// Longest list of pods that is sent, and bytes of the name of one with its namespace.
  private static let maxPods = 1_000
  private static let maxPodBytes = 512
  /// Sources, warnings and names of counts that are taken in, and bytes of each.
  private static let maxSources = 64
  private static let maxWarnings = 20
  private static let maxNames = 512
  private static let maxTextBytes = 500
  /// No count of a report is taken for larger: those of all agents can be added up.
  private static let maxCount: UInt64 = 1 << 50

  package var json: JSONObject {
    let live = statistics.live ?? Statistics.Live()
    var object: JSONObject = [
      "instance": .string(instance), "version": .string(version),
      "started": .int(started.nanoseconds), "now": .int(now.nanoseconds),
      "order": JSONValue(order), "dissecting": .bool(isDissecting), "shedding": .bool(isShedding),
      "ready": .bool(isReady),
      "leaving": .bool(isLeaving), "statistics": .object(statistics.json),
      "live": [
        "captured": JSONValue(live.captured), "shed": JSONValue(live.shed),
        "whileOff": JSONValue(live.whileOff), "notKept": JSONValue(live.notKept),
        "away": .array(live.away.map { .string($0) }),
      ],
      "backlog": [
        "blocks": JSONValue(backlog.blocks), "bytes": JSONValue(backlog.bytes),
        "entries": JSONValue(backlog.entries), "age": .int(backlog.age),
        "dropped": JSONValue(backlog.dropped),
      ],
      "raw": [
        "first": raw.times.map { .int($0.lowerBound.nanoseconds) } ?? .null,
        "last": raw.times.map { .int($0.upperBound.nanoseconds) } ?? .null,
        "bytes": JSONValue(raw.bytes), "packets": JSONValue(raw.packets),
        "segments": JSONValue(raw.segments), "dropped": JSONValue(raw.dropped),
        "lost": JSONValue(raw.lost),
      ],
      "targets": [
        "rule": .string(targets.rule),
        "pods": .array(targets.pods.prefix(Self.maxPods).map { .string($0) }),
        "problem": targets.problem.map { .string($0) } ?? .null,
      ],
    ]
    if let open {
      object["open"] = [
        "number": JSONValue(open.number),
        "blocks": .array(open.blocks.map { .string($0.description) }),
        "records": JSONValue(open.records), "leftOut": JSONValue(open.leftOut),
      ]
    }
    if let orderProblem { object["orderProblem"] = .string(orderProblem) }
    return object
  }

  /// Nil when something is missing without which nothing can be said of the agent.
  package init?(json: JSONObject) {
    guard let instance = json["instance"]?.string, let version = json["version"]?.string,
      let started = json["started"]?.int, let now = json["now"]?.int,
      var statistics = json["statistics"]?.object.flatMap(Statistics.init(json:))
    else { return nil }
    self.init(
      instance: instance.cut(64), version: version.cut(64),
      started: Timestamp(nanoseconds: started), now: Timestamp(nanoseconds: now))
    func number(_ part: String, _ name: String) -> UInt64 {
      json[part]?[name]?.int.flatMap { UInt64(exactly: $0) } ?? 0
    }
    func count(_ part: String, _ name: String) -> UInt64 { min(number(part, name), Self.maxCount) }
    order = json["order"]?.int.flatMap { UInt64(exactly: $0) } ?? 0
    orderProblem = json["orderProblem"]?.string?.cut(Self.maxTextBytes)
    isDissecting = json["dissecting"]?.bool ?? true
    isReady = json["ready"]?.bool ?? true
    isShedding = json["shedding"]?.bool ?? false
    isLeaving = json["leaving"]?.bool ?? false
    var live = Statistics.Live()
    (live.captured, live.shed) = (count("live", "captured"), count("live", "shed"))
    (live.whileOff, live.notKept) = (count("live", "whileOff"), count("live", "notKept"))
    live.isDissecting = isDissecting
    live.away = (json["live"]?["away"]?.array ?? []).prefix(20).compactMap {
      $0.string?.cut(Self.maxTextBytes)
    }
    statistics.live = live
    (statistics.isComplete, statistics.isGrowing) = (false, true)
    statistics.sources = Self.cut(statistics.sources, Self.maxSources)
    statistics.warnings = Self.cut(statistics.warnings, Self.maxWarnings)
    for list in [
      \.wrongChecksums, \.notFollowed, \.fragmentTroubles, \.flowTroubles, \.dissectionTroubles,
    ] as [WritableKeyPath<Statistics, [Statistics.Named]>] {
      statistics[keyPath: list] = statistics[keyPath: list].prefix(Self.maxNames).map {
        Statistics.Named(name: $0.name.cut(Self.maxTextBytes), count: $0.count)
      }
    }
    self.statistics = statistics
    (backlog.blocks, backlog.bytes) = (count("backlog", "blocks"), count("backlog", "bytes"))
    (backlog.entries, backlog.dropped) = (
      count("backlog", "entries"), count("backlog", "dropped")
    )
    backlog.age = max(0, json["backlog"]?["age"]?.int ?? 0)
    if json["open"]?.object != nil {
      var open = Open()
      (open.number, open.records) = (number("open", "number"), count("open", "records"))
      open.leftOut = count("open", "leftOut")
      open.blocks = (json["open"]?["blocks"]?.array ?? []).prefix(Open.maxBlocks).compactMap {
        $0.string.flatMap { BlockID($0) }
      }
      self.open = open
    }
    if let first = json["raw"]?["first"]?.int, let last = json["raw"]?["last"]?.int, first <= last {
      raw.times = Timestamp(nanoseconds: first)...Timestamp(nanoseconds: last)
    }
    (raw.bytes, raw.packets) = (count("raw", "bytes"), count("raw", "packets"))
    (raw.segments, raw.dropped) = (count("raw", "segments"), count("raw", "dropped"))
    raw.lost = count("raw", "lost")
    targets.rule = (json["targets"]?["rule"]?.string ?? "").cut(Self.maxTextBytes)
    targets.pods = (json["targets"]?["pods"]?.array ?? []).prefix(Self.maxPods).compactMap {
      $0.string?.cut(Self.maxPodBytes)
    }
    targets.problem = json["targets"]?["problem"]?.string?.cut(Self.maxTextBytes)
  }

  private static func cut(_ texts: [String], _ most: Int) -> [String] {
    texts.prefix(most).map { $0.cut(maxTextBytes) }
  }
}

extension String {
  /// The beginning of it, at most so many bytes: a character may have any number of them.
  fileprivate func cut(_ bytes: Int) -> String {
    guard utf8.count > bytes else { return self }
    // An index within a scalar is taken for where that begins.
    return String(self[..<utf8.index(utf8.startIndex, offsetBy: bytes)])
  }
}

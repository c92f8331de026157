import Bytes
import Entries
import Query

/// The calls of one request as a tree, put together from what their headers say and from time.
struct TraceTree {
  /// A call with what places it.
  struct Call {
    var view: EntryView
    var id: String
    /// Nanoseconds since 1970.
    var start: Int64
    var end: Int64
    var client: NamedEnd
    var server: NamedEnd
    /// Of the server, with its namespace, where only that is known.
    var serverService: String
    var clientService: String

    /// What its headers say; read anew each time, since most calls are never asked.
    var marks: [(header: String, mark: Correlation.Mark)] {
      let headers = view.kind.map(Self.hasHeaders) == true ? view.headers().request : nil
      return headers.map { Correlation.marks($0.fields) } ?? []
    }

    init(_ view: EntryView) {
      self.view = view
      id = view.id.description
      start = view.timestamp.nanoseconds
      end = start &+ (view.int(.elapsed) ?? 0) &* 1_000
      client = NamedEnd(view, .client)
      server = NamedEnd(view, .server)
      serverService = Self.service(view, .server)
      clientService = Self.service(view, .client)
    }

    private static func hasHeaders(_ kind: ProtocolKind) -> Bool {
      switch kind {
      case .http, .http2, .grpc, .gqlv1, .gqlv2, .mcp, .llm, .ws, .kafka, .amqp, .mqtt: true
      default: false
      }
    }

    private static func service(_ view: EntryView, _ end: CallRow.End) -> String {
      let fields = EndFields(end)
      guard let service = view.text(fields.service) else { return "" }
      return (view.text(fields.namespace) ?? "") + "/" + service
    }

    /// Whether `child` left the workload that was serving this call.
    func serves(_ child: Call) -> Bool {
      if server == child.client { return true }
      // A call to a service's own address does not say which pod took it.
      guard server.kind != .pod || child.client.kind != .pod else { return false }
      return !serverService.isEmpty && serverService == child.clientService
    }

    /// Whether `child` began while this call was being served.
    func covers(_ child: Call) -> Bool { start <= child.start && child.start <= end }
    func contains(_ child: Call) -> Bool { start <= child.start && child.end <= end }
  }

  enum Evidence {
    /// The one that was asked for.
    case given
    /// It carries the same mark.
    case header(String)
    /// It lies within its parent's time.
    case time(Inference)
  }

  /// What speaks for and against a call having been made for the request within whose time it lies.
  ///
  /// Time proves nothing: a workload may have had another reason, such as another request or a timer.
  struct Inference {
    /// Other requests that the workload was serving all that time, each as likely as this one.
    var others: Int
    /// Calls like it that were looked at: between the same two, by the same protocol.
    var alike: Int
    /// Those of them that lie within no request, so that something else makes them as well.
    var unserved: Int

    /// The most that time can say.
    static let most = 0.99

    /// 0...1. Of calls like it about as many are made for no request as were seen outside of all (with
    /// half a call added to both sides, so that few calls make nothing certain: Jeffreys' rule).
    var confidence: Double {
      let own = 1 - (Double(unserved) + 0.5) / (Double(max(alike, unserved)) + 1)
      return min(Self.most, own / Double(1 + others))
    }
  }

  struct Hop {
    var call: Call
    var parent: Int?
    var evidence: Evidence
    /// 0...1.
    var confidence: Double
    var depth = 0
    /// Nanoseconds not spent in calls below.
    var own: Int64 = 0

    /// What it is inferred from; nil where it is proven.
    var inference: Inference? { if case .time(let inference) = evidence { inference } else { nil } }
  }

  private(set) var hops: [Hop] = []
  /// Calls that may belong to it but are less likely than asked for.
  private(set) var doubtful = 0
  private let marks: Set<Correlation.Mark>
  private let nearby: [Call]
  private let least: Double
  private let limit: Int
  private(set) var isCut = false
  /// What was found of each kind of call.
  private var habits: [Habit: (alike: Int, unserved: Int)] = [:]

  /// Calls between the same two by one protocol.
  private struct Habit: Hashable {
    var client: NamedEnd
    var server: NamedEnd
    var kind: ProtocolKind?
  }

  /// - Parameters:
  ///   - proven: calls that carry the marks, or the one asked for.
  ///   - nearby: all calls around them in time.
  ///   - least: confidence below which a call is left out.
  ///   - limit: most hops.
  init(
    proven: [Hop], marks: Set<Correlation.Mark>, nearby: [Call], depth: Int, least: Double,
    limit: Int
  ) {
    (self.marks, self.nearby, self.least, self.limit) = (marks, nearby, least, limit)
    hops = Array(proven.prefix(limit))
    isCut = hops.count < proven.count
    linkProven()
    climb(at: depth)
    descend(to: depth)
    arrange()
  }

  /// A call of another request: it has marks of its own and none of ours.
  private func isForeign(_ call: Call) -> Bool {
    let theirs = Set(call.marks.map(\.mark))
    return !Set(theirs.map(\.kind)).isDisjoint(with: marks.map(\.kind))
      && theirs.isDisjoint(with: marks)
  }

  /// The innermost of the hops that was served while `call` began.
  private func parent(of call: Call, but index: Int?) -> Int? {
    hops.indices.filter { other in
      other != index && hops[other].call.id != call.id && hops[other].call.serves(call)
        && hops[other].call.covers(call) && !isBelow(other, index)
    }.max { (hops[$0].call.start, $0) < (hops[$1].call.start, $1) }
  }

  /// Whether `index` is an ancestor of `other`: a parent taken from below would close a circle.
  private func isBelow(_ other: Int, _ index: Int?) -> Bool {
    guard let index else { return false }
    var place: Int? = other
    while let here = place {
      if here == index { return true }
      place = hops[here].parent
    }
    return false
  }

  private mutating func linkProven() {
    for index in hops.indices { hops[index].parent = parent(of: hops[index].call, but: index) }
  }

  /// - Parameter others: requests beside the one it may belong to that were served all its time.
  private mutating func inference(_ call: Call, others: Int) -> Inference {
    let habit = Habit(client: call.client, server: call.server, kind: call.view.kind)
    let seen = habits[habit] ?? look(for: habit, like: call)
    habits[habit] = seen
    return Inference(others: others, alike: seen.alike, unserved: seen.unserved)
  }

  private func look(for habit: Habit, like call: Call) -> (alike: Int, unserved: Int) {
    // All calls of a kind leave one workload, so that the same requests may contain them.
    let requests = nearby.filter { $0.serves(call) }
    let alike = nearby.filter {
      $0.client == habit.client && $0.server == habit.server && $0.view.kind == habit.kind
    }
    let unserved = alike.count { one in !requests.contains { $0.contains(one) } }
    return (alike.count, unserved)
  }

  /// Looks for who asked for the first call.
  private mutating func climb(at depth: Int) {
    for _ in 0..<depth {
      guard
        let top = hops.indices.filter({ hops[$0].parent == nil })
          .min(by: { (hops[$0].call.start, $0) < (hops[$1].call.start, $1) })
      else { return }
      let child = hops[top].call
      let known = Set(hops.map(\.call.id))
      let candidates = nearby.filter {
        !known.contains($0.id) && $0.serves(child) && $0.contains(child) && !isForeign($0)
      }
      guard let best = candidates.max(by: { ($0.start, $0.id) < ($1.start, $1.id) }) else { return }
      let inference = inference(child, others: candidates.count - 1)
      let confidence = inference.confidence
      guard confidence >= least else {
        doubtful += candidates.count
        return
      }
      guard hops.count < limit else {
        isCut = true
        return
      }
      hops.append(Hop(call: best, evidence: .time(inference), confidence: confidence))
      hops[top].parent = hops.count - 1
    }
  }

  /// Adds calls that left a serving workload while it was at work on a hop.
  private mutating func descend(to depth: Int) {
    var level = Array(hops.indices)
    var known = Set(hops.map(\.call.id))
    for _ in 0..<depth where !level.isEmpty {
      var next: [Int] = []
      for call in nearby where !known.contains(call.id) {
        let parents = level.filter { hops[$0].call.serves(call) && hops[$0].call.contains(call) }
        guard
          let parent = parents.max(by: { (hops[$0].call.start, $0) < (hops[$1].call.start, $1) })
        else { continue }
        guard !isForeign(call) else { continue }
        // Others that the same workload was serving at the time may have been the reason.
        let server = hops[parent].call
        let others = nearby.count {
          $0.id != server.id && $0.id != call.id && $0.serves(call) && $0.contains(call)
        }
        let inference = inference(call, others: others)
        let confidence = inference.confidence * hops[parent].confidence
        guard confidence >= least else {
          doubtful += 1
          continue
        }
        guard hops.count < limit else {
          isCut = true
          return
        }
        known.insert(call.id)
        hops.append(
          Hop(call: call, parent: parent, evidence: .time(inference), confidence: confidence))
        next.append(hops.count - 1)
      }
      level = next
    }
  }

  /// Puts parents before their children, each level by time, and works out depths and own times.
  private mutating func arrange() {
    var children: [Int: [Int]] = [:]
    for index in hops.indices { children[hops[index].parent ?? -1, default: []].append(index) }
    for key in children.keys {
      children[key]?.sort {
        (hops[$0].call.start, hops[$0].call.id) < (hops[$1].call.start, hops[$1].call.id)
      }
    }
    var ordered: [Hop] = []
    var places: [Int: Int] = [:]
    var stack = Array((children[-1] ?? []).reversed().map { ($0, 0) })
    while let (index, depth) = stack.popLast() {
      var hop = hops[index]
      hop.depth = depth
      hop.own = own(hop.call, (children[index] ?? []).map { hops[$0].call })
      hop.parent = hop.parent.flatMap { places[$0] }
      places[index] = ordered.count
      ordered.append(hop)
      for child in (children[index] ?? []).reversed() { stack.append((child, depth + 1)) }
    }
    hops = ordered
  }

  /// Time of a call that no call below it covers.
  private func own(_ call: Call, _ children: [Call]) -> Int64 {
    var rest = call.end - call.start
    var covered = call.start
    for child in children.sorted(by: { $0.start < $1.start }) {
      let (start, end) = (max(child.start, covered), min(child.end, call.end))
      guard end > start else { continue }
      rest -= end - start
      covered = end
    }
    return max(0, rest)
  }
}

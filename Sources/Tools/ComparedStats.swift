import Query

/// All groups of both sides of a comparison and the whole of them, judged together.
struct ComparedStats {
  /// In the order they were given.
  let groups: [StatsChange]
  let whole: WholeChange
  /// Differences that were judged, those of the whole included.
  let comparisons: Int
  /// Standard errors from which a difference is no chance among so many.
  let needed: Double

  /// - Parameter threshold: changes below this, in percent, are none even where they are certain.
  init(groups: [StatsChange], whole: StatsChange, threshold: Double) {
    comparisons = groups.reduce(whole.comparisons) { $0 + $1.comparisons }
    let needed = Evidence.needed(comparisons: comparisons)
    var (judged, all) = (groups, whole)
    for index in judged.indices { judged[index].judge(needed: needed, threshold: threshold) }
    all.judge(needed: needed, threshold: threshold)
    self.groups = judged
    self.needed = needed
    self.whole = WholeChange(all, groups: judged, needed: needed, threshold: threshold)
  }

  private var changes: [StatsChange] { groups.filter(\.isChange) }

  private var direction: (worse: Bool, better: Bool) {
    let all = changes.map(\.direction) + [whole.direction]
    return (all.contains { $0.worse }, all.contains { $0.better })
  }

  /// Whether anything got better or worse for sure.
  var isJudged: Bool { direction.worse || direction.better }

  /// Better or worse is what each group became, compared with itself; a whole that shifted because
  /// calls of other groups are in it became neither.
  var verdict: String {
    guard whole.change.a.metrics.count > 0, whole.change.b.metrics.count > 0 else {
      return "unknown"
    }
    switch direction {
    case (true, true): return "mixed"
    case (true, false): return "worse"
    case (false, true): return "better"
    case (false, false):
      let isSame = changes.isEmpty && whole.shifted.isEmpty && !whole.change.isChange
      return isSame ? "same" : "mixed"
    }
  }
}

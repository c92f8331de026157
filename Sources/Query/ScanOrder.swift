import KFL

/// The order in which the conditions of a plan are tried, learnt from block to block: what costs
/// little and removes much goes first.
///
/// The order changes how long a scan takes, not what it selects.
struct ScanOrder {
  /// Places in `ScanPlan.conditions`.
  private(set) var places: [Int]
  private var stages: [Stage]

  private struct Stage {
    let cost: Double
    /// Rows looked at, and those of them that were left.
    var seen = 0
    var kept = 0

    /// Cost for each row removed. Without experience half of the rows are thought to stay.
    var price: Double {
      let share = seen == 0 ? 0.5 : Double(kept) / Double(seen)
      return cost / (1.01 - share)
    }
  }

  init(_ plan: ScanPlan) {
    places = Array(plan.conditions.indices)
    stages = plan.conditions.map { condition in
      switch condition.test.reach {
      // Ranks say how dear one value is; values repeat, so that it counts only in part.
      case .column: Stage(cost: 1 + Double(condition.conjunct.rank) / 4)
      case .row: Stage(cost: 50)
      case .content: Stage(cost: 1_000)
      }
    }
  }

  /// Notes that the condition at `place` was tried.
  mutating func note(_ place: Int, seen: Int, kept: Int) {
    stages[place].seen += seen
    stages[place].kept += kept
  }

  /// Puts the conditions in the order of what was learnt.
  mutating func settle() {
    guard places.count > 1 else { return }
    places.sort { a, b in
      let (x, y) = (stages[a].price, stages[b].price)
      return x != y ? x < y : a < b
    }
  }
}

/// A checked filter, ready to run. Cheap to copy, safe to share.
package struct Filter: Sendable {
  /// The KFL2 spelling: selects the same entries.
  package let normalForm: String
  package let dialect: KFL.Dialect
  /// `bool`, except for expressions compiled for their value.
  package let type: KFLType
  /// Slots of the variables it reads, ascending.
  package let variables: [Int]
  /// Rows asked for by `limit(n)`.
  package let rowLimit: Int?
  /// The conditions that must all hold, in the order they are worth trying. Empty = everything.
  package let conjuncts: [Conjunct]

  /// What the filter says about one entry.
  ///
  /// A conjunct that is false settles it, whatever fails beside it.
  package func evaluate(_ record: some Record) -> Outcome {
    var failure: Failure?
    for conjunct in conjuncts {
      switch conjunct.evaluate(record) {
      case .no: return .no
      case .yes: continue
      case .failed(let reason): failure = failure ?? reason
      }
    }
    return failure.map(Outcome.failed) ?? .yes
  }
}

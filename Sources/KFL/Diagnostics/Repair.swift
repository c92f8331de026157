/// Looks for the whole expression that was meant: makes the fix of the first problem, checks
/// again, and so on until nothing is wrong.
struct Repair {
  /// Rounds of fixing; more slips than this and nobody knows what was meant.
  private static let rounds = 10
  /// Longer filters are not repaired: each round reads all of it.
  private static let longest = 4096

  /// A corrected expression that checks; nil when there is none to offer.
  ///
  /// - Parameter check: the problems of a text, in order.
  static func corrected(
    _ text: [UInt8], _ problems: [Problem], check: ([UInt8]) -> [Problem]
  ) -> String? {
    guard text.count <= longest else { return nil }
    var (text, problems) = (text, problems)
    var seen: Set<[UInt8]> = [text]
    for _ in 0..<rounds {
      guard
        let problem = problems.first(where: { !$0.fix.isEmpty }),
        let next = problem.fix.applied(to: text), seen.insert(next).inserted
      else { return nil }
      text = next
      problems = check(text)
      if problems.isEmpty { return String(validating: text, as: UTF8.self) }
    }
    return nil
  }
}

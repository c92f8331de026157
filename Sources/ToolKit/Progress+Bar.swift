extension Progress {
  /// For a terminal: `[#####.....]  42% reading the capture: 1,234 packets, 12 s left`; the message
  /// alone where the total is not known.
  ///
  /// - Parameters:
  ///   - width: of the bar between its brackets.
  ///   - seconds: that have passed.
  package func bar(width: Int, seconds: Double) -> String {
    let message = message ?? ""
    guard let total, total > 0 else { return message }
    let share = min(1, max(0, done / total))
    let full = Int(share * Double(width))
    let bar = String(repeating: "#", count: full) + String(repeating: ".", count: width - full)
    let percent = String(Int(share * 100))
    let space = String(repeating: " ", count: max(0, 3 - percent.count))
    let left = share > 0.01 ? ", \(Int((seconds / share - seconds).rounded(.up))) s left" : ""
    return "[\(bar)] \(space)\(percent)% \(message)\(left)"
  }
}

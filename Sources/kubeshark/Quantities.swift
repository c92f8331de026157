import ArgumentParser
import ToolKit

/// A number of bytes as a flag gives it: `500M`, `20G`, `20GiB`, `1000000`. Prefixes count by 1024.
struct ByteSize: ExpressibleByArgument {
  let text: String
  let bytes: Int64

  init?(argument: String) {
    let digits = argument.prefix { $0.isASCII && $0.isNumber }
    var unit = argument.dropFirst(digits.count).lowercased()
    if unit.hasSuffix("b") { unit.removeLast() }
    if unit.hasSuffix("i") { unit.removeLast() }
    guard let number = Int64(digits), number > 0,
      let power = ["", "k", "m", "g", "t"].firstIndex(of: unit)
    else { return nil }
    let (bytes, overflow) = number.multipliedReportingOverflow(by: 1 << Int64(10 * power))
    guard !overflow else { return nil }
    (text, self.bytes) = (argument, bytes)
  }

  /// What is left of a folder of so many bytes beside others in it; nil when nothing is. An eighth
  /// is kept for journals, indexes and what is being written.
  func left(beside others: Int64) -> Int64? {
    let left = bytes - bytes / 8 - others
    return left > 0 ? left : nil
  }
}

/// A length of time as a flag gives it: `90m`, `7d`.
struct Age: ExpressibleByArgument {
  let text: String
  let nanoseconds: Int64

  init?(argument: String) {
    guard let length = Instant.duration(argument), length > 0 else { return nil }
    (text, nanoseconds) = (argument, length)
  }
}

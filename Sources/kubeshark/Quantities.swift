import ArgumentParser
import ToolKit

/// A number of bytes as a flag gives it: `500M`, `20G`, `20GiB`, `1000000`. Prefixes count by 1024.
struct ByteSize: ExpressibleByArgument {
  let text: String
  let bytes: Int64

  init?(argument: String) {
    guard let bytes = ByteCount.bytes(in: argument) else { return nil }
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

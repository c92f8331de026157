/// How grave a log message is, in the words of syslog (RFC 5424 §6.2.1).
package enum LogLevel: String, CaseIterable, Comparable, Sendable {
  case debug, info, notice, warning, error, critical, alert, emergency

  private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }

  package static func < (a: LogLevel, b: LogLevel) -> Bool { a.rank < b.rank }
}

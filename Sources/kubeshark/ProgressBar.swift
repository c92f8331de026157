import Dispatch
import ToolKit
import Tools

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// How far reading has got, as a line on the terminal.
final class ProgressBar: Sendable {
  private static let width = 30
  /// Milliseconds before the first line, so that small captures show none, and between two.
  private static let (patience, interval) = (400, 100)

  private let queue = DispatchQueue(label: "progress bar")
  private let end = DispatchSemaphore(value: 0)

  /// Shows it until there is nothing to wait for; nil where there is no terminal.
  init?(_ capture: CaptureTraffic) {
    guard isatty(2) == 1, getenv("TERM").map({ String(cString: $0) }) != "dumb" else { return nil }
    let begin = DispatchTime.now().uptimeNanoseconds
    queue.async { [end] in
      var isShown = false
      var pause = Self.patience
      while end.wait(timeout: .now() + .milliseconds(pause)) == .timedOut,
        let progress = capture.progress
      {
        let seconds = Double(DispatchTime.now().uptimeNanoseconds - begin) / 1e9
        Self.write("\r" + progress.bar(width: Self.width, seconds: seconds) + "\u{1b}[K")
        isShown = true
        pause = Self.interval
      }
      if isShown { Self.write("\r\u{1b}[K") }
    }
  }

  /// Takes the line away. When it returns, the terminal is free for other text.
  func close() {
    end.signal()
    queue.sync {}
  }

  private static func write(_ text: String) {
    let bytes = Array(text.utf8)
    #if canImport(Darwin)
      _ = Darwin.write(2, bytes, bytes.count)
    #elseif canImport(Musl)
      _ = Musl.write(2, bytes, bytes.count)
    #else
      _ = Glibc.write(2, bytes, bytes.count)
    #endif
  }
}

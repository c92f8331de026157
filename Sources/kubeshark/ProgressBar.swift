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

/// How far reading has got, as a line on the terminal; nothing where there is none.
enum ProgressBar {
  private static let width = 30
  /// Milliseconds before the first line, so that small captures show none, and between two.
  private static let (patience, interval) = (400, 100)

  /// Shows it until there is nothing to wait for.
  static func show(_ capture: CaptureTraffic) {
    guard isatty(2) == 1, getenv("TERM").map({ String(cString: $0) }) != "dumb" else { return }
    let begin = DispatchTime.now().uptimeNanoseconds
    DispatchQueue(label: "progress bar").async {
      usleep(UInt32(patience) * 1_000)
      var isShown = false
      while let progress = capture.progress {
        let seconds = Double(DispatchTime.now().uptimeNanoseconds - begin) / 1e9
        write("\r" + progress.bar(width: width, seconds: seconds) + "\u{1b}[K")
        isShown = true
        usleep(UInt32(interval) * 1_000)
      }
      if isShown { write("\r\u{1b}[K") }
    }
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

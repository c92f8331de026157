import Logging

/// Log lines on standard error: a tag, and the sentence.
struct StderrLog: LogHandler {
  let tag: String
  var logLevel = Logger.Level.info
  var metadata: Logger.Metadata = [:]

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    let level = event.level >= .warning ? "\(event.level): " : ""
    printError("[\(tag)] \(level)\(event.message)")
  }

  static func logger(tag: String, level: Logger.Level = .info) -> Logger {
    var logger = Logger(label: tag) { StderrLog(tag: $0) }
    logger.logLevel = level
    return logger
  }
}

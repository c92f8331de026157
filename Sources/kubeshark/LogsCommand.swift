import ArgumentParser
import Cluster
import ToolKit

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

struct LogsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "logs",
    abstract: "Gather the logs, events and objects of the deployment in a zip file.",
    discussion: """
      kubeshark logs -s kubeshark -f kubeshark_logs.zip
      kubeshark logs -g 'error|warning'

      Secrets are left out, values in the environments of containers, and what was captured. The
      configuration file that is in effect goes in as well.

      \(exitCodes)
      """)

  /// The end of a configuration file's path is its name in the archive; at most so many bytes of it.
  private static let maxConfiguration = 1 << 20

  @Option(
    name: [.customShort("f"), .long],
    help: ArgumentHelp("The file; one that exists is replaced.", valueName: "zip"))
  var file = "kubeshark_logs.zip"

  @Option(
    name: [.customShort("g"), .long],
    help: ArgumentHelp(
      "Only lines of logs in which this regular expression (RE2) is found.", valueName: "regex"))
  var grep: String?

  @OptionGroup var place: ClusterPlace

  func run() async throws {
    let log = StderrLog.logger(tag: "kubeshark")
    let settings = try place.settings(log)
    let access = try place.access(settings.values)
    var archive = ZipArchive()
    let pods: Int
    do throws(ToolError) {
      let logs = try ClusterLogs(
        access, origin: access.origin { environment($0) }, pattern: grep.isGiven ? grep : nil)
      pods = try await logs.add(to: &archive) { printError("kubeshark: " + $0) }
    } catch {
      throw Failure(
        code: error.argument == nil ? .failed : .usage, message: ClusterWork.words(error.text))
    }
    if let path = settings.file {
      let text = String(
        decoding: try contents(of: path, limit: Self.maxConfiguration), as: UTF8.self)
      _ = archive.add("config.yaml", Array(Self.withoutLicense(text).utf8))
    }
    try write(archive.contents, to: absolutePath(file))
    print("\(file): the logs of \(pods) pods, events and objects of namespace \(access.namespace)")
  }

  /// A configuration file as others may see it.
  static func withoutLicense(_ text: String) -> String {
    text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
      let name = line.drop { $0 == " " || $0 == "\"" || $0 == "'" }
      return name.hasPrefix("license") ? "license: (left out)" : String(line)
    }.joined(separator: "\n")
  }

  /// For its owner alone.
  private func write(_ bytes: [UInt8], to path: String) throws(Failure) {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard descriptor >= 0, let stream = fdopen(descriptor, "w") else {
      throw .usage("cannot write \(path): \(String(cString: strerror(errno)))")
    }
    let written = fwrite(bytes, 1, bytes.count, stream)
    guard fclose(stream) == 0, written == bytes.count else {
      throw .failed("cannot write \(path): \(String(cString: strerror(errno)))")
    }
  }
}

import ArgumentParser
import MCP

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Puts the server into a client's own configuration.
struct MCPInstallCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "install",
    abstract: "Write the server into the configuration of an MCP client.",
    discussion: """
      All else in the client's file stays, and the file as it was is kept beside it (.bak):
        kubeshark mcp install --client cursor --pcap traffic.pcap
        kubeshark mcp install --client claude-desktop --url https://kubeshark.example.com --dry-run

      \(exitCodes)
      """)

  /// Longest configuration file that is read, in bytes.
  private static let maxFile = 16 << 20

  @OptionGroup var options: MCPOptions

  @Option(help: ArgumentHelp("The client: \(MCPClient.names).", valueName: "name"))
  var client: MCPClient

  @Option(help: ArgumentHelp("Its file, when it is not where it usually is.", valueName: "file"))
  var file: String?

  @Flag(help: "Print what would be written, and write nothing.")
  var dryRun = false

  func run() throws {
    let log = StderrLog.logger(tag: "kubeshark-mcp")
    let path = file.map(absolutePath) ?? standardPath
    // A file that is a link keeps being one: what it leads to is changed.
    let target =
      realpath(path, nil).map { found in
        defer { free(found) }
        return String(cString: found)
      } ?? path
    let isThere = access(target, F_OK) == 0
    let before = isThere ? try contents(of: target, limit: Self.maxFile) : []
    guard before.count < Self.maxFile else { throw Failure.usage("\(path) is too large") }
    let entry = try options.clientEntry(for: client, log)
    let after: String
    do throws(ClientConfiguration.Problem) {
      after = try entry.merged(into: String(decoding: before, as: UTF8.self))
    } catch {
      throw Failure.usage("\(path) was left as it is: \(error.message)")
    }
    if dryRun {
      print(after, terminator: "")
      return
    }
    guard after != String(decoding: before, as: UTF8.self) else {
      print("\(path) has this entry already.")
      return
    }
    makeFolders(above: target)
    if isThere { try replace(target + ".bak", with: before, like: target) }
    try replace(target, with: Array(after.utf8), like: target)
    print("Wrote \(path)" + (isThere ? "; as it was, it is kept in \(target).bak." : "."))
    print("Restart \(client.rawValue), or have it reload its MCP servers.")
  }

  private var standardPath: String {
    client.path(
      home: environment("HOME") ?? "", folder: absolutePath(".").removingSlashDot,
      settings: environment("XDG_CONFIG_HOME"))
  }

  private func makeFolders(above path: String) {
    var folder = ""
    for part in path.split(separator: "/").dropLast() {
      folder += "/" + part
      mkdir(folder, 0o700)
    }
  }

  /// Writes beside the file and renames, so that the client never sees half of it.
  private func replace(_ path: String, with bytes: [UInt8], like model: String) throws(Failure) {
    var status = stat()
    let mode = stat(model, &status) == 0 ? status.st_mode & 0o777 : 0o600
    let partial = path + ".\(getpid()).part"
    let file = open(partial, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode)
    guard file >= 0 else { throw failure("write \(partial)") }
    defer { close(file) }
    var done = 0
    while done < bytes.count {
      let wrote = bytes[done...].withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
      if wrote < 0 && errno == EINTR { continue }
      guard wrote > 0 else {
        let failure = failure("write \(partial)")
        unlink(partial)
        throw failure
      }
      done += wrote
    }
    guard fsync(file) == 0, rename(partial, path) == 0 else {
      let failure = failure("write \(path)")
      unlink(partial)
      throw failure
    }
  }

  private func failure(_ what: String) -> Failure {
    .failed("cannot \(what): \(String(cString: strerror(errno)))")
  }
}

extension MCPClient: ExpressibleByArgument {}

extension String {
  /// The path without `/.` at its end.
  fileprivate var removingSlashDot: String { hasSuffix("/.") ? String(dropLast(2)) : self }
}

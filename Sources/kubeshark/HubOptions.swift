import ArgumentParser
import Cluster
import HubClient
import Logging
import MCP
import Ring
import ToolKit

/// The flags that name a Hub elsewhere and how it is reached.
struct HubOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Ask the deployment at this address.", valueName: "url"))
  var url: String?

  @Option(
    help: ArgumentHelp(
      "Token for a gated deployment; better in the environment as KUBESHARK_HUB_TOKEN.",
      valueName: "token"))
  var token: String?

  @Option(
    help: ArgumentHelp(
      "Read the token from this file, anew whenever it changes; through a pipe (/dev/fd/3) once.",
      valueName: "file"))
  var tokenFile: String?

  @Option(
    help: ArgumentHelp("Trust the authorities in this PEM file as well.", valueName: "file"))
  var caFile: String?

  @Option(help: ArgumentHelp("Certificate to show the deployment (PEM).", valueName: "file"))
  var clientCert: String?

  @Option(help: ArgumentHelp("Key of that certificate (PEM).", valueName: "file"))
  var clientKey: String?

  @Flag(help: "Do not check the deployment's certificate. Anybody in between can read along.")
  var insecureSkipVerify = false

  @Option(
    help: ArgumentHelp(
      "Where download_file puts files (default ~/.kubeshark/downloads).", valueName: "folder"))
  var downloadDir: String?

  @Option(
    name: .customLong("download-root"),
    help: ArgumentHelp(
      "Another folder download_file may write to; can be repeated.", valueName: "folder"))
  var downloadRoots: [String] = []

  func validate() throws {
    if (clientCert == nil) != (clientKey == nil) {
      throw ValidationError("--client-cert and --client-key go together.")
    }
    if token.isGiven, tokenFile.isGiven {
      throw ValidationError("--token and --token-file are two sources of a token: give one.")
    }
  }

  /// The Hub that the flags name, or nil when they name none.
  ///
  /// - Parameter place: where settings are, of which the licence key counts here.
  func source(_ place: ClusterPlace, _ log: Logger) throws(Failure) -> HubSource? {
    guard url.isGiven, let url else { return nil }
    let address: HubAddress
    do throws(HubAddress.Problem) {
      address = try HubAddress(url)
    } catch {
      throw .usage("--url: \(error.message). \(error.hint)")
    }
    var settings = try settings(for: address, log)
    if settings.token == nil {
      settings.license = try ClusterPlace.license(place.settings(log).values)
    }
    let isSecret = settings.token != nil || settings.license != nil
    if isSecret, address.scheme == "http", !address.isLoopback {
      log.warning("the token travels unencrypted to \(address); use https")
    }
    let client: HubClient
    do throws(HubClientSettings.Problem) {
      client = try HubClient(address, settings, version: Version.text) { log.warning("\($0)") }
    } catch {
      throw .usage(error.message)
    }
    return HubSource(
      hub: client, mode: .url("\(address)"), origin: "",
      local: [
        LocalTool(CheckStatus(hub: client), isListed: false), LocalTool(GetFileURL(hub: client)),
        LocalTool(DownloadFile(hub: client, folder: downloadFolder)),
        LocalTool(RefusedStart(.url), isListed: false),
        LocalTool(RefusedStop(.url), isListed: false),
      ], watch: { client.watch(changed: $0, told: $1) }, thread: client.thread)
  }

  /// The tools about files of a Hub in this process.
  func fileTools(_ hub: any HubConnection) -> [LocalTool] {
    [
      LocalTool(SaveFileURL(embedded: hub, folder: downloadFolder)),
      LocalTool(DownloadFile(embedded: hub, folder: downloadFolder)),
    ]
  }

  var downloadFolder: DownloadFolder {
    DownloadFolder(
      standard: absolutePath(downloadDir ?? "~/.kubeshark/downloads"),
      roots: downloadRoots.map(absolutePath))
  }

  /// Longest token that is read through a pipe, in bytes.
  private static let maxToken = 64 << 10

  /// The token of the command line, else of the environment; nil for none.
  func givenToken() throws(Failure) -> String? {
    let text = token.isGiven ? token : environment("KUBESHARK_HUB_TOKEN")
    return try Self.checked(text ?? "")
  }

  /// A token as it was given; nil for none.
  private static func checked(_ token: String) throws(Failure) -> String? {
    let text = token.filter { !$0.isWhitespace }
    guard text.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else {
      throw .usage("the token holds characters that cannot be part of one")
    }
    return text.isEmpty ? nil : text
  }

  private func settings(
    for address: HubAddress, _ log: Logger
  ) throws(Failure) -> HubClientSettings {
    var settings = HubClientSettings()
    if tokenFile.isGiven, let tokenFile {
      if FileSystem.stamp(of: absolutePath(tokenFile)) != nil {
        settings.token = .file(absolutePath(tokenFile))
        _ = try contents(of: tokenFile, limit: 1)
      } else {
        // A pipe, such as /dev/fd/3, can be read once.
        let bytes = try contents(of: tokenFile, limit: Self.maxToken)
        settings.token = try Self.checked(String(decoding: bytes, as: UTF8.self))
          .map { .text($0) }
      }
    } else {
      settings.token = try givenToken().map { .text($0) }
    }
    settings.caFile = caFile.isGiven ? caFile.map(absolutePath) : nil
    settings.clientCertificate = clientCert.map(absolutePath)
    settings.clientKey = clientKey.map(absolutePath)
    settings.verifiesCertificates = !insecureSkipVerify
    settings.proxies = ProxyRules(
      http: environment("HTTP_PROXY") ?? environment("http_proxy"),
      https: environment("HTTPS_PROXY") ?? environment("https_proxy"),
      exceptions: environment("NO_PROXY") ?? environment("no_proxy") ?? "")
    if insecureSkipVerify {
      log.warning("--insecure-skip-verify: whoever sits between can pose as \(address)")
    }
    return settings
  }

  /// The flags again, with paths from the root and without secrets.
  var carriedOver: [String] {
    var arguments: [String] = []
    if url.isGiven, let url { arguments += ["--url", url] }
    for (flag, path) in [
      ("--token-file", tokenFile), ("--ca-file", caFile), ("--client-cert", clientCert),
      ("--client-key", clientKey), ("--download-dir", downloadDir),
    ] {
      if path.isGiven, let path { arguments += [flag, absolutePath(path)] }
    }
    for root in downloadRoots { arguments += ["--download-root", absolutePath(root)] }
    if insecureSkipVerify { arguments.append("--insecure-skip-verify") }
    return arguments
  }
}

extension String? {
  /// Whether a value was given: installers hand over empty texts, or their own variables.
  var isGiven: Bool { self.map { !$0.isEmpty && !$0.hasPrefix("${") } ?? false }
}

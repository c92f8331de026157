#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Where kubectl, helm, and the programs with which they sign in to a cluster are looked for.
///
/// A client on a desktop starts its MCP servers with the system's PATH, not with that of a shell, and
/// what people have installed is not in it.
enum SearchPath {
  /// Folders into which people install such programs, by Homebrew, MacPorts, snap, gcloud, Docker and
  /// Rancher Desktop, krew, or by hand.
  private static let usual = [
    "/usr/local/bin", "/opt/homebrew/bin", "/opt/homebrew/share/google-cloud-sdk/bin",
    "/opt/local/bin", "/snap/bin", "~/.local/bin", "~/bin", "~/google-cloud-sdk/bin",
    "~/.docker/bin", "~/.rd/bin", "~/.krew/bin",
  ]

  /// Adds those folders that there are behind the PATH. Call it first: the environment must not change
  /// while others read it.
  static func widen() {
    let path = getenv("PATH").map { String(cString: $0) } ?? ""
    let home = getenv("HOME").map { String(cString: $0) }
    let wide = widened(path, home: home) { access($0, X_OK) == 0 }
    if wide != path { setenv("PATH", wide, 1) }
  }

  /// What is in `path` goes first, in its order.
  static func widened(_ path: String, home: String?, isThere: (String) -> Bool) -> String {
    var folders = path.split(separator: ":").map { String($0) }
    for folder in usual {
      var folder = folder
      if folder.hasPrefix("~/") {
        guard let home, home.hasPrefix("/") else { continue }
        folder = home + folder.dropFirst()
      }
      if !folders.contains(folder), isThere(folder) { folders.append(folder) }
    }
    return folders.joined(separator: ":")
  }
}

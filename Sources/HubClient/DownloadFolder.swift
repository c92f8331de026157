import ToolKit

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Where downloads may go: a folder of their own, and others only when a flag names them.
package struct DownloadFolder: Hashable, Sendable {
  /// For destinations without a folder. Made when it is needed, for its owner alone.
  private let standard: String
  private let roots: [String]

  /// - Parameter standard: from the root.
  /// - Parameter roots: other folders that files may be written to or below, from the root.
  package init(standard: String, roots: [String] = []) {
    (self.standard, self.roots) = (standard, roots)
  }

  /// Opens the folder of a destination and gives it with the file's name.
  ///
  /// A path is walked folder by folder from the root that allows it, and a symbolic link on the
  /// way ends it: nobody can lead a download elsewhere, not even while it runs.
  /// - Parameter destination: relative to the standard folder, or from the root; nil for `name`.
  func place(_ destination: String?, name: String) throws(ToolError) -> Place {
    let wanted = destination ?? name
    guard wanted.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7f }) else {
      throw refused(wanted, "holds control characters")
    }
    guard !wanted.hasPrefix("~") else {
      throw refused(wanted, "begins with ~, which is not expanded here")
    }
    makeStandard()
    let (root, inside) = try rooted(wanted)
    var parts = inside.split(separator: "/").map(String.init)
    guard !parts.contains(where: { $0 == ".." || $0 == "." }), let last = parts.popLast() else {
      throw refused(wanted, "leads elsewhere than it says")
    }
    guard last.utf8.count <= 200, !wanted.hasSuffix("/") else {
      throw refused(wanted, "does not end in the name of a file")
    }
    var folder = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard folder >= 0 else { throw failed("open the folder \(root)") }
    for part in parts {
      let next = openat(folder, part, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
      let problem = errno
      close(folder)
      guard next >= 0 else {
        if problem == ELOOP || problem == ENOTDIR {
          throw refused(wanted, "goes through \(part), which is no folder but perhaps a link")
        }
        errno = problem
        throw failed("open the folder \(part) of \(wanted)")
      }
      folder = next
    }
    return Place(
      folder: folder, name: last, path: ([root] + parts + [last]).joined(separator: "/"))
  }

  /// A destination that is ready: an open folder and a name in it.
  struct Place {
    let folder: Int32
    let name: String
    /// From the root.
    let path: String
  }

  private func rooted(_ wanted: String) throws(ToolError) -> (root: String, inside: String) {
    guard wanted.hasPrefix("/") else { return (try real(standard), wanted) }
    for root in [standard] + roots {
      let real = try real(root)
      for prefix in [root, real] where wanted.hasPrefix(prefix + "/") {
        return (real, String(wanted.dropFirst(prefix.count + 1)))
      }
    }
    throw refused(
      wanted,
      "is outside the folders downloads may go to: "
        + ([standard] + roots).joined(separator: ", "))
  }

  private func real(_ path: String) throws(ToolError) -> String {
    guard let found = realpath(path, nil) else { throw failed("find the folder \(path)") }
    defer { free(found) }
    return String(cString: found)
  }

  /// Makes the standard folder and those above it.
  private func makeStandard() {
    var path = ""
    for part in standard.split(separator: "/") {
      path += "/" + part
      mkdir(path, 0o700)
    }
  }

  private func refused(_ wanted: String, _ why: String) -> ToolError {
    .invalid(
      "dest", "dest \(wanted.prefix(200)) \(why).",
      hint: "Give a plain file name, which goes to \(standard), or start the server with "
        + "--download-root FOLDER.")
  }
}

/// What the system said about the last call.
func failed(_ what: String) -> ToolError {
  ToolError(
    status: 500, code: "file", message: "Cannot \(what): \(String(cString: strerror(errno))).",
    hint: errno == ENOSPC ? "Free some space, or choose another folder by --download-dir." : nil)
}

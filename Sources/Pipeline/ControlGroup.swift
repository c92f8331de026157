import Ring

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Where the process's control group says what it may have (cgroups(7)).
package struct ControlGroup: Hashable, Sendable {
  /// Of version 1 each controller has a hierarchy of its own, and names files its own way.
  package enum Version: Sendable { case v1, v2 }

  package var folder: String
  package var version: Version

  /// The groups that may say something about `controller`, whether they are there or not.
  package static func all(of controller: String) -> [ControlGroup] {
    all(of: controller, named: text(of: "/proc/self/cgroup").split(separator: "\n"))
  }

  /// A container has its own group for the root of all, unless its runtime shows it those of the
  /// machine.
  ///
  /// - Parameter lines: of /proc/self/cgroup, `0::/kubepods/pod1/abc` for one.
  static func all(of controller: String, named lines: [Substring]) -> [ControlGroup] {
    let root = "/sys/fs/cgroup"
    var groups = [
      ControlGroup(folder: root, version: .v2),
      ControlGroup(folder: "\(root)/\(controller)", version: .v1),
    ]
    for line in lines {
      let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard parts.count == 3, parts[2].hasPrefix("/"), parts[2] != "/", !parts[2].contains("..")
      else { continue }
      if parts[0] == "0", parts[1].isEmpty {
        groups.append(ControlGroup(folder: "\(root)\(parts[2])", version: .v2))
      } else if parts[1].split(separator: ",").contains(Substring(controller)) {
        groups.append(ControlGroup(folder: "\(root)/\(controller)\(parts[2])", version: .v1))
      }
    }
    return groups
  }

  /// Words of one of its files; none where there is no such file.
  package func words(of file: String) -> [Substring] { Self.words(of: "\(folder)/\(file)") }

  /// Words of a file of the system's.
  package static func words(of path: String) -> [Substring] {
    text(of: path).split { $0 == " " || $0 == "\n" }
  }

  private static func text(of path: String) -> String {
    // These files have no length of their own: what is asked for is made as it is read.
    let file = OpenFile(path, O_RDONLY | O_CLOEXEC)
    return String(decoding: file?.read(at: 0, count: 4_096) ?? [], as: UTF8.self)
  }
}

import ArgumentParser
import Cluster
import Logging
import ToolKit

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

struct ManifestsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "manifests",
    abstract: "Write the manifests and the Helm chart into a folder.",
    discussion: """
      The same objects that kubeshark tap applies, as YAML for kubectl apply, and a Helm chart of them:
        kubeshark manifests Deploy --set tap.docker.registry=registry.example.com/tools

      \(exitCodes)
      """)

  @Argument(
    help: ArgumentHelp("Where they go; files that exist are replaced.", valueName: "folder"))
  var folder: String

  @Option(
    name: .customLong("set"),
    help: ArgumentHelp("A setting; can be repeated.", valueName: "key=value"))
  var sets: [String] = []

  @Option(help: ArgumentHelp("Settings.", valueName: "file"))
  var configPath: String?

  func run() throws {
    let log = StderrLog.logger(tag: "kubeshark")
    // What is in effect for whoever runs it has no place in files for others.
    let none = "/dev/null"
    let settings = try Settings(
      sets: sets, configPath: configPath.isGiven ? configPath : none,
      configPath.isGiven ? log : StderrLog.logger(tag: "kubeshark", level: .warning)
    ).values
    let files: [DeployFolder.File]
    do throws(ClusterSettings.Mistake) {
      files = try DeployFolder(settings, version: imageTag).files
    } catch { throw Failure.usage(error.message) }
    for file in files {
      let path = absolutePath(folder) + "/" + file.path
      makeFolders(of: path)
      guard let stream = fopen(path, "w") else {
        throw Failure.usage("cannot write \(path): \(String(cString: strerror(errno)))")
      }
      let bytes = Array(file.text.utf8)
      let written = fwrite(bytes, 1, bytes.count, stream)
      guard fclose(stream) == 0, written == bytes.count else {
        throw Failure.failed("cannot write \(path): \(String(cString: strerror(errno)))")
      }
      print(path)
    }
  }

  private func makeFolders(of path: String) {
    var folder = ""
    for part in path.split(separator: "/").dropLast() {
      folder += "/" + part
      mkdir(folder, 0o755)
    }
  }
}

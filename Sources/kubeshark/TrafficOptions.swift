import ArgumentParser
import Identity
import ObjectStorage
import Packets
import Pipeline
import Ring
import Snapshots
import Store
import ToolKit
import Tools

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The flags that name the traffic of an embedded Hub.
struct TrafficOptions: ParsableArguments {
  @Option(
    name: .customLong("pcap"), parsing: .upToNextOption,
    help: ArgumentHelp(
      "Read these capture files (pcap or pcapng, also compressed); can be repeated.",
      valueName: "file"))
  var given: [String] = []

  /// The captures that were named; installers hand over empty texts for none.
  var captures: [String] { given.filter { Optional($0).isGiven } }

  @Option(
    name: .customLong("tls-keylog"), parsing: .upToNextOption,
    help: ArgumentHelp(
      """
      Decrypt TLS 1.0 to 1.3 with the secrets in this key log (SSLKEYLOGFILE), read on while it \
      grows; can be repeated.
      """, valueName: "file"))
  var givenKeyLogs: [String] = []

  /// The key logs that were named; installers hand over empty texts for none.
  var keyLogs: [String] { givenKeyLogs.filter { Optional($0).isGiven }.map(absolutePath) }

  @Option(
    help: ArgumentHelp(
      "Names for addresses: a list by kubectl, or YAML of our own.", valueName: "file"))
  var workloads: String?

  @Flag(help: "Show credentials found in the traffic instead of fingerprints of them.")
  var showSecrets = false

  @Flag(help: "Keep the index of the captures in memory instead of the cache folder.")
  var noCache = false

  @Option(
    help: ArgumentHelp(
      "Keep calls in this folder: those of the captures are added to those in it.",
      valueName: "folder"))
  var data: String?

  @Option(
    help: ArgumentHelp(
      "The oldest calls leave beyond this size, such as 20G (live without --data: 500M).",
      valueName: "size"))
  var keepBytes: ByteSize?

  @Option(
    help: ArgumentHelp(
      "Calls leave when they are that much older than the newest, such as 7d.",
      valueName: "duration"))
  var keepAge: Age?

  @Option(
    help: ArgumentHelp(
      """
      All that is in the folder of --data takes at most so much: snapshots are refused for which \
      no room is left beside the calls (default: snapshots may take 20G).
      """, valueName: "size"))
  var dataBytes: ByteSize?

  @Option(
    help: ArgumentHelp(
      """
      Protocols to make calls of, such as http,dns; +sctp adds one to those that are read \
      anyway (all but tcp, udp, sctp and syscall). For captures; goes without the cache.
      """,
      valueName: "names"))
  var dissectors: DissectorChoice?

  @Option(
    name: .customLong("tools"),
    help: ArgumentHelp(
      "Tools that lists show: core or all. Those that are not listed answer as well.",
      valueName: "set"))
  var toolSet = ToolSet.core

  @Option(
    help: ArgumentHelp(
      """
      Where snapshots are uploaded to and downloaded from: s3://BUCKET/PREFIX or file:///FOLDER \
      (or SNAPSHOT_AWS_BUCKET; keys by SNAPSHOT_AWS_ACCESS_KEY and _SECRET_KEY, other servers by \
      SNAPSHOT_AWS_ENDPOINT).
      """, valueName: "address"))
  var cloudStorage: String?

  @OptionGroup var live: LiveOptions

  /// Whether any traffic was named.
  var isNamed: Bool { !captures.isEmpty || data != nil || live.isNamed }

  func validate() throws {
    if data == nil, !live.isNamed, keepBytes != nil || keepAge != nil {
      throw ValidationError("--keep-bytes and --keep-age go with --data or --interface.")
    }
    if !isNamed, !keyLogs.isEmpty {
      throw ValidationError("--tls-keylog goes with --pcap or --interface.")
    }
    if live.isNamed, !captures.isEmpty {
      throw ValidationError("--pcap and --interface are two sources of traffic: give one of them.")
    }
    if dataBytes != nil, data == nil {
      throw ValidationError("--data-bytes goes with --data.")
    }
    if live.isNamed, dissectors != nil {
      throw ValidationError("--dissectors goes with --pcap.")
    }
  }

  /// How much of each capture goes into the redaction key: more than anybody could guess.
  private static let keyBytes = 64 << 10

  /// Opens the captures and begins to read them.
  ///
  /// - Parameters:
  ///   - follows: the capture still grows.
  ///   - files: gets what can be read anew.
  func start(
    follows: Bool = false, _ files: RenewedFiles? = nil
  ) throws(Failure) -> StartedTraffic {
    var traffic = try open(follows: follows)
    if let capture = traffic.capture {
      renewWorkloads(files) {
        capture.name(by: $0)
          ? nil
          : """
          captures that are not written any more are named while they are read, which they were: \
          start anew for other names
          """
      }
    }
    if let capture = traffic.capture {
      capture.start()
      traffic.bar = ProgressBar(capture)
    }
    return traffic
  }

  /// Opens the captures. Nothing is read yet, so only the catalogue can be asked for.
  func open(follows: Bool = false) throws(Failure) -> StartedTraffic {
    if follows, captures.count != 1 {
      throw .usage("--follow goes with one --pcap: the capture that is still being written")
    }
    let inventory = try inventory()
    // Of finished captures, secrets that are missing now will never come.
    if !follows { for path in keyLogs { _ = try contents(of: path, limit: 1) } }
    let folder = try dataFolder()
    let keys = KeyLogs(keyLogs)
    let capture: CaptureTraffic
    do throws(CaptureError) {
      capture = try CaptureTraffic(
        captures, inventory: inventory, workers: Processors.usable,
        cache: noCache || dissectors != nil ? nil : indexCache(), data: folder, follows: follows,
        keyLogs: keys
      ) { settings in
        if let dissectors { settings.switches = dissectors.switches }
      }
    } catch {
      throw .usage("\(error)")
    }
    let redactor = showSecrets ? Redactor.off : Redactor(key: try redactionKey(folder))
    let library = try library(
      { capture.names }, redactor, raw: fileCapture(follows: follows), keys: keys)
    return StartedTraffic(
      hub: EmbeddedHub(
        capture.traffic(redactor: redactor), version: Version.text, set: toolSet,
        library: library),
      reading: capture, capture: capture)
  }

  /// The capture files as raw packets for snapshots; nil for what grows or comes through a pipe,
  /// which cannot be read again.
  private func fileCapture(follows: Bool) -> FileCapture? {
    let paths = captures.map(absolutePath)
    let isRegular = !follows && captures.allSatisfy { CaptureReader.byteCount(of: $0) != nil }
    return captures.isEmpty || !isRegular
      ? nil : FileCapture(paths, node: SnapshotLibrary.localNode)
  }

  /// Bytes that snapshots may take.
  ///
  /// - Parameter calls: bytes that calls may take in the same folder.
  func snapshotBytes(beside calls: Int64) throws(Failure) -> UInt64 {
    guard let dataBytes else { return SnapshotStore.standardLimit }
    guard let left = dataBytes.left(beside: calls) else {
      throw .usage(
        "--data-bytes \(dataBytes.text) leaves no room beside the calls; make --keep-bytes smaller")
    }
    return UInt64(left)
  }

  /// Snapshots, in the data folder or in one that goes with the process.
  ///
  /// - Parameter calls: bytes that calls take when the user does not say.
  func library(
    _ inventory: @escaping @Sendable () -> Inventory, _ redactor: Redactor,
    raw: (any RawCapture)?, keys: KeyLogs = KeyLogs(), calls: Int64 = 0
  ) throws(Failure) -> SnapshotLibrary {
    let limit = try snapshotBytes(beside: keepBytes?.bytes ?? calls)
    do throws(RingError) {
      let folder = if let data { absolutePath(data) } else { try TemporaryFolder.make() }
      return try SnapshotLibrary(
        folder + "/snapshots",
        capture: raw, inventory: inventory, redactor: redactor,
        workers: Processors.usable, keyLogs: keys, limit: limit,
        cloud: StorageSettings.storage(cloudStorage, variable: environment))
    } catch {
      throw .failed("snapshots: \(error)")
    }
  }

  func inventory() throws(Failure) -> Inventory {
    guard let workloads else { return Inventory() }
    return try Self.inventory(of: workloads)
  }

  private static func inventory(of workloads: String) throws(Failure) -> Inventory {
    let bytes = try contents(of: workloads, limit: InventoryReader.maxFile + 1)
    do throws(InventoryError) {
      return try InventoryReader.inventory(of: bytes, path: workloads)
    } catch {
      throw .usage(error.message)
    }
  }

  /// Lets the file of `--workloads` be read anew.
  ///
  /// - Parameter use: takes what it says now; gives why that is not possible, as a sentence without
  ///   its full stop.
  func renewWorkloads(_ files: RenewedFiles?, use: @escaping @Sendable (Inventory) -> String?) {
    guard let files, let workloads else { return }
    let path = absolutePath(workloads)
    files.add("--workloads") {
      do throws(Failure) { return use(try Self.inventory(of: path)) } catch { return error.message }
    }
  }

  /// - Parameter standard: bytes to keep when the user does not say.
  func storeLimits(standard: Int64? = nil) -> StoreLimits {
    var limits = StoreLimits()
    limits.bytes = keepBytes?.bytes ?? standard
    limits.ageNanoseconds = keepAge?.nanoseconds
    return limits
  }

  /// - Parameter standard: bytes to keep when the user does not say; nil keeps everything.
  func dataFolder(standard: Int64? = nil) throws(Failure) -> DataFolder? {
    guard let data else { return nil }
    do throws(StoreError) {
      return try DataFolder(absolutePath(data), limits: storeLimits(standard: standard))
    } catch {
      throw .usage("--data: \(error)")
    }
  }

  /// A key made of the captures themselves: equal traffic gives equal fingerprints, in every
  /// process, and whoever has only the answers does not have the key. A data folder has its own.
  func redactionKey(_ folder: DataFolder?) throws(Failure) -> [UInt8] {
    if let folder {
      do throws(StoreError) { return try folder.key() } catch { throw .failed("--data: \(error)") }
    }
    var key = Array("kubeshark redaction".utf8)
    // A pipe can be read only once.
    for path in captures where CaptureReader.byteCount(of: path) != nil {
      key += try contents(of: path, limit: Self.keyBytes)
    }
    return key
  }

  /// The flags again, with paths from the root.
  var carriedOver: [String] {
    var arguments: [String] = []
    for path in captures { arguments += ["--pcap", path == "-" ? path : absolutePath(path)] }
    for path in keyLogs { arguments += ["--tls-keylog", path] }
    if let workloads { arguments += ["--workloads", absolutePath(workloads)] }
    if showSecrets { arguments.append("--show-secrets") }
    if noCache { arguments.append("--no-cache") }
    if let data { arguments += ["--data", absolutePath(data)] }
    if let keepBytes { arguments += ["--keep-bytes", keepBytes.text] }
    if let dataBytes { arguments += ["--data-bytes", dataBytes.text] }
    if let keepAge { arguments += ["--keep-age", keepAge.text] }
    if let cloudStorage { arguments += ["--cloud-storage", cloudStorage] }
    if let dissectors { arguments += ["--dissectors", dissectors.text] }
    if toolSet != .core { arguments += ["--tools", toolSet.rawValue] }
    arguments += live.carriedOver
    return arguments
  }
}

/// The user's cache of indexed captures; indexes of other builds of this program are not used.
private func indexCache() -> IndexCache? {
  var environment: [String: String] = [:]
  for name in ["XDG_CACHE_HOME", "HOME"] {
    if let value = getenv(name) { environment[name] = String(cString: value) }
  }
  var status = stat()
  guard stat(executablePath(), &status) == 0 else { return nil }
  #if os(Linux)
    let changed = "\(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec)"
  #else
    let changed = "\(status.st_mtimespec.tv_sec).\(status.st_mtimespec.tv_nsec)"
  #endif
  return IndexCache(
    environment: environment, program: "\(Version.text) \(status.st_size) \(changed)")
}

extension ToolSet: ExpressibleByArgument {}

/// An embedded Hub and the reading behind it.
struct StartedTraffic {
  var hub: EmbeddedHub
  var reading: any TrafficReading
  /// Of files only: reading them has an end.
  var capture: CaptureTraffic?
  /// The line on the terminal while it reads.
  var bar: ProgressBar?
}

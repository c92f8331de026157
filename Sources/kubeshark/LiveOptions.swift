import ArgumentParser
import Capture
import Identity
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

/// The flags of live capture.
struct LiveOptions: ParsableArguments {
  @Option(
    name: .customLong("interface"), parsing: .upToNextOption,
    help: ArgumentHelp(
      "Capture this interface, or any for all of them; can be repeated (Linux).",
      valueName: "name"))
  var interfaces: [String] = []

  @Option(
    help: ArgumentHelp(
      "With --interface: only packets that match this filter of tcpdump's, such as 'tcp port 80'.",
      valueName: "filter"))
  var bpf: String?

  @Flag(help: "With --interface: capture packets for other machines as well.")
  var promiscuous = false

  @Option(
    help: ArgumentHelp(
      "With --interface: kernel memory for packets not fetched yet (default 64M).",
      valueName: "size"))
  var ringMemory: ByteSize?

  @Option(
    help: ArgumentHelp(
      """
      With --interface: keep so many bytes of raw packets (default 1G in the folder of --data, \
      else 256M in a temporary one).
      """, valueName: "size"))
  var rawBytes: ByteSize?

  @Option(
    help: ArgumentHelp("With --interface: raw packets leave at that age.", valueName: "duration"))
  var rawAge: Age?

  @Option(
    help: ArgumentHelp(
      """
      With --interface: stop reading packets as calls when no tool is called for that long; never \
      is a value (default 5m). The next call starts it again.
      """, valueName: "duration"))
  var stopAfter: StopAfter?

  var isNamed: Bool { !interfaces.isEmpty }

  func validate() throws {
    guard !isNamed else {
      if Set(interfaces).count < interfaces.count {
        throw ValidationError("--interface names an interface twice.")
      }
      if interfaces.contains(Interfaces.any), interfaces.count > 1 {
        throw ValidationError("--interface any has all interfaces: name it alone.")
      }
      return
    }
    for (flag, isGiven) in [
      ("--bpf", bpf != nil), ("--promiscuous", promiscuous), ("--ring-memory", ringMemory != nil),
      ("--raw-bytes", rawBytes != nil), ("--raw-age", rawAge != nil),
      ("--stop-after", stopAfter != nil),
    ] where isGiven {
      throw ValidationError("\(flag) goes with --interface.")
    }
  }

  /// Opens the interfaces: from now on the kernel keeps their packets.
  func capture() throws(Failure) -> LiveCapture {
    var settings = LiveSettings(interfaces: interfaces, sockets: Processors.usable)
    settings.isPromiscuous = promiscuous
    if let ringMemory { settings.ringBytes = Int(clamping: ringMemory.bytes) }
    do throws(LiveError) {
      if let bpf { settings.filter = try CaptureFilter(bpf) }
      return try LiveCapture(settings)
    } catch {
      let isTheirs = error.code == .unknownInterface || error.code == .filter
      throw isTheirs ? .usage("\(error)") : .failed("\(error)")
    }
  }

  /// Raw packets beside the calls, or in a folder that goes with this process.
  func ring(data: String?) throws(Failure) -> (ring: Ring, temporary: String?) {
    let bytes = rawBytes?.bytes ?? (data == nil ? 256 << 20 : 1 << 30)
    let limits = RingLimits(bytes: UInt64(bytes), age: rawAge?.nanoseconds)
    do throws(RingError) {
      if let data { return (try Ring(data + "/ring", limits: limits), nil) }
      let folder = try temporaryFolder()
      return (try Ring(folder, limits: limits), folder)
    } catch { throw .failed("\(error)") }
  }

  /// The flags again.
  var carriedOver: [String] {
    var arguments = interfaces.flatMap { ["--interface", $0] }
    if let bpf { arguments += ["--bpf", bpf] }
    if promiscuous { arguments.append("--promiscuous") }
    if let ringMemory { arguments += ["--ring-memory", ringMemory.text] }
    if let rawBytes { arguments += ["--raw-bytes", rawBytes.text] }
    if let rawAge { arguments += ["--raw-age", rawAge.text] }
    if let stopAfter { arguments += ["--stop-after", stopAfter.text] }
    return arguments
  }
}

/// A folder of this process alone.
private func temporaryFolder() throws(RingError) -> String {
  let parent = environment("TMPDIR") ?? "/tmp"
  let free = String(repeating: "X", count: 6)
  var path = Array("\(parent)/kubeshark-\(free)".utf8CString)
  guard mkdtemp(&path) != nil else {
    throw RingError("making a folder in \(parent)", errno: errno)
  }
  return String(decoding: path.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
}

/// A length of time, or `never`.
struct StopAfter: ExpressibleByArgument {
  static let standard: Int64 = 300_000_000_000

  let text: String
  /// Nil for never.
  let nanoseconds: Int64?

  init?(argument: String) {
    text = argument
    if argument == "never" {
      nanoseconds = nil
    } else {
      guard let age = Age(argument: argument) else { return nil }
      nanoseconds = age.nanoseconds
    }
  }
}

extension TrafficOptions {
  /// Begins to capture the interfaces.
  ///
  /// - Parameters:
  ///   - files: gets what can be read anew.
  ///   - tell: gets a sentence when an interface goes or comes.
  func startLive(
    _ files: RenewedFiles? = nil, _ tell: @escaping @Sendable (String) -> Void
  ) throws(Failure) -> StartedTraffic {
    // Before anything is made: most likely the privilege is missing.
    let capture = try live.capture()
    let inventory = try inventory()
    let folder = try dataFolder()
    let (ring, temporary) = try live.ring(data: folder?.path)
    let redactor = showSecrets ? Redactor.off : Redactor(key: try liveKey(folder))
    let keys = KeyLogs(keyLogs)
    let traffic: LiveTraffic
    do throws(StoreError) {
      traffic = try LiveTraffic(
        capture, inventory: inventory, workers: Processors.usable,
        limits: storeLimits(standard: LiveTraffic.standardBytes), data: folder, ring: ring,
        temporaryRing: temporary, keyLogs: keys,
        stopAfter: live.stopAfter.map(\.nanoseconds) ?? StopAfter.standard, tell: tell)
    } catch { throw .failed("\(error)") }
    let library = try library(
      { traffic.names }, redactor, raw: RingCapture(ring), keys: keys,
      calls: LiveTraffic.standardBytes)
    renewWorkloads(files) {
      traffic.name(by: $0)
      return nil
    }
    traffic.start()
    return StartedTraffic(
      hub: EmbeddedHub(
        traffic.traffic(redactor: redactor), version: Version.text, set: toolSet,
        library: library),
      reading: traffic)
  }

  /// The tools there are for live traffic, without capturing any.
  func catalogue() throws(Failure) -> EmbeddedHub {
    let inventory = try inventory()
    return EmbeddedHub(
      LiveTraffic.catalogue(inventory: inventory), version: Version.text, set: toolSet,
      library: try library({ inventory }, .off, raw: nil))
  }

  /// Without a data folder fingerprints are this process's own.
  func liveKey(_ folder: DataFolder?) throws(Failure) -> [UInt8] {
    if folder != nil { return try redactionKey(folder) }
    return (0..<32).map { _ in UInt8.random(in: 0 ... .max) }
  }
}

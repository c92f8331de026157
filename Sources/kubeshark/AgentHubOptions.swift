import ArgumentParser
import Bytes
import Capture
import HubClient
import NodeAgent
import Ring

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The flags that name an agent's Hub.
struct AgentHubOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Send calls to this Hub.", valueName: "url"))
  var hub: String

  @Option(
    help: ArgumentHelp(
      "The secret that the Hub knows (its --agent-token-file); read anew whenever it changes.",
      valueName: "file"))
  var tokenFile: String

  @Option(
    help: ArgumentHelp(
      "Trust the authorities in this PEM file as well; read anew when it changes.",
      valueName: "file"))
  var caFile: String?

  private func address() throws(Failure) -> HubAddress {
    do throws(HubAddress.Problem) { return try HubAddress(hub) } catch {
      throw .usage("--hub: \(error.message). \(error.hint)")
    }
  }

  func link() throws(Failure) -> HubLink {
    var settings = HubClientSettings()
    _ = try contents(of: tokenFile, limit: 1)
    settings.token = .file(absolutePath(tokenFile))
    settings.caFile = caFile.map(absolutePath)
    let address = try address()
    do throws(HubClientSettings.Problem) {
      return try HubLink(address, settings, version: Version.text)
    } catch { throw .usage(error.message) }
  }

  /// What is read for each request anyway; whoever asks for it learns whether it can be used.
  func add(to files: RenewedFiles) {
    let (path, source) = (tokenFile, TokenSource(.file(absolutePath(tokenFile))))
    files.add("--token-file") {
      source.token == nil ? "\(path) cannot be read or holds no token" : nil
    }
    guard let caFile else { return }
    var settings = HubClientSettings()
    settings.caFile = absolutePath(caFile)
    let fixed = settings
    files.add("--ca-file") {
      do throws(HubClientSettings.Problem) {
        _ = try fixed.tls()
        return nil
      } catch { return error.message }
    }
  }

  /// Everything but what goes to the Hub: or what is sent would be captured, and sent.
  func withoutOurs() throws(LiveError) -> CaptureFilter? {
    guard let address = try? address() else { return nil }
    let port = address.port ?? (address.scheme == "https" ? 443 : 80)
    let hosts = Self.addresses(of: address.host).map { "host \($0)" }.joined(separator: " or ")
    return try CaptureFilter(
      hosts.isEmpty ? "not tcp port \(port)" : "not (tcp port \(port) and (\(hosts)))")
  }

  /// What a name stands for now; none when nobody knows.
  private static func addresses(of host: String) -> [IPAddress] {
    let name = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
    if let address = IPAddress(name) { return [address] }
    var found: UnsafeMutablePointer<addrinfo>?
    guard getaddrinfo(name, nil, nil, &found) == 0 else { return [] }
    defer { freeaddrinfo(found) }
    var addresses: [IPAddress] = []
    var next = found
    while let one = next {
      var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
      if getnameinfo(
        one.pointee.ai_addr, one.pointee.ai_addrlen, &text, socklen_t(text.count), nil, 0,
        NI_NUMERICHOST) == 0,
        let address = IPAddress(
          String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)),
        !addresses.contains(address)
      {
        addresses.append(address)
      }
      next = one.pointee.ai_next
    }
    return addresses
  }
}

/// How much an agent may take of its node.
struct AgentLimitOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      """
      Stay within so much memory by not reading packets as calls when it runs short (default: \
      the container's limit less a quarter of it, at least 48M and at most half).
      """, valueName: "size"))
  var memory: ByteSize?

  @Option(
    help: ArgumentHelp(
      "So many bytes of calls wait on disk while the Hub is away; the oldest leave beyond (512M).",
      valueName: "size"))
  var buffer: ByteSize?

  @Option(
    help: ArgumentHelp("Keep so many bytes of raw packets (default 1G).", valueName: "size"))
  var rawBytes: ByteSize?

  @Option(
    help: ArgumentHelp(
      """
      All that is in the folder of --data takes at most so much: of raw packets fewer are kept \
      where --buffer and --raw-bytes are more together.
      """, valueName: "size"))
  var dataBytes: ByteSize?

  @Option(
    help: ArgumentHelp(
      "Kernel memory for packets not fetched yet (default 32M).", valueName: "size"))
  var kernelMemory: ByteSize?

  var capture: NodeCapture.Limits {
    var limits = NodeCapture.Limits()
    limits.memory = memory.map { Int(clamping: $0.bytes) } ?? MemoryWatch.standardLimit
    if let buffer {
      limits.buffer = buffer.bytes
    } else if let dataBytes {
      limits.buffer = min(limits.buffer, max(1, dataBytes.bytes / 4))
    }
    return limits
  }

  func ring() throws(Failure) -> RingLimits {
    let wanted = rawBytes?.bytes ?? 1 << 30
    guard let dataBytes else { return RingLimits(bytes: UInt64(wanted)) }
    guard let left = dataBytes.left(beside: capture.buffer) else {
      throw .usage(
        "--data-bytes \(dataBytes.text) leaves no room for raw packets; make --buffer smaller")
    }
    return RingLimits(bytes: UInt64(min(wanted, left)))
  }

  var ringMemory: Int { Int(clamping: kernelMemory?.bytes ?? 32 << 20) }
}

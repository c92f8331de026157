import Bytes
import Packets
import Synchronization
import Testing

@testable import Capture

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

#if canImport(Glibc) || canImport(Musl)
  /// Whether this process may capture loopback.
  private let mayCapture: Bool = {
    var settings = LiveSettings(interfaces: ["lo"], sockets: 1)
    settings.ringBytes = 4 << 20
    return (try? LiveCapture(settings)) != nil
  }()

  /// Chunks as they come.
  private final class Net: Sendable {
    let packets = Mutex<[[UInt8]]>([])
    let numbers = Mutex<Set<UInt64>>([])

    func take(_ chunk: PacketChunk) {
      for packet in chunk.packets {
        let bytes = chunk.store.bytes
        packets.withLock { all in
          all.append(packet.range.map { bytes.byte(at: $0) })
        }
        numbers.withLock { _ = $0.insert(packet.number) }
      }
    }

    /// Packets that hold the text.
    func count(of text: String) -> Int {
      let wanted = Array(text.utf8)
      return packets.withLock { all in
        all.count { $0.suffix(wanted.count).elementsEqual(wanted) }
      }
    }
  }

  extension RawSpan {
    fileprivate func byte(at offset: Int) -> UInt8 {
      unsafeLoad(fromByteOffset: offset, as: UInt8.self)
    }
  }

  /// Sends `count` datagrams with this text to a port of loopback where nobody listens.
  private func send(_ text: String, count: Int, port: UInt16) {
    let descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    let bytes = Array(text.utf8)
    for _ in 0..<count {
      _ = withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          sendto(descriptor, bytes, bytes.count, 0, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
      }
    }
  }

  @Suite struct LiveCaptureTests {
    private static let patience = 60.0

    /// Waits until `condition` holds; false when it does not for too long.
    private func wait(_ condition: () -> Bool) -> Bool {
      for _ in 0..<Int(Self.patience * 50) {
        if condition() { return true }
        usleep(20_000)
      }
      return false
    }

    @Test func anUnknownInterfaceIsNamedWithThoseThereAre() {
      let error = #expect(throws: LiveError.self) {
        try LiveCapture(LiveSettings(interfaces: ["nosuch0"], sockets: 1))
      }
      #expect(error?.code == .unknownInterface)
      #expect("\(error!)".contains("nosuch0") && "\(error!)".contains("lo"))
    }

    @Test(.enabled(if: mayCapture, "packet sockets need CAP_NET_RAW"), arguments: [1, 3])
    func everyPacketComesOnceOverAnyNumberOfSockets(sockets: Int) throws {
      var settings = LiveSettings(interfaces: ["lo"], sockets: sockets)
      // Cases run at the same time.
      let port = 47_100 + UInt16(sockets)
      settings.filter = try CaptureFilter("udp dst port \(port)")
      let capture = try LiveCapture(settings)
      let net = Net()
      capture.start(take: { net.take($0) }, tell: { _ in })
      for index in 0..<20 { send("once \(index)", count: 5, port: port) }
      send("not this one", count: 3, port: 47_100)
      #expect(wait { net.count(of: "once 19") == 5 })
      capture.stop()
      for index in 0..<20 { #expect(net.count(of: "once \(index)") == 5) }
      #expect(net.count(of: "not this one") == 0, "the filter is the kernel's")
      #expect(net.numbers.withLock(\.count) == 100, "numbers do not repeat")
      #expect(capture.counters.map(\.received) == [100])
      #expect(capture.counters.map(\.dropped) == [0])
      #expect(capture.interfaces.map(\.name) == ["lo"])
    }

    @Test(.enabled(if: mayCapture, "packet sockets need CAP_NET_RAW"))
    func allInterfacesShowLoopbackOnceAndNameIt() throws {
      var settings = LiveSettings(interfaces: [Interfaces.any], sockets: 2)
      settings.filter = try CaptureFilter("udp dst port 47113 and host 127.0.0.1")
      let capture = try LiveCapture(settings)
      let net = Net()
      capture.start(take: { net.take($0) }, tell: { _ in })
      send("cooked", count: 7, port: 47_113)
      #expect(wait { net.count(of: "cooked") >= 7 })
      capture.stop()
      #expect(net.count(of: "cooked") == 7)
      #expect(capture.interfaces.map(\.name) == ["lo"])
      #expect(capture.interfaces.map(\.linkType) == [.linuxSLL2])
    }

    @Test(.enabled(if: mayCapture, "packet sockets need CAP_NET_RAW"))
    func aFilterOnLinkHeadersIsRefusedForAllInterfaces() throws {
      var settings = LiveSettings(interfaces: [Interfaces.any], sockets: 1)
      settings.filter = try CaptureFilter("ether host 02:00:00:00:00:01")
      let error = #expect(throws: LiveError.self) { try LiveCapture(settings) }
      #expect(error?.code == .filter)
    }

    @Test(.enabled(if: mayCapture, "packet sockets need CAP_NET_RAW"))
    func whatFindsNoRoomIsCounted() throws {
      var settings = LiveSettings(interfaces: ["lo"], sockets: 1)
      settings.ringBytes = 4 << 20
      settings.filter = try CaptureFilter("udp dst port 47114")
      let capture = try LiveCapture(settings)
      // Nobody fetches yet, and the ring holds four blocks of a megabyte.
      let text = String(repeating: "x", count: 8_000)
      send(text, count: 2_000, port: 47_114)
      let net = Net()
      capture.start(take: { net.take($0) }, tell: { _ in })
      #expect(wait { capture.counters[0].received + capture.counters[0].dropped >= 2_000 })
      capture.stop()
      let counters = capture.counters[0]
      #expect(counters.received + counters.dropped == 2_000)
      #expect(counters.dropped > 0 && counters.received > 0)
      #expect(net.count(of: text) == Int(counters.received))
    }
  }
#endif

import Foundation
import Synchronization

/// An HTTP server in this process that answers what a test wants, byte for byte; one request a
/// connection.
final class TestServer: Sendable {
  /// What to do with a connection once its request was read.
  enum Answer: Sendable {
    case bytes([UInt8])
    /// Nothing is sent for so long.
    case silence(seconds: Double)
    case close
  }

  let port: Int
  private let listener: Int32
  private let requests = Mutex<[String]>([])

  var url: String { "http://127.0.0.1:\(port)" }
  /// The requests so far, heads and bodies.
  var seen: [String] { requests.withLock { $0 } }

  init(_ answer: @escaping @Sendable (_ request: String, _ number: Int) -> Answer) {
    listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let descriptor = listener
    port = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        bind(descriptor, address, length)
        listen(descriptor, 64)
        getsockname(descriptor, address, &length)
      }
      return Int(in_port_t(bigEndian: $0.pointee.sin_port))
    }
    Thread.detachNewThread { [self] in
      while true {
        let connection = accept(descriptor, nil, nil)
        guard connection >= 0 else { return }
        Thread.detachNewThread { self.serve(connection, answer) }
      }
    }
  }

  func stop() {
    shutdown(listener, Int32(SHUT_RDWR))
    close(listener)
  }

  private func serve(_ connection: Int32, _ answer: (String, Int) -> Answer) {
    defer { close(connection) }
    guard let request = read(connection) else { return }
    let number = requests.withLock { requests in
      requests.append(request)
      return requests.count
    }
    switch answer(request, number) {
    case .bytes(let bytes):
      var done = 0
      while done < bytes.count {
        let count = bytes[done...].withUnsafeBytes {
          send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
        }
        guard count > 0 else { return }
        done += count
      }
    case .silence(let seconds): Thread.sleep(forTimeInterval: seconds)
    case .close: break
    }
  }

  private func read(_ connection: Int32) -> String? {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    while true {
      let count = recv(connection, &buffer, buffer.count, 0)
      guard count > 0 else { return nil }
      bytes += buffer[..<count]
      let text = String(decoding: bytes, as: UTF8.self)
      // A TLS handshake: no end of a head will come.
      if bytes.first == 0x16 { return text }
      guard let end = text.firstRange(of: "\r\n\r\n") else { continue }
      let head = text[..<end.lowerBound].lowercased()
      let length =
        head.split(separator: "\r\n").first { $0.hasPrefix("content-length:") }
        .flatMap { Int($0.dropFirst("content-length:".count).filter { $0 != " " }) } ?? 0
      if text[end.upperBound...].utf8.count >= length { return text }
    }
  }
}

/// A response with that status, type and body, after which the connection closes.
func response(
  _ status: Int, _ body: String, type: String = "application/json", headers: [String] = []
) -> TestServer.Answer {
  let lines =
    [
      "HTTP/1.1 \(status) X", "Content-Type: \(type)", "Content-Length: \(body.utf8.count)",
      "Connection: close",
    ] + headers
  return .bytes(Array((lines.joined(separator: "\r\n") + "\r\n\r\n" + body).utf8))
}

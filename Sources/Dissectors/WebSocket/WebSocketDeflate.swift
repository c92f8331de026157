import Bytes
import Decompression

/// permessage-deflate of one direction (RFC 7692 §7): messages that may refer to those before them.
///
/// Kept is what the next message may refer to, at most 32 KiB of text. Where a message is missing
/// or too large, those behind it that refer to it cannot be read, and the others can: a reference
/// to what is not there is an error of DEFLATE.
struct WebSocketDeflate: Sendable {
  /// Longest compressed message that is read, in bytes.
  static let maxMessage = 256 << 10
  static let limits = DecompressionLimits(output: 1 << 20)
  /// How far back a message may refer (RFC 1951 §2).
  private static let farthest = 32 << 10

  /// Each message stands for itself (`no_context_takeover`).
  private let isStateless: Bool
  /// How far back the negotiated window goes, in bytes.
  private let window: Int
  private var text: [UInt8] = []
  /// Not all that came before is known.
  private var isBroken: Bool

  /// Why a message could not be read.
  enum Problem: UInt8, Sendable {
    case none
    /// It refers to a message that was not read.
    case reference
    case damaged
    case tooLarge

    var text: String? {
      switch self {
      case .none: nil
      case .reference: "it refers to compressed messages that were not read"
      case .damaged: "the compressed message is damaged"
      case .tooLarge: "the compressed message is larger than the limit"
      }
    }
  }

  /// - Parameter parameters: the Sec-WebSocket-Extensions that the server accepted; nil when they
  ///   were not seen.
  init(of parameters: String?, forClient isClient: Bool) {
    let side = isClient ? "client" : "server"
    let words = (parameters ?? "").lowercased().split { ";, \t\"".contains($0) }
    isStateless = words.contains { $0 == side + "_no_context_takeover" }
    let bits = words.first { $0.hasPrefix(side + "_max_window_bits=") }
      .flatMap { Int($0.drop { $0 != "=" }.dropFirst()) }
    window = bits.map { 1 << min(max($0, 8), 15) } ?? Self.farthest
    isBroken = parameters == nil
  }

  /// A message was not read.
  mutating func noteGap() {
    if isStateless { return }
    isBroken = true
    text = []
  }

  /// The text of a whole message, or nil and why there is none. What the counters are told comes
  /// last.
  mutating func message(_ bytes: [UInt8]) -> (
    text: [UInt8]?, problem: Problem, end: Decompressed.End?
  ) {
    // The end of a block, which the sender leaves out (§7.2.1).
    let result = inflate(
      (bytes + [0, 0, 0xff, 0xff]).rawSpan, dictionary: text.rawSpan, limits: Self.limits)
    switch result.end {
    case .cut, .whole, .enough:
      remember(result.bytes)
      return (result.bytes, .none, .whole)
    case .damaged:
      let wasBroken = isBroken
      noteGap()
      return (nil, wasBroken ? .reference : .damaged, wasBroken ? nil : result.end)
    case .overOutput, .overRatio:
      noteGap()
      return (result.bytes, .tooLarge, result.end)
    }
  }

  private mutating func remember(_ message: [UInt8]) {
    if isStateless { return }
    text = message.count >= window ? Array(message.suffix(window)) : text + message
    if text.count > window { text.removeFirst(text.count - window) }
  }
}

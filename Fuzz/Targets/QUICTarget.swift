import Bytes
import Crypto
import CryptoExtras
import Dissectors
import Entries
import Flows
import Layers

/// Conversations over QUIC: each turn of an input holds the frames of an Initial packet, which is
/// sealed with the keys that everybody can derive.
///
/// A hello that is cut and shuffled is the hello that came in one frame.
enum QUICTarget {
  static let target = FuzzTarget(
    "frames", "a conversation whose turns are sealed in Initial packets of QUIC", maxLength: 4 << 10
  ) { bytes throws(BrokenLaw) in
    var conversing = Conversing(bytes)
    conversing.transport = .udp
    var sealer = Sealer()
    _ = try calls(sealer.seal(conversing))
    var body: [UInt8] = []
    for case .says(.client, let said) in conversing.turns { body += said }
    try shuffle(Array(body.prefix(1_500)), Derived(bytes))
  }

  private static func calls(_ conversing: Conversing) throws(BrokenLaw) -> [Entry] {
    let dissection = Dissection(switches: DissectionTarget.everything)
    try conversing.play(to: dissection) { () throws(BrokenLaw) in
      let held = dissection.held
      try hold(held.waitingBytes >= 0 && held.pending >= 0, "\(held) is held")
    }
    dissection.finish()
    try hold(dissection.counters.misbehaved == 0, "a dissector broke its contract")
    try hold(dissection.isIdle, "\(dissection.held) is left behind")
    let entries = dissection.drain()
    let connections = entries.count { !$0.kind.isCall }
    try hold(connections == 1, "\(connections) entries of the conversation itself")
    return entries.filter(\.kind.isCall)
  }

  /// A ClientHello with that body, in one frame and in many.
  private static func shuffle(_ body: [UInt8], _ derived: Derived) throws(BrokenLaw) {
    var derived = derived
    let message = [1, 0, UInt8(body.count >> 8), UInt8(body.count & 255)] + body
    var frames: [[UInt8]] = []
    var at = 0
    while at < message.count {
      let end = min(message.count, at + 20 + derived.below(200))
      // Some come twice.
      for _ in 0...derived.below(2) {
        frames.insert(
          Sealer.crypto(Array(message[at..<end]), at: at), at: derived.below(frames.count + 1))
      }
      at = end
    }
    var whole = Conversing()
    whole.transport = .udp
    var parts = whole
    whole.turns = [.says(.client, Sealer.crypto(message, at: 0))]
    parts.turns = stride(from: 0, to: frames.count, by: 4).map {
      .says(.client, Array(frames[$0..<min($0 + 4, frames.count)].joined()))
    }
    var (sealer, other) = (Sealer(), Sealer())
    let (one, many) = (try calls(sealer.seal(whole)), try calls(other.seal(parts)))
    let told = one.map { $0.fields.items.map { "\($0.id) \($0.value)" } }
    try hold(
      told == many.map { $0.fields.items.map { "\($0.id) \($0.value)" } },
      "a hello in pieces is another hello")
  }

  /// Seals frames in Initial packets of version 1 (RFC 9001 §5).
  struct Sealer {
    private static let destination: [UInt8] = [1, 2, 3, 4, 5, 6, 7, 8]
    /// Initial salt (RFC 9001 §5.2).
    private static let salt: [UInt8] = [
      0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17, 0x9a, 0xe6, 0xa4, 0xc8, 0x0c,
      0xad, 0xcc, 0xbb, 0x7f, 0x0a,
    ]

    private var numbers = BySide(client: UInt64(0), server: UInt64(0))

    /// The conversation as it is sent.
    mutating func seal(_ conversing: Conversing) -> Conversing {
      var sealed = conversing
      sealed.turns = []
      for turn in conversing.turns {
        if case .says(let side, let frames) = turn {
          sealed.turns.append(.says(side, packet(side, frames)))
        } else {
          sealed.turns.append(turn)
        }
      }
      return sealed
    }

    private mutating func packet(_ side: Side, _ frames: [UInt8]) -> [UInt8] {
      // Enough of them for a sample.
      let payload = frames + [UInt8](repeating: 0, count: max(0, 4 - frames.count))
      let number = numbers[side]
      numbers[side] += 1
      let (target, source): ([UInt8], [UInt8]) =
        side == .client ? (Self.destination, [9]) : ([9], [7, 7])
      let length = 1 + payload.count + 16
      let head: [UInt8] = [0xc0, 0, 0, 0, 1, UInt8(target.count)] + target
      let header =
        head + [UInt8(source.count)] + source
        + [0, 0x40 | UInt8(length >> 8 & 0x3f), UInt8(length & 255), UInt8(number & 255)]
      return protect(side, header, payload, number)
    }

    private func protect(
      _ side: Side, _ header: [UInt8], _ payload: [UInt8], _ number: UInt64
    ) -> [UInt8] {
      let extracted = Array(
        HMAC<SHA256>.authenticationCode(
          for: Self.destination, using: SymmetricKey(data: Self.salt)))
      let secret = expandLabel(extracted, side == .client ? "client in" : "server in", 32)
      var nonce = expandLabel(secret, "quic iv", 12)
      for place in 0..<8 {
        nonce[11 - place] ^= UInt8(truncatingIfNeeded: number >> UInt64(8 * place))
      }
      let key = SymmetricKey(data: expandLabel(secret, "quic key", 16))
      guard let nonce = try? AES.GCM.Nonce(data: nonce),
        let box = try? AES.GCM.seal(payload, using: key, nonce: nonce, authenticating: header)
      else { return [] }
      let sealed = Array(box.ciphertext) + Array(box.tag)
      var mask = Array(sealed[3..<19])
      let masking = SymmetricKey(data: expandLabel(secret, "quic hp", 16))
      guard (try? AES.permute(&mask, key: masking)) != nil else { return [] }
      var header = header
      header[0] ^= mask[0] & 0x0f
      header[header.count - 1] ^= mask[1]
      return header + sealed
    }

    /// A CRYPTO frame (RFC 9000 §19.6).
    static func crypto(_ bytes: [UInt8], at offset: Int) -> [UInt8] {
      func number(_ value: Int) -> [UInt8] {
        [0x40 | UInt8(value >> 8 & 0x3f), UInt8(value & 255)]
      }
      return [6] + number(offset) + number(bytes.count) + bytes
    }
  }
}

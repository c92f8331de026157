import Bytes
package import Flows

// What is encrypted.
extension TLS {
  /// A record that can be opened is shown whole.
  mutating func protected(_ bytes: RawSpan, _ whole: Int, _ side: Side) -> Step {
    guard keyring.wants(role(side)) else { return .skip(whole) }
    return bytes.byteCount >= whole ? .sealed(whole) : .needs(whole)
  }

  /// The side's part in the handshake.
  // A call would copy the reader.
  @inline(__always)
  func role(_ side: Side) -> Side { requester == .server ? side.other : side }

  package mutating func unseal(
    _ bytes: RawSpan, from side: Side, into clear: inout [UInt8]
  ) -> Unsealed {
    let role = role(side)
    let outcome = keyring.open(bytes, from: role, into: &clear)
    waits[role] = outcome == .later
    for (side, sight) in keyring.takeSights() { note(sight, side) }
    return outcome
  }

  package mutating func giveUpSealed(_ side: Side) { keyring.giveUp(role(side), .keysTooLate) }

  package var inside: Inside? {
    keyring.secrecy.map { Inside(secrecy: $0, alpn: keyring.alpn) }
  }

  // MARK: The handshake of TLS 1.3

  /// What an opened record told of the handshake.
  private mutating func note(_ sight: TLSSight, _ side: Side) {
    guard answer != nil, conclusion == nil else { return }
    hidden.note(sight, side)
    switch sight {
    case .message(let message) where side == .server:
      if message.type == 8, !keyring.alpn.isEmpty { answer?.alpn = keyring.alpn }
      if message.type == 11 { answer?.readEntries(message.body.rawSpan) }
      if message.type == 25 { answer?.readCompressed(message.body.rawSpan) }
    case .alert(let code):
      if side == .client {
        conclusion = refusal(TLSNames.alert(code))
      } else {
        answer?.alert = TLSNames.alert(code)
        conclusion = answer?.ending(isComplete: false)
      }
    default: break
    }
  }

  package mutating func settled(isEnding: Bool, isCut: Bool) -> (key: UInt64, ending: Ending)? {
    if isVersion13, conclusion == nil, let answer, isSettled(isEnding) {
      conclusion = answer.ending(isComplete: true)
    }
    guard let ending = conclusion else { return nil }
    (conclusion, answer, isOver) = (nil, nil, true)
    keyring.isWatched = false
    return (0, ending)
  }

  /// Whether nothing more of the handshake is to come that can be read. What still waits for its
  /// secrets when a side ends is not waited for.
  private func isSettled(_ isEnding: Bool) -> Bool {
    !keyring.isOpening(.server) || hidden.isOver
      || hidden.serverIsDone && !keyring.isOpening(.client)
      || isEnding && (waits.client || waits.server)
  }

  // MARK: What is missing

  package mutating func salvage(_ bytes: RawSpan, from side: Side) -> Message? {
    let message = isProtected[side] ? nil : cutFlight(bytes, side)
    if isOpening(side) { searches[side].noteBeginning(bytes) }
    return message
  }

  package mutating func broken(_ side: Side, by cause: Break) -> Recovery {
    guard isOpening(side) else { return .stop }
    switch cause {
    case .end: return .stop
    case .gap(let count): keyring.lose(searches[side].lose(count), of: role(side))
    case .error: searches[side].begin()
    }
    return .resynchronise
  }

  /// Records of the side are being opened: it pays to look for the next one.
  private func isOpening(_ side: Side) -> Bool {
    (isProtected[side] || isVersion13) && keyring.isOpening(role(side))
  }

  /// Passes over what is no beginning of a record; nil when one begins here.
  mutating func search(_ bytes: RawSpan, _ side: Side) -> Step? {
    switch searches[side].next(in: bytes) {
    case .here: return nil
    case .needs(let count): return .needs(count)
    case .skip(let count):
      keyring.lose(count, of: role(side))
      return .skip(count)
    }
  }
}

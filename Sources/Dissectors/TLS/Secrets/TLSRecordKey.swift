import Bytes
import Crypto

/// Opens the records that one side encrypts with one key, in their order.
struct TLSRecordKey: Sendable {
  /// Bytes of a record's head.
  static let head = TLS.headLength

  private enum Cipher: Sendable {
    case gcm, chaCha
    case ccm(tag: Int)
    case cbc
  }

  private let cipher: Cipher
  /// Of CBC.
  private var mode: TLSBlockMode?
  private let key: SymmetricKey
  /// The same made ready; of GCM and ChaCha20.
  private let aead: AEADKey?
  /// The whole nonce to be mixed with the record's number, or the part of it that is not sent.
  private let iv: [UInt8]
  private let isVersion13: Bool
  /// Number of the next record.
  private(set) var sequence: UInt64 = 0
  // Of the record at hand: memory that is used again.
  private var nonce: [UInt8] = []
  /// What is authenticated beside the content.
  private var authentic: [UInt8] = []

  /// The key that a traffic secret of TLS 1.3 gives (RFC 8446 §7.3).
  init(_ suite: TLSSuite, secret: [UInt8]) {
    key = SymmetricKey(data: suite.hash.expand(secret, "key", suite.key))
    iv = suite.hash.expand(secret, "iv", 12)
    isVersion13 = true
    cipher =
      switch suite.cipher {
      case .ccm(let tag): .ccm(tag: tag)
      case .chaCha: .chaCha
      case .gcm, .cbc: .gcm
      }
    aead = Self.aead(cipher, key)
  }

  private static func aead(_ cipher: Cipher, _ key: SymmetricKey) -> AEADKey? {
    switch cipher {
    case .gcm: AEADKey(key, isChaCha: false)
    case .chaCha: AEADKey(key, isChaCha: true)
    case .ccm, .cbc: nil
    }
  }

  /// One side's key of TLS 1.2 and before (RFC 5246 §6.3).
  ///
  /// - Parameter block: the key block; its layout is both MAC keys, both keys, both IVs.
  init(_ suite: TLSSuite, block: [UInt8], isClient: Bool, version: UInt16, macsLast: Bool) {
    isVersion13 = false
    let place = isClient ? 0 : 1
    func part(_ start: Int, _ count: Int) -> [UInt8] {
      Array(block[start + place * count..<start + (place + 1) * count])
    }
    let mac = suite.macKey
    key = SymmetricKey(data: part(2 * mac, suite.key))
    iv = part(2 * mac + 2 * suite.key, suite.fixedIV(version))
    switch suite.cipher {
    case .gcm: cipher = .gcm
    case .chaCha: cipher = .chaCha
    case .ccm(let tag): cipher = .ccm(tag: tag)
    case .cbc(let hash):
      cipher = .cbc
      mode = TLSBlockMode(
        hash: hash, key: SymmetricKey(data: part(0, mac)), macsLast: macsLast,
        chain: version <= 0x0301 ? iv : nil)
    }
    aead = Self.aead(cipher, key)
  }

  /// Appends what a record says to `clear`; false, and nothing, when it does not fit the key.
  ///
  /// - Parameters:
  ///   - record: a whole one, with its head.
  ///   - skipped: records that were lost before it.
  mutating func open(_ record: RawSpan, skipping skipped: UInt64 = 0, into clear: inout [UInt8])
    -> Bool
  {
    let number = sequence &+ skipped
    let isOpen =
      if case .cbc = cipher {
        mode?.open(record, number, key, into: &clear) ?? false
      } else {
        openAEAD(record, number, into: &clear)
      }
    if isOpen { sequence = number &+ 1 }
    return isOpen
  }

  /// Bytes that a record has beside its content; of CBC, at the least.
  var overhead: Int {
    switch cipher {
    case .cbc: Self.head + (mode?.hash.count ?? 0) + (mode?.chain == nil ? 17 : 1)
    case .gcm, .chaCha, .ccm: Self.head + (iv.count == 12 ? 0 : 8) + tag + (isVersion13 ? 1 : 0)
    }
  }

  private var tag: Int { if case .ccm(let tag) = cipher { tag } else { 16 } }

  private mutating func openAEAD(
    _ record: RawSpan, _ number: UInt64, into clear: inout [UInt8]
  ) -> Bool {
    // Before TLS 1.3 all but ChaCha20 send a part of the nonce.
    let explicit = iv.count == 12 ? 0 : 8
    let content = record.byteCount - Self.head - explicit - tag
    guard content >= 0 else { return false }
    let sealed = record.suffix(from: Self.head + explicit)
    if isVersion13, let aead {
      return aead.open(
        sealed, nonce: iv.rawSpan, number: number, authentic: record.prefix(Self.head),
        into: &clear)
    }
    authentic.removeAll(keepingCapacity: true)
    if isVersion13 {
      authentic.append(record.prefix(Self.head))
    } else {
      Self.authenticate(record, number, content, &authentic)
    }
    nonce.removeAll(keepingCapacity: true)
    nonce += iv
    if explicit > 0 {
      nonce.append(record.slice(Self.head..<Self.head + explicit))
    } else {
      for place in 0..<8 {
        nonce[11 - place] ^= UInt8(truncatingIfNeeded: number >> (8 * UInt64(place)))
      }
    }
    if case .ccm(let tag) = cipher {
      guard let plain = try? AESCCM.open(nonce + sealed.array(), tag: tag, key, authentic) else {
        return false
      }
      clear += plain
      return true
    }
    return aead?.open(sealed, nonce: nonce.rawSpan, authentic: authentic.rawSpan, into: &clear)
      ?? false
  }

  /// Appends what is authenticated beside the content before TLS 1.3: number, type, version, length.
  static func authenticate(
    _ record: RawSpan, _ number: UInt64, _ length: Int, _ bytes: inout [UInt8]
  ) {
    for shift in stride(from: UInt64(56), through: 0, by: -8) {
      bytes.append(UInt8(truncatingIfNeeded: number >> shift))
    }
    bytes.append(record.prefix(3))
    bytes.append(UInt8(truncatingIfNeeded: length >> 8))
    bytes.append(UInt8(truncatingIfNeeded: length))
  }
}

extension TLSSuite {
  /// Bytes of a MAC's key.
  var macKey: Int { if case .cbc(let hash) = cipher { hash.count } else { 0 } }

  /// Bytes of one side's IV in the key block.
  func fixedIV(_ version: UInt16) -> Int {
    switch cipher {
    case .gcm, .ccm: 4
    case .chaCha: 12
    // Since TLS 1.1 every record brings its own.
    case .cbc: version <= 0x0301 ? 16 : 0
    }
  }

  /// Bytes of the key block.
  func blockCount(_ version: UInt16) -> Int { 2 * (macKey + key + fixedIV(version)) }

  /// Whether records of that version may be in it.
  func fits(_ version: UInt16) -> Bool {
    switch cipher {
    case .cbc: version < 0x0304
    case .gcm, .chaCha, .ccm: version >= 0x0303
    }
  }
}

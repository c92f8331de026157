import Bytes

/// Names behind which secrets stand.
package enum SecretNames {
  /// Header fields whose whole value is a secret. Lower case.
  package static func isSecret(header name: String) -> Bool {
    // How many calls are left is counted in tokens, too.
    guard name.utf8.span.bytes.firstOffset(of: "ratelimit") == nil else { return false }
    return headers.contains(name) || endings.contains { name.hasSuffix($0) }
      || isSecret(key: name.hasPrefix("x-") ? String(name.dropFirst(2)) : name)
  }

  private static let endings = ["-auth", "-session", "-assertion", "-jwt"]

  private static let headers: Set<String> = [
    "x-api-key", "api-key", "apikey", "x-auth-token", "x-access-token", "x-csrf-token",
    "x-xsrf-token", "x-session-id", "x-session-token", "x-amz-security-token", "x-vault-token",
    "x-goog-api-key", "x-gitlab-token", "x-github-token", "x-shopify-access-token",
    "x-kubeshark-authorization", "license-key", "private-token", "authentication-info",
    "sec-websocket-key", "x-functions-key", "ocp-apim-subscription-key", "x-forwarded-access-token",
    "x-id-token", "x-ms-token-aad-access-token", "authentication", "x-amzn-oidc-data",
    "x-honeycomb-team",
  ]

  /// Keys of JSON objects, forms, queries and command arguments, however they are spelled:
  /// `accessToken`, `access_token` and `access-token` are one name.
  package static func isSecret(key: String) -> Bool { isSecret(key: key.utf8.span.bytes) }

  /// The same of a key as it is on the wire, without making a text of it.
  package static func isSecret(key: RawSpan) -> Bool {
    guard key.isASCII else {
      // Some letters beyond ASCII have lower cases in it.
      let lower = Array(key.text().lowercased().utf8)
      return tells(lower.rawSpan)
    }
    return tells(key)
  }

  private static func tells(_ name: RawSpan) -> Bool {
    let (words, seconds) = (wordsByLetter, secondLetters)
    for start in 0..<name.byteCount {
      let letter = Int((name.byte(start) | 0x20) &- 0x61)
      guard letter < 26, start + 1 < name.byteCount else { continue }
      let next = name.byte(start + 1)
      guard isMark(next) || seconds[letter] >> UInt32(next & 31) & 1 == 1 else { continue }
      for word in words[letter] where stands(word, in: name, at: start) {
        return !harmless.contains { stands(Word(letters: $0, isWhole: true), in: name, at: 0) }
      }
    }
    return false
  }

  /// Whether a word begins at `start`, the marks between its letters passed over.
  private static func stands(_ word: Word, in name: RawSpan, at start: Int) -> Bool {
    var at = start
    for letter in word.letters {
      while at < name.byteCount, isMark(name.byte(at)) { at += 1 }
      guard at < name.byteCount, lower(name.byte(at)) == letter else { return false }
      at += 1
    }
    guard word.isWhole else { return true }
    for place in 0..<start where !isMark(name.byte(place)) { return false }
    for place in at..<name.byteCount where !isMark(name.byte(place)) { return false }
    return true
  }

  /// Between words: - . _
  private static func isMark(_ byte: UInt8) -> Bool {
    byte == 0x2d || byte == 0x2e || byte == 0x5f
  }

  private static func lower(_ byte: UInt8) -> UInt8 { byte &- 0x41 < 26 ? byte | 0x20 : byte }

  /// What sounds like a secret and is none: counts of a language model's tokens, kinds of tokens.
  private static let harmless: [[UInt8]] = [
    "tokentype", "tokenendpoint", "tokencount", "maxtokens", "totaltokens", "prompttokens",
    "completiontokens", "inputtokens", "outputtokens", "tokensused", "secretname", "passwordhint",
    "prompttokencount", "candidatestokencount", "totaltokencount", "thoughtstokencount",
    "cachedcontenttokencount", "tooluseprompttokencount", "outputtokencount", "inputtokencount",
    "cachedtokens", "reasoningtokens", "maxoutputtokens", "maxcompletiontokens",
    "promptcachehittokens",
    "promptcachemisstokens", "cachecreationinputtokens", "cachereadinputtokens", "audiotokens",
    "acceptedpredictiontokens", "rejectedpredictiontokens",
    "signaturealgorithms", "signaturealgorithm",
  ].map { Array($0.utf8) }

  /// Too short or common to be looked for inside longer names.
  private static let exact = [
    "pwd", "pass", "pin", "otp", "auth", "sig", "sid", "jwt", "cvv", "cvc", "ssn", "iban", "sas",
    "sessionid", "csrf", "xsrf", "assertion", "hmac", "totp",
  ]

  /// In queries and forms also these, which in JSON are mostly harmless (`"code": 500`).
  package static func isSecret(parameter name: String) -> Bool {
    isSecret(key: name) || parameters.contains(name.lowercased())
  }

  private static let parameters: Set<String> = [
    "code", "key", "k", "state", "session", "ticket", "refresh",
  ]

  /// A word that names a secret, in lower case without marks.
  private struct Word: Sendable {
    let letters: [UInt8]
    /// It counts where it is all of a name.
    let isWhole: Bool
  }

  private static let wordsByLetter: [[Word]] = {
    var table = [[Word]](repeating: [], count: 26)
    for part in parts {
      table[Int(part.utf8.first! - 0x61)].append(Word(letters: Array(part.utf8), isWhole: false))
    }
    for name in exact {
      table[Int(name.utf8.first! - 0x61)].append(Word(letters: Array(name.utf8), isWhole: true))
    }
    return table
  }()

  /// By the first letter of words a bit for each letter that may be their second: nearly every
  /// place of a name is passed with one look.
  private static let secondLetters = wordsByLetter.map { words in
    words.reduce(UInt32(0)) { $0 | 1 << UInt32($1.letters[1] & 31) }
  }

  /// Looked for anywhere in a name.
  private static let parts = [
    "password", "passwd", "passphrase", "secret", "token", "apikey", "accesskey", "privatekey",
    "credential", "authorization", "signature", "cardnumber", "creditcard", "securitycode",
    "clientassertion", "sessionid", "sessid", "passcode", "apisecret", "samlresponse",
    "samlrequest", "masterkey", "sharedkey", "storagekey", "sslkey", "cookie", "requirepass",
    "masterauth", "encryptionkey", "signingkey", "connectionstring", "onetimecode",
    "recoverycode", "refreshtoken", "sessionkey", "socialsecurity", "accountnumber", "authkey",
    "mfacode", "verificationcode", "codeverifier", "licensekey", "licencekey", "securityanswer",
    "mysqlpwd", "dbpwd", "rediscliauth",
  ]
}

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

  /// The same of a key in which colons separate names: its last part may be one of its own, as in
  /// `user:7:pin`.
  ///
  /// - Parameter longest: bytes of that part, at most.
  package static func isSecret(key: RawSpan, orPartOf longest: Int) -> Bool {
    if key.isASCII { return tells(key, orPartOf: longest) }
    return isSecret(key: key)
      || lastPart(key, longest).map { isSecret(key: key.suffix(from: $0)) } ?? false
  }

  /// Where the part behind the last colon begins; nil when it is longer.
  private static func lastPart(_ key: RawSpan, _ longest: Int) -> Int? {
    for place in stride(from: key.byteCount, to: max(0, key.byteCount - longest - 1), by: -1)
    where key.byte(place - 1) == 0x3a {
      return place
    }
    return nil
  }

  private static func tells(_ name: RawSpan, orPartOf longest: Int? = nil) -> Bool {
    switch words.look(through: name) {
    case .nothing: return false
    case .part: return !harmless.contains { isSame(name, $0) }
    case .ending(let count):
      if letters(name) == count { return true }
      guard let longest, let place = lastPart(name, longest) else { return false }
      return letters(name.suffix(from: place)) == count
    }
  }

  /// Bytes that are no marks.
  private static func letters(_ name: RawSpan) -> Int {
    var count = 0
    for at in 0..<name.byteCount where !SecretWords.isMark(name.byte(at)) { count += 1 }
    return count
  }

  /// Whether a name is this one, the marks between its letters passed over.
  private static func isSame(_ name: RawSpan, _ letters: [UInt8]) -> Bool {
    var place = 0
    for at in 0..<name.byteCount where !SecretWords.isMark(name.byte(at)) {
      let byte = name.byte(at)
      let lower = byte &- 0x41 < 26 ? byte | 0x20 : byte
      if place == letters.count || letters[place] != lower { return false }
      place += 1
    }
    return place == letters.count
  }

  private static let words = SecretWords(parts: parts, exact: exact)

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

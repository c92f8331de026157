import Bytes

/// Names behind which secrets stand.
package enum SecretNames {
  /// Header fields whose whole value is a secret. Lower case.
  package static func isSecret(header name: String) -> Bool {
    // How many calls are left is counted in tokens, too.
    guard name.utf8.span.bytes.firstOffset(of: "ratelimit") == nil else { return false }
    return headers.contains(name) || name.hasSuffix("-auth") || name.hasSuffix("-session")
      || isSecret(key: name)
  }

  private static let headers: Set<String> = [
    "x-api-key", "api-key", "apikey", "x-auth-token", "x-access-token", "x-csrf-token",
    "x-xsrf-token", "x-session-id", "x-session-token", "x-amz-security-token", "x-vault-token",
    "x-goog-api-key", "x-gitlab-token", "x-github-token", "x-shopify-access-token",
    "x-kubeshark-authorization", "license-key", "private-token", "authentication-info",
    "sec-websocket-key", "x-functions-key", "ocp-apim-subscription-key", "x-forwarded-access-token",
    "x-id-token", "x-jwt-assertion", "x-goog-iap-jwt-assertion", "x-ms-token-aad-access-token",
  ]

  /// Keys of JSON objects, forms, queries and command arguments, however they are spelled:
  /// `accessToken`, `access_token` and `access-token` are one name.
  package static func isSecret(key: String) -> Bool {
    let name = folded(key)
    if harmless.contains(name) { return false }
    return exact.contains(name) || holdsPart(name)
  }

  /// The letters in lower case, without the marks between words.
  private static func folded(_ key: String) -> [UInt8] {
    var letters: [UInt8] = []
    letters.reserveCapacity(key.utf8.count)
    for byte in key.utf8 {
      switch byte {
      case 0x2d, 0x2e, 0x5f: continue  // - . _
      case 0x41...0x5a: letters.append(byte | 0x20)
      // Some letters beyond ASCII have lower cases in it.
      case 0x80...: return key.lowercased().utf8.filter { ![0x2d, 0x2e, 0x5f].contains($0) }
      default: letters.append(byte)
      }
    }
    return letters
  }

  private static func holdsPart(_ name: [UInt8]) -> Bool {
    for start in name.indices {
      let letter = name[start] &- 0x61
      guard letter < 26 else { continue }
      for part in partsByLetter[Int(letter)] where part.count <= name.count - start {
        if name[start..<start + part.count].elementsEqual(part) { return true }
      }
    }
    return false
  }

  /// What sounds like a secret and is none: counts of a language model's tokens, kinds of tokens.
  private static let harmless = names([
    "tokentype", "tokenendpoint", "tokencount", "maxtokens", "totaltokens", "prompttokens",
    "completiontokens", "inputtokens", "outputtokens", "tokensused", "secretname", "passwordhint",
    "signaturealgorithms", "signaturealgorithm",
  ])

  /// Too short or common to be looked for inside longer names.
  private static let exact = names([
    "pwd", "pass", "pin", "otp", "auth", "sig", "sid", "jwt", "cvv", "cvc", "ssn", "iban", "sas",
    "sessionid", "csrf", "xsrf", "assertion", "hmac",
  ])

  private static func names(_ names: [String]) -> Set<[UInt8]> { Set(names.map { Array($0.utf8) }) }

  /// In queries and forms also these, which in JSON are mostly harmless (`"code": 500`).
  package static func isSecret(parameter name: String) -> Bool {
    isSecret(key: name) || ["code", "key", "k", "state"].contains(name.lowercased())
  }

  /// Looked for anywhere in a name, by their first letter.
  private static let partsByLetter: [[[UInt8]]] = {
    var table = [[[UInt8]]](repeating: [], count: 26)
    for part in parts { table[Int(part.utf8.first! - 0x61)].append(Array(part.utf8)) }
    return table
  }()

  private static let parts = [
    "password", "passwd", "passphrase", "secret", "token", "apikey", "accesskey", "privatekey",
    "credential", "authorization", "signature", "cardnumber", "creditcard", "securitycode",
    "clientassertion", "sessionid", "sessid", "passcode", "apisecret", "samlresponse",
    "samlrequest", "masterkey", "sharedkey", "storagekey", "sslkey", "cookie", "requirepass",
    "masterauth", "encryptionkey", "signingkey", "connectionstring", "onetimecode",
    "recoverycode", "refreshtoken", "sessionkey", "socialsecurity", "accountnumber",
  ]
}

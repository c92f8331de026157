/// Names behind which secrets stand.
package enum SecretNames {
  /// Header fields whose whole value is a secret. Lower case.
  package static func isSecret(header name: String) -> Bool {
    // How many calls are left is counted in tokens, too.
    guard !name.contains("ratelimit") else { return false }
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
    let name = String(
      key.lowercased().unicodeScalars.filter { $0 != "_" && $0 != "-" && $0 != "." })
    if harmless.contains(name) { return false }
    return exact.contains(name) || parts.contains { name.contains($0) }
  }

  /// What sounds like a secret and is none: counts of a language model's tokens, kinds of tokens.
  private static let harmless: Set<String> = [
    "tokentype", "tokenendpoint", "tokencount", "maxtokens", "totaltokens", "prompttokens",
    "completiontokens", "inputtokens", "outputtokens", "tokensused", "secretname", "passwordhint",
  ]

  /// Too short or common to be looked for inside longer names.
  private static let exact: Set<String> = [
    "pwd", "pass", "pin", "otp", "auth", "sig", "sid", "jwt", "cvv", "cvc", "ssn", "iban", "sas",
    "sessionid", "csrf", "xsrf", "assertion", "hmac",
  ]

  /// In queries and forms also these, which in JSON are mostly harmless (`"code": 500`).
  package static func isSecret(parameter name: String) -> Bool {
    isSecret(key: name) || ["code", "key", "k", "state"].contains(name.lowercased())
  }

  private static let parts = [
    "password", "passwd", "passphrase", "secret", "token", "apikey", "accesskey", "privatekey",
    "credential", "authorization", "signature", "cardnumber", "creditcard", "securitycode",
    "clientassertion", "sessionid", "sessid", "passcode", "apisecret", "samlresponse",
    "samlrequest", "masterkey", "sharedkey", "storagekey", "sslkey", "cookie", "requirepass",
    "masterauth", "encryptionkey", "signingkey", "connectionstring", "onetimecode",
    "recoverycode", "refreshtoken", "sessionkey", "socialsecurity", "accountnumber",
  ]
}

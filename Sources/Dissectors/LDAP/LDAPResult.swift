import Bytes
import JSON

/// `LDAPResult` (RFC 4511 §4.1.9): a code, a name, words.
struct LDAPResult: Sendable {
  let code: Int64
  private let matched: [UInt8]
  private let message: [UInt8]
  private let number: UInt64
  /// Name of an extended response; empty without one.
  private(set) var responseName = ""
  /// Where else the operation can be asked for.
  private var referrals: [[UInt8]] = []
  private let controls: LDAPControls

  init(_ envelope: LDAPMessage, _ bytes: RawSpan) throws(WireError) {
    let end = envelope.content.upperBound
    var at = envelope.content.lowerBound
    number = envelope.number
    code = try BER(bytes, &at, end: end).number(bytes)
    matched = bytes.slice(try BER(bytes, &at, end: end).content).prefix(512).array()
    message = bytes.slice(try BER(bytes, &at, end: end).content).prefix(1024).array()
    controls = (try? LDAPControls(bytes, from: end, isRequest: false)) ?? LDAPControls()
    while at < end {
      let part = try BER(bytes, &at, end: end)
      if part.tag == 0x8a {
        responseName = LDAPNames.extended(bytes.slice(part.content).prefix(128).text())
      }
      if part.tag == 0xa3 { referrals = LDAPReferral.addresses(bytes, part.content) }
    }
  }

  /// Of a result that is cut the code.
  init(beginning envelope: LDAPMessage, _ bytes: RawSpan) throws(WireError) {
    var at = envelope.content.lowerBound
    number = envelope.number
    code = try BER(bytes, &at, end: envelope.content.upperBound).number(bytes)
    (matched, message, controls) = ([], [], LDAPControls())
  }

  var name: String { LDAPNames.result(code) }

  /// Comparisons, referrals and the steps of SASL are no failures.
  var isFailure: Bool { ![0, 5, 6, 10, 14].contains(code) }

  /// - Parameter continuations: addresses that a search was referred to before its end.
  func write(_ writer: inout JSONWriter, continuations: [[UInt8]] = []) {
    writer.name("messageId")
    writer.write(Int64(number))
    writer.name("resultCode")
    writer.write(code)
    writer.name("resultName")
    writer.write(name)
    if !matched.isEmpty {
      writer.name("matchedDn")
      writer.write(text: matched.rawSpan)
    }
    if !message.isEmpty {
      writer.name("diagnostic")
      writer.write(text: message.rawSpan)
    }
    if !responseName.isEmpty {
      writer.name("responseName")
      writer.write(responseName)
    }
    let referrals = referrals + continuations
    if !referrals.isEmpty {
      writer.name("referrals")
      writer.beginArray()
      for address in referrals { writer.write(text: address.rawSpan) }
      writer.endArray()
    }
    controls.write(&writer)
  }
}

/// Addresses in referrals and in references to where a search goes on (RFC 4511 §4.1.10).
enum LDAPReferral {
  /// Addresses of one list that are shown, and bytes of each.
  static let maxListed = 8
  private static let maxText = 256

  /// The first addresses of a list; what cannot be read of it is left out.
  static func addresses(_ bytes: RawSpan, _ list: Range<Int>) -> [[UInt8]] {
    var addresses: [[UInt8]] = []
    var at = list.lowerBound
    while at < list.upperBound, addresses.count < maxListed,
      let address = try? BER(bytes, &at, end: list.upperBound)
    {
      addresses.append(bytes.slice(address.content).prefix(maxText).array())
    }
    return addresses
  }
}

/// Names of LDAP numbers (IANA "LDAP Parameters").
enum LDAPNames {
  static func result(_ code: Int64) -> String {
    switch code {
    case 0: "success"
    case 1: "operationsError"
    case 2: "protocolError"
    case 3: "timeLimitExceeded"
    case 4: "sizeLimitExceeded"
    case 5: "compareFalse"
    case 6: "compareTrue"
    case 7: "authMethodNotSupported"
    case 8: "strongerAuthRequired"
    case 10: "referral"
    case 11: "adminLimitExceeded"
    case 12: "unavailableCriticalExtension"
    case 13: "confidentialityRequired"
    case 14: "saslBindInProgress"
    case 16: "noSuchAttribute"
    case 17: "undefinedAttributeType"
    case 18: "inappropriateMatching"
    case 19: "constraintViolation"
    case 20: "attributeOrValueExists"
    case 21: "invalidAttributeSyntax"
    case 32: "noSuchObject"
    case 33: "aliasProblem"
    case 34: "invalidDNSyntax"
    case 36: "aliasDereferencingProblem"
    case 48: "inappropriateAuthentication"
    case 49: "invalidCredentials"
    case 50: "insufficientAccessRights"
    case 51: "busy"
    case 52: "unavailable"
    case 53: "unwillingToPerform"
    case 54: "loopDetect"
    case 64: "namingViolation"
    case 65: "objectClassViolation"
    case 66: "notAllowedOnNonLeaf"
    case 67: "notAllowedOnRDN"
    case 68: "entryAlreadyExists"
    case 69: "objectClassModsProhibited"
    case 71: "affectsMultipleDSAs"
    case 80: "other"
    case 118: "canceled"
    case 119: "noSuchOperation"
    case 120: "tooLate"
    case 121: "cannotCancel"
    default: "code \(code)"
    }
  }

  /// What an extended operation does; its number for those without a name here.
  static func extended(_ oid: String) -> String {
    switch oid {
    case LDAPRequest.startTLS: "StartTLS"
    case "1.3.6.1.4.1.4203.1.11.1": "PasswordModify"
    case "1.3.6.1.4.1.4203.1.11.3": "WhoAmI"
    case "1.3.6.1.1.8": "Cancel"
    case "1.3.6.1.1.21.1": "StartTransaction"
    case "1.3.6.1.1.21.3": "EndTransaction"
    case "1.3.6.1.4.1.1466.20036": "NoticeOfDisconnection"
    case "1.3.6.1.4.1.1466.101.119.1": "Refresh"
    default: oid
    }
  }

  /// Attributes whose values are passwords; options may follow the name (RFC 4512 §2.5).
  static func isSecret(_ attribute: RawSpan) -> Bool {
    let end = attribute.firstOffset(of: 0x3b) ?? attribute.byteCount
    let name = attribute.prefix(end)
    for secret in secrets where name.equalsIgnoringCase(secret) { return true }
    return false
  }

  /// In lower case.
  private static let secrets: [StaticString] = [
    "userpassword", "unicodepwd", "dbcspwd", "authpassword", "sambantpassword", "sambalmpassword",
    "ms-mcs-admpwd", "mslaps-password", "krbprincipalkey", "userpkcs12",
  ]
}

import Bytes

/// Names of attributes and of some of their values (IANA "RADIUS Types").
enum RADIUSNames {
  enum Form: Sendable {
    case text, number, address, address6, prefix, hexadecimal, secret, guess
    /// With a tag in front (RFC 2868 §3).
    case taggedText, taggedNumber

    /// By its letter in the tables: t text, n number, a and A address of IPv4 and IPv6, p prefix of
    /// IPv6, x hexadecimal, s secret, T and N text and number behind a tag.
    init(_ letter: Substring) {
      switch letter {
      case "t": self = .text
      case "n": self = .number
      case "a": self = .address
      case "A": self = .address6
      case "p": self = .prefix
      case "s": self = .secret
      case "T": self = .taggedText
      case "N": self = .taggedNumber
      default: self = .hexadecimal
      }
    }
  }

  static func attribute(_ type: UInt8) -> (name: String, form: Form) {
    let at = Int(type)
    guard at < table.count, !table[at].name.isEmpty else { return ("Attribute-\(type)", .guess) }
    return table[at]
  }

  /// Name of a value of an attribute that counts out meanings.
  static func value(_ type: UInt8, _ number: UInt32) -> String? {
    switch type {
    case 6:
      pick(
        number, from: 1,
        [
          "Login", "Framed", "Callback-Login", "Callback-Framed", "Outbound", "Administrative",
          "NAS-Prompt", "Authenticate-Only", "Callback-NAS-Prompt", "Call-Check",
          "Callback-Administrative",
        ])
    case 7: pick(number, from: 1, ["PPP", "SLIP", "ARAP", "Gandalf", "Xylogics", "X.75"])
    case 29: pick(number, from: 0, ["Default", "RADIUS-Request"])
    case 40:
      pick(
        number, from: 1,
        [
          "Start", "Stop", "Interim-Update", "", "", "", "Accounting-On",
          "Accounting-Off",
        ])
    case 45: pick(number, from: 1, ["RADIUS", "Local", "Remote", "Diameter"])
    case 49:
      pick(
        number, from: 1,
        [
          "User-Request", "Lost-Carrier", "Lost-Service", "Idle-Timeout", "Session-Timeout",
          "Admin-Reset", "Admin-Reboot", "Port-Error", "NAS-Error", "NAS-Request", "NAS-Reboot",
          "Port-Unneeded", "Port-Preempted", "Port-Suspended", "Service-Unavailable", "Callback",
          "User-Error", "Host-Request",
        ])
    case 61:
      pick(
        number, from: 0,
        [
          "Async", "Sync", "ISDN", "ISDN-V120", "ISDN-V110", "Virtual", "PIAFS", "HDLC", "X.25",
          "X.75", "G.3-Fax", "SDSL", "ADSL-CAP", "ADSL-DMT", "IDSL", "Ethernet", "xDSL", "Cable",
          "Wireless-Other", "Wireless-802.11",
        ])
    case 64:
      pick(
        number, from: 1,
        [
          "PPTP", "L2F", "L2TP", "ATMP", "VTP", "AH", "IP-IP", "MIN-IP-IP", "ESP", "GRE", "DVS",
          "IP-in-IP", "VLAN",
        ])
    case 65: pick(number, from: 1, ["IPv4", "IPv6", "NSAP", "HDLC", "BBN-1822", "IEEE-802"])
    case 101: errorCause(number)
    default: nil
    }
  }

  /// Why a request of a dynamic authorization client is refused (RFC 5176 §3.5).
  private static func errorCause(_ number: UInt32) -> String? {
    switch number / 100 {
    case 2: pick(number, from: 201, ["Residual-Session-Context-Removed", "Invalid-EAP-Packet"])
    case 4:
      pick(
        number, from: 401,
        [
          "Unsupported-Attribute", "Missing-Attribute", "NAS-Identification-Mismatch",
          "Invalid-Request", "Unsupported-Service", "Unsupported-Extension",
          "Invalid-Attribute-Value",
        ])
    case 5:
      pick(
        number, from: 501,
        [
          "Administratively-Prohibited", "Request-Not-Routable", "Session-Context-Not-Found",
          "Session-Context-Not-Removable", "Other-Proxy-Processing-Error",
          "Resources-Unavailable", "Request-Initiated",
          "Multiple-Session-Selection-Unsupported",
        ])
    default: nil
    }
  }

  /// What a message of EAP is (RFC 3748 §4): its code, and the method of requests and responses.
  /// Nil for none.
  static func messageOfEAP(_ bytes: RawSpan) -> String? {
    guard bytes.byteCount >= 4 else { return nil }
    switch bytes.byte(0) {
    case 1, 2:
      let code = bytes.byte(0) == 1 ? "Request" : "Response"
      guard bytes.byteCount > 4 else { return code }
      return code + " " + (methodsOfEAP[bytes.byte(4)] ?? "type \(bytes.byte(4))")
    case 3: return "Success"
    case 4: return "Failure"
    default: return nil
    }
  }

  /// IANA "EAP Method Types".
  private static let methodsOfEAP: [UInt8: String] = [
    1: "Identity", 2: "Notification", 3: "Nak", 4: "MD5-Challenge", 5: "OTP", 6: "GTC", 13: "TLS",
    17: "LEAP", 18: "SIM", 21: "TTLS", 23: "AKA", 25: "PEAP", 26: "MSCHAPv2", 43: "FAST",
    47: "PSK", 50: "AKA'", 51: "GPSK", 52: "PWD", 53: "EKE", 55: "TEAP",
  ]

  private static func pick(_ number: UInt32, from first: UInt32, _ names: [String]) -> String? {
    guard number >= first, number - first < UInt32(names.count) else { return nil }
    let name = names[Int(number - first)]
    return name.isEmpty ? nil : name
  }

  /// By type. Each word: type, name, and the letter of its form.
  private static let table: [(name: String, form: Form)] = {
    var table: [(name: String, form: Form)] = Array(repeating: ("", .guess), count: 256)
    for word in words.split(whereSeparator: \.isWhitespace) {
      let parts = word.split(separator: ":")
      guard parts.count == 3, let type = Int(parts[0]), type < 256 else { continue }
      table[type] = (String(parts[1]), Form(parts[2]))
    }
    return table
  }()

  private static let words = """
    1:User-Name:t 2:User-Password:s 3:CHAP-Password:s 4:NAS-IP-Address:a 5:NAS-Port:n
    6:Service-Type:n 7:Framed-Protocol:n 8:Framed-IP-Address:a 9:Framed-IP-Netmask:a
    10:Framed-Routing:n 11:Filter-Id:t 12:Framed-MTU:n 13:Framed-Compression:n 14:Login-IP-Host:a
    15:Login-Service:n 16:Login-TCP-Port:n 18:Reply-Message:t 19:Callback-Number:t 20:Callback-Id:t
    22:Framed-Route:t 23:Framed-IPX-Network:n 24:State:x 25:Class:x 26:Vendor-Specific:x
    27:Session-Timeout:n 28:Idle-Timeout:n 29:Termination-Action:n 30:Called-Station-Id:t
    31:Calling-Station-Id:t 32:NAS-Identifier:t 33:Proxy-State:x 34:Login-LAT-Service:t
    35:Login-LAT-Node:t 36:Login-LAT-Group:x 37:Framed-AppleTalk-Link:n
    38:Framed-AppleTalk-Network:n 39:Framed-AppleTalk-Zone:t 40:Acct-Status-Type:n
    41:Acct-Delay-Time:n 42:Acct-Input-Octets:n 43:Acct-Output-Octets:n 44:Acct-Session-Id:t
    45:Acct-Authentic:n 46:Acct-Session-Time:n 47:Acct-Input-Packets:n 48:Acct-Output-Packets:n
    49:Acct-Terminate-Cause:n 50:Acct-Multi-Session-Id:t 51:Acct-Link-Count:n
    52:Acct-Input-Gigawords:n 53:Acct-Output-Gigawords:n 55:Event-Timestamp:n 56:Egress-VLANID:x
    57:Ingress-Filters:n 58:Egress-VLAN-Name:t 59:User-Priority-Table:x 60:CHAP-Challenge:s
    61:NAS-Port-Type:n 62:Port-Limit:n 63:Login-LAT-Port:t 64:Tunnel-Type:N 65:Tunnel-Medium-Type:N
    66:Tunnel-Client-Endpoint:T 67:Tunnel-Server-Endpoint:T 68:Acct-Tunnel-Connection:t
    69:Tunnel-Password:s 70:ARAP-Password:s 71:ARAP-Features:x 72:ARAP-Zone-Access:n
    73:ARAP-Security:n 74:ARAP-Security-Data:s 75:Password-Retry:n 76:Prompt:n 77:Connect-Info:t
    78:Configuration-Token:s 79:EAP-Message:s 80:Message-Authenticator:x
    81:Tunnel-Private-Group-ID:T 82:Tunnel-Assignment-ID:T 83:Tunnel-Preference:N
    84:ARAP-Challenge-Response:s 85:Acct-Interim-Interval:n 86:Acct-Tunnel-Packets-Lost:n
    87:NAS-Port-Id:t 88:Framed-Pool:t 89:Chargeable-User-Identity:x 90:Tunnel-Client-Auth-ID:T
    91:Tunnel-Server-Auth-ID:T 92:NAS-Filter-Rule:t 95:NAS-IPv6-Address:A 96:Framed-Interface-Id:x
    97:Framed-IPv6-Prefix:p 98:Login-IPv6-Host:A 99:Framed-IPv6-Route:t 100:Framed-IPv6-Pool:t
    101:Error-Cause:n 102:EAP-Key-Name:s 103:Digest-Response:s 123:Delegated-IPv6-Prefix:p
    124:MIP6-Feature-Vector:x 125:MIP6-Home-Link-Prefix:x 126:Operator-Name:t
    127:Location-Information:x 128:Location-Data:x 129:Basic-Location-Policy-Rules:x
    168:Framed-IPv6-Address:A 169:DNS-Server-IPv6-Address:A
    """
}

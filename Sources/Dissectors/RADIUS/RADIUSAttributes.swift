import Bytes
import JSON

/// Attributes: type, length, value each (RFC 2865 §5).
struct RADIUSAttributes: Sendable {
  /// Attributes that are shown; all are looked through.
  private static let maxShown = 128
  private static let vendorSpecific: UInt8 = 26
  /// Vendor whose attributes hold challenges, responses and session keys (RFC 2548).
  private static let microsoft: UInt32 = 311

  private(set) var user: [UInt8]?
  private(set) var isWhole = true

  init() {}

  /// Whether lengths lead exactly to the end.
  static func areWellFormed(_ bytes: RawSpan) -> Bool {
    var at = 0
    while at + 2 <= bytes.byteCount {
      let length = Int(bytes.byte(at + 1))
      guard bytes.byte(at) != 0, length >= 2 else { return false }
      at += length
    }
    return at == bytes.byteCount
  }

  /// Writes a member `attributes`.
  mutating func read(_ bytes: RawSpan, _ writer: inout JSONWriter) {
    writer.name("attributes")
    writer.beginArray()
    var at = 0
    var count = 0
    while at < bytes.byteCount {
      guard at + 2 <= bytes.byteCount, bytes.byte(at + 1) >= 2,
        at + Int(bytes.byte(at + 1)) <= bytes.byteCount
      else {
        isWhole = false
        break
      }
      let type = bytes.byte(at)
      let value = bytes.slice(at + 2..<at + Int(bytes.byte(at + 1)))
      if type == 1, user == nil { user = value.prefix(128).array() }
      if count < Self.maxShown { write(type, value, &writer) }
      count += 1
      at += 2 + value.byteCount
    }
    writer.endArray()
  }

  private func write(_ type: UInt8, _ value: RawSpan, _ writer: inout JSONWriter) {
    let known = RADIUSNames.attribute(type)
    writer.beginObject()
    writer.name("type")
    writer.write(Int(type))
    writer.name("name")
    writer.write(known.name)
    if type == Self.vendorSpecific, value.byteCount >= 4 {
      let vendor = value.big32(0)
      writer.name("vendor")
      writer.write(Int64(vendor))
      vendorValue(vendor, value.suffix(from: 4), &writer)
    } else {
      writer.name("value")
      show(known.form, value, type, &writer)
    }
    writer.endObject()
  }

  /// What a vendor put in: mostly attributes of its own, in the same form.
  private func vendorValue(_ vendor: UInt32, _ value: RawSpan, _ writer: inout JSONWriter) {
    guard value.byteCount >= 2, Int(value.byte(1)) == value.byteCount else {
      writer.name("value")
      writer.write("\(value.byteCount) bytes")
      return
    }
    writer.name("vendorType")
    writer.write(Int(value.byte(0)))
    writer.name("value")
    show(vendor == Self.microsoft ? .secret : .guess, value.suffix(from: 2), 0, &writer)
  }

  private func show(
    _ form: RADIUSNames.Form, _ value: RawSpan, _ type: UInt8, _ writer: inout JSONWriter
  ) {
    switch form {
    case .secret: writer.write("[redacted]")
    case .text: writer.write(text: value)
    case .number where value.byteCount == 4:
      let number = value.big32(0)
      if let name = RADIUSNames.value(type, number) {
        writer.write(name)
      } else {
        writer.write(Int64(number))
      }
    case .address where value.byteCount == 4:
      writer.write(IPAddress(v4: value.big32(0)).description)
    default:
      if form == .guess, value.isPrintable {
        writer.write(text: value)
      } else {
        writer.write("0x" + hex(value.prefix(64).array()))
      }
    }
  }
}

/// Names of attributes and of some of their values (IANA "RADIUS Types").
enum RADIUSNames {
  enum Form: Sendable { case text, number, address, hexadecimal, secret, guess }

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
    default: nil
    }
  }

  private static func pick(_ number: UInt32, from first: UInt32, _ names: [String]) -> String? {
    guard number >= first, number - first < UInt32(names.count) else { return nil }
    let name = names[Int(number - first)]
    return name.isEmpty ? nil : name
  }

  /// By type. Each word: name, and its form: t text, n number, a address, x hexadecimal, s secret.
  private static let table: [(name: String, form: Form)] = {
    var table: [(name: String, form: Form)] = Array(repeating: ("", .guess), count: 256)
    for word in words.split(whereSeparator: \.isWhitespace) {
      let parts = word.split(separator: ":")
      guard parts.count == 3, let type = Int(parts[0]), type < 256 else { continue }
      let form: Form =
        switch parts[2] {
        case "t": .text
        case "n": .number
        case "a": .address
        case "s": .secret
        default: .hexadecimal
        }
      table[type] = (String(parts[1]), form)
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
    61:NAS-Port-Type:n 62:Port-Limit:n 63:Login-LAT-Port:t 64:Tunnel-Type:x 65:Tunnel-Medium-Type:x
    66:Tunnel-Client-Endpoint:t 67:Tunnel-Server-Endpoint:t 68:Acct-Tunnel-Connection:t
    69:Tunnel-Password:s 70:ARAP-Password:s 71:ARAP-Features:x 72:ARAP-Zone-Access:n
    73:ARAP-Security:n 74:ARAP-Security-Data:s 75:Password-Retry:n 76:Prompt:n 77:Connect-Info:t
    78:Configuration-Token:s 79:EAP-Message:s 80:Message-Authenticator:x
    81:Tunnel-Private-Group-ID:t 82:Tunnel-Assignment-ID:t 83:Tunnel-Preference:x
    84:ARAP-Challenge-Response:s 85:Acct-Interim-Interval:n 86:Acct-Tunnel-Packets-Lost:n
    87:NAS-Port-Id:t 88:Framed-Pool:t 89:Chargeable-User-Identity:x 90:Tunnel-Client-Auth-ID:t
    91:Tunnel-Server-Auth-ID:t 92:NAS-Filter-Rule:t 95:NAS-IPv6-Address:x 96:Framed-Interface-Id:x
    97:Framed-IPv6-Prefix:x 98:Login-IPv6-Host:x 99:Framed-IPv6-Route:t 100:Framed-IPv6-Pool:t
    101:Error-Cause:n 102:EAP-Key-Name:s 103:Digest-Response:s 123:Delegated-IPv6-Prefix:x
    124:MIP6-Feature-Vector:x 125:MIP6-Home-Link-Prefix:x 126:Operator-Name:t
    127:Location-Information:x 128:Location-Data:x 129:Basic-Location-Policy-Rules:x
    168:Framed-IPv6-Address:x
    """
}

import Bytes
import Entries

/// Attributes of vendors that servers commonly send, by name (IANA "Private Enterprise Numbers" and
/// the vendors' documents).
enum RADIUSVendors {
  /// Its attributes hold challenges, responses and session keys (RFC 2548).
  private static let microsoft: UInt32 = 311

  static func name(_ vendor: UInt32) -> String? { vendors[vendor] }

  /// Name, empty where it is not known, and form.
  static func attribute(_ vendor: UInt32, _ type: UInt8) -> (name: String, form: RADIUSNames.Form) {
    if let known = table[UInt64(vendor) << 8 | UInt64(type)] { return known }
    return (name: "", form: vendor == microsoft ? .secret : .guess)
  }

  /// Where the value of a pair begins whose name tells of a secret, such as
  /// `leap:session-key=…`; nil for other texts. An asterisk stands for an equals sign where the pair
  /// is optional.
  static func secretStart(_ text: RawSpan) -> Int? {
    for at in 0..<text.byteCount where text.byte(at) == 0x3d || text.byte(at) == 0x2a {
      let name = text.prefix(at)
      let isShared = at >= 3 && name.suffix(from: at - 3).equalsIgnoringCase("psk")
      return isShared || SecretNames.isSecret(key: name) ? at + 1 : nil
    }
    return nil
  }

  private static let vendors: [UInt32: String] = [
    9: "Cisco", 11: "HP", 311: "Microsoft", 529: "Ascend", 2011: "Huawei", 2636: "Juniper",
    4874: "ERX", 8744: "Colubris", 10_415: "3GPP", 11_344: "FreeRADIUS", 12_356: "Fortinet",
    14_122: "WISPr", 14_179: "Airespace", 14_823: "Aruba", 14_988: "Mikrotik", 25_053: "Ruckus",
    25_461: "Palo Alto", 29_671: "Meraki",
  ]

  private static let table: [UInt64: (name: String, form: RADIUSNames.Form)] = {
    var table: [UInt64: (name: String, form: RADIUSNames.Form)] = [:]
    for word in words.split(whereSeparator: \.isWhitespace) {
      let parts = word.split(separator: ":")
      guard parts.count == 4, let vendor = UInt64(parts[0]), let type = UInt64(parts[1]) else {
        continue
      }
      table[vendor << 8 | type] = (String(parts[2]), RADIUSNames.Form(parts[3]))
    }
    return table
  }()

  /// Each word: vendor, type, name, and the letter of its form.
  private static let words = """
    9:1:Cisco-AVPair:t 9:2:Cisco-NAS-Port:t
    311:2:MS-CHAP-Error:s 311:7:MS-MPPE-Encryption-Policy:n 311:8:MS-MPPE-Encryption-Types:n
    311:1:MS-CHAP-Response:s 311:10:MS-CHAP-Domain:s 311:11:MS-CHAP-Challenge:s
    311:12:MS-CHAP-MPPE-Keys:s 311:16:MS-MPPE-Send-Key:s 311:17:MS-MPPE-Recv-Key:s
    311:25:MS-CHAP2-Response:s 311:26:MS-CHAP2-Success:s 311:28:MS-Primary-DNS-Server:a
    311:29:MS-Secondary-DNS-Server:a
    2636:1:Juniper-Local-User-Name:t
    10415:1:3GPP-IMSI:t 10415:2:3GPP-Charging-ID:n 10415:3:3GPP-PDP-Type:n
    10415:5:3GPP-GPRS-Negotiated-QoS-Profile:t 10415:6:3GPP-SGSN-Address:a
    10415:7:3GPP-GGSN-Address:a 10415:8:3GPP-IMSI-MCC-MNC:t 10415:10:3GPP-NSAPI:t
    10415:13:3GPP-Charging-Characteristics:t 10415:18:3GPP-SGSN-MCC-MNC:t 10415:20:3GPP-IMEISV:t
    10415:21:3GPP-RAT-Type:x 10415:22:3GPP-User-Location-Info:x
    12356:1:Fortinet-Group-Name:t
    14122:1:WISPr-Location-ID:t 14122:2:WISPr-Location-Name:t 14122:3:WISPr-Logoff-URL:t
    14122:4:WISPr-Redirection-URL:t 14122:5:WISPr-Bandwidth-Min-Up:n
    14122:6:WISPr-Bandwidth-Min-Down:n 14122:7:WISPr-Bandwidth-Max-Up:n
    14122:8:WISPr-Bandwidth-Max-Down:n 14122:9:WISPr-Session-Terminate-Time:t
    14823:1:Aruba-User-Role:t 14823:2:Aruba-User-Vlan:n 14823:4:Aruba-Admin-Role:t
    14823:5:Aruba-Essid-Name:t 14823:6:Aruba-Location-Id:t 14823:42:Aruba-MPSK-Passphrase:s
    14988:3:Mikrotik-Group:t 14988:7:Mikrotik-Wireless-Enc-Key:s 14988:8:Mikrotik-Rate-Limit:t
    14988:16:Mikrotik-Wireless-PSK:s
    """
}

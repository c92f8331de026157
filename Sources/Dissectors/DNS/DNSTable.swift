/// Names of DNS numbers (IANA "Domain Name System Parameters").
enum DNSTable {
  /// Name of a record type; `TYPE` and the number (RFC 3597 §5) for those without.
  static func type(_ code: UInt16) -> String { knownType(code)?.description ?? "TYPE\(code)" }

  /// Name of a record type; nil for those without.
  static func knownType(_ code: UInt16) -> StaticString? {
    switch code {
    case 1: "A"
    case 2: "NS"
    case 3: "MD"
    case 4: "MF"
    case 5: "CNAME"
    case 6: "SOA"
    case 7: "MB"
    case 8: "MG"
    case 9: "MR"
    case 10: "NULL"
    case 11: "WKS"
    case 12: "PTR"
    case 13: "HINFO"
    case 14: "MINFO"
    case 15: "MX"
    case 16: "TXT"
    case 17: "RP"
    case 18: "AFSDB"
    case 19: "X25"
    case 20: "ISDN"
    case 21: "RT"
    case 22: "NSAP"
    case 23: "NSAP-PTR"
    case 24: "SIG"
    case 25: "KEY"
    case 26: "PX"
    case 27: "GPOS"
    case 28: "AAAA"
    case 29: "LOC"
    case 30: "NXT"
    case 31: "EID"
    case 32: "NIMLOC"
    case 33: "SRV"
    case 34: "ATMA"
    case 35: "NAPTR"
    case 36: "KX"
    case 37: "CERT"
    case 38: "A6"
    case 39: "DNAME"
    case 40: "SINK"
    case 41: "OPT"
    case 42: "APL"
    case 43: "DS"
    case 44: "SSHFP"
    case 45: "IPSECKEY"
    case 46: "RRSIG"
    case 47: "NSEC"
    case 48: "DNSKEY"
    case 49: "DHCID"
    case 50: "NSEC3"
    case 51: "NSEC3PARAM"
    case 52: "TLSA"
    case 53: "SMIMEA"
    case 55: "HIP"
    case 56: "NINFO"
    case 57: "RKEY"
    case 58: "TALINK"
    case 59: "CDS"
    case 60: "CDNSKEY"
    case 61: "OPENPGPKEY"
    case 62: "CSYNC"
    case 63: "ZONEMD"
    case 64: "SVCB"
    case 65: "HTTPS"
    case 66: "DSYNC"
    case 99: "SPF"
    case 100: "UINFO"
    case 101: "UID"
    case 102: "GID"
    case 103: "UNSPEC"
    case 104: "NID"
    case 105: "L32"
    case 106: "L64"
    case 107: "LP"
    case 108: "EUI48"
    case 109: "EUI64"
    case 128: "NXNAME"
    case 249: "TKEY"
    case 250: "TSIG"
    case 251: "IXFR"
    case 252: "AXFR"
    case 253: "MAILB"
    case 254: "MAILA"
    case 255: "ANY"
    case 256: "URI"
    case 257: "CAA"
    case 258: "AVC"
    case 259: "DOA"
    case 260: "AMTRELAY"
    case 261: "RESINFO"
    case 262: "WALLET"
    case 263: "CLA"
    case 264: "IPN"
    case 32_768: "TA"
    case 32_769: "DLV"
    // Not of the registry, but of the name servers of Windows, which alone have them.
    case 0xff01: "WINS"
    case 0xff02: "WINS-R"
    default: nil
    }
  }

  static func recordClass(_ code: UInt16) -> String {
    switch code {
    case 1: "IN"
    case 3: "CH"
    case 4: "HS"
    case 254: "NONE"
    case 255: "ANY"
    default: "CLASS\(code)"
    }
  }

  /// Name of a response code, extended ones included (RFC 6895 §2.3); `RCODE` and the number for
  /// those without.
  static func rcode(_ code: UInt16) -> String { knownRcode(code)?.description ?? "RCODE\(code)" }

  /// Name of a response code; nil for those without.
  static func knownRcode(_ code: UInt16) -> StaticString? {
    switch code {
    case 0: "NOERROR"
    case 1: "FORMERR"
    case 2: "SERVFAIL"
    case 3: "NXDOMAIN"
    case 4: "NOTIMP"
    case 5: "REFUSED"
    case 6: "YXDOMAIN"
    case 7: "YXRRSET"
    case 8: "NXRRSET"
    case 9: "NOTAUTH"
    case 10: "NOTZONE"
    case 11: "DSOTYPENI"
    case 16: "BADVERS"
    case 17: "BADKEY"
    case 18: "BADTIME"
    case 19: "BADMODE"
    case 20: "BADNAME"
    case 21: "BADALG"
    case 22: "BADTRUNC"
    case 23: "BADCOOKIE"
    default: nil
    }
  }

  static func opcode(_ code: UInt8) -> String {
    switch code {
    case 0: "QUERY"
    case 1: "IQUERY"
    case 2: "STATUS"
    case 4: "NOTIFY"
    case 5: "UPDATE"
    case 6: "DSO"
    default: "OPCODE\(code)"
    }
  }

  /// Name of a part of a stateful operation (RFC 8490 §10.3, RFC 8765 §10).
  static func statefulType(_ code: UInt16) -> String {
    switch code {
    case 1: "KEEPALIVE"
    case 2: "RETRYDELAY"
    case 3: "ENCRYPTIONPADDING"
    case 0x40: "SUBSCRIBE"
    case 0x41: "PUSH"
    case 0x42: "UNSUBSCRIBE"
    case 0x43: "RECONFIRM"
    default: "TYPE\(code)"
    }
  }

  /// Name of an EDNS option; nil for those without.
  static func option(_ code: UInt16) -> String? {
    switch code {
    case 1: "LLQ"
    case 2: "UL"
    case 3: "NSID"
    case 5: "DAU"
    case 6: "DHU"
    case 7: "N3U"
    case 8: "ECS"
    case 9: "EXPIRE"
    case 10: "COOKIE"
    case 11: "KEEPALIVE"
    case 12: "PADDING"
    case 13: "CHAIN"
    case 14: "KEYTAG"
    case 15: "EDE"
    case 18: "REPORT-CHANNEL"
    default: nil
    }
  }

  /// What an extended error says (RFC 8914 §4, IANA "Extended DNS Error Codes"); nil for numbers
  /// that are nobody's.
  static func extendedError(_ code: UInt16) -> String? {
    code < extendedErrors.count ? extendedErrors[Int(code)] : nil
  }

  private static let extendedErrors = [
    "Other Error", "Unsupported DNSKEY Algorithm", "Unsupported DS Digest Type", "Stale Answer",
    "Forged Answer", "DNSSEC Indeterminate", "DNSSEC Bogus", "Signature Expired",
    "Signature Not Yet Valid", "DNSKEY Missing", "RRSIGs Missing", "No Zone Key Bit Set",
    "NSEC Missing", "Cached Error", "Not Ready", "Blocked", "Censored", "Filtered", "Prohibited",
    "Stale NXDOMAIN Answer", "Not Authoritative", "Not Supported", "No Reachable Authority",
    "Network Error", "Invalid Data",
  ]

  /// Name of a service parameter (RFC 9460 §14.3).
  static func serviceParameter(_ code: UInt16) -> String {
    switch code {
    case 0: "mandatory"
    case 1: "alpn"
    case 2: "no-default-alpn"
    case 3: "port"
    case 4: "ipv4hint"
    case 5: "ech"
    case 6: "ipv6hint"
    case 7: "dohpath"
    case 8: "ohttp"
    case 9: "tls-supported-groups"
    default: "key\(code)"
    }
  }
}

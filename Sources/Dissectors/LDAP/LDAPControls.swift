import Bytes
import JSON

/// Controls behind an operation (RFC 4511 §4.1.11): their names, and of paged results (RFC 2696) the
/// size of a page and whether more follow. Other values are left out.
struct LDAPControls: Sendable {
  private static let maxListed = 32
  private static let pagedResults = "1.2.840.113556.1.4.319"

  private var names: [String] = []
  /// Entries that are wanted at once.
  private var pageSize: Int64?
  /// The server has more; nil where it says nothing of pages.
  private var hasMorePages: Bool?

  init() {}

  /// - Parameter start: where the operation ends.
  init(_ bytes: RawSpan, from start: Int, isRequest: Bool) throws(WireError) {
    var at = start
    guard at < bytes.byteCount, bytes.byte(at) == 0xa0 else { return }
    let list = try BER(bytes, &at, end: bytes.byteCount)
    var inner = list.content.lowerBound
    while inner < list.content.upperBound, names.count < Self.maxListed {
      let control = try BER(bytes, &inner, end: list.content.upperBound)
      let end = control.content.upperBound
      var place = control.content.lowerBound
      let oid = bytes.slice(try BER(bytes, &place, end: end).content).prefix(128).text()
      names.append(Self.known[oid] ?? oid)
      guard oid == Self.pagedResults else { continue }
      while place < end {
        let part = try BER(bytes, &place, end: end)
        guard part.tag == BER.octets, let page = try? Self.page(bytes, part.content) else {
          continue
        }
        if isRequest { pageSize = page.size } else { hasMorePages = !page.isLast }
      }
    }
  }

  /// `SEQUENCE { size INTEGER, cookie OCTET STRING }`; without a cookie a page is the last one.
  private static func page(
    _ bytes: RawSpan, _ value: Range<Int>
  ) throws(WireError) -> (size: Int64, isLast: Bool) {
    var at = value.lowerBound
    let page = try BER(bytes, &at, end: value.upperBound)
    var inner = page.content.lowerBound
    let size = try BER(bytes, &inner, end: page.content.upperBound).number(bytes)
    let cookie = try BER(bytes, &inner, end: page.content.upperBound)
    return (size, cookie.content.isEmpty)
  }

  /// Writes members `controls`, `pageSize` and `hasMorePages`, when there are any.
  func write(_ writer: inout JSONWriter) {
    if names.isEmpty { return }
    writer.name("controls")
    writer.beginArray()
    for name in names { writer.write(name) }
    writer.endArray()
    if let pageSize {
      writer.name("pageSize")
      writer.write(pageSize)
    }
    if let hasMorePages {
      writer.name("hasMorePages")
      writer.write(hasMorePages)
    }
  }

  /// IANA "LDAP Parameters", and those of Active Directory and OpenLDAP.
  private static let known: [String: String] = [
    pagedResults: "pagedResults", "1.2.840.113556.1.4.473": "sortRequest",
    "1.2.840.113556.1.4.474": "sortResponse", "1.2.840.113556.1.4.417": "showDeleted",
    "1.2.840.113556.1.4.528": "notification", "1.2.840.113556.1.4.529": "extendedDN",
    "1.2.840.113556.1.4.801": "securityDescriptorFlags", "1.2.840.113556.1.4.805": "treeDelete",
    "1.2.840.113556.1.4.841": "dirSync", "1.2.840.113556.1.4.1339": "domainScope",
    "1.2.840.113556.1.4.1340": "searchOptions", "1.2.840.113556.1.4.1413": "permissiveModify",
    "1.2.826.0.1.3344810.2.3": "matchedValues", "1.3.6.1.1.12": "assertion",
    "1.3.6.1.1.13.1": "preRead", "1.3.6.1.1.13.2": "postRead",
    "1.3.6.1.4.1.42.2.27.8.5.1": "passwordPolicy", "1.3.6.1.4.1.4203.1.9.1.1": "syncRequest",
    "1.3.6.1.4.1.4203.1.9.1.2": "syncState", "1.3.6.1.4.1.4203.1.9.1.3": "syncDone",
    "1.3.6.1.4.1.4203.1.10.1": "subentries", "2.16.840.1.113730.3.4.2": "manageDsaIT",
    "2.16.840.1.113730.3.4.3": "persistentSearch", "2.16.840.1.113730.3.4.4": "passwordExpired",
    "2.16.840.1.113730.3.4.5": "passwordExpiring",
    "2.16.840.1.113730.3.4.7": "entryChangeNotification",
    "2.16.840.1.113730.3.4.9": "virtualListViewRequest",
    "2.16.840.1.113730.3.4.10": "virtualListViewResponse",
    "2.16.840.1.113730.3.4.15": "authorizationIdentityResponse",
    "2.16.840.1.113730.3.4.16": "authorizationIdentityRequest",
    "2.16.840.1.113730.3.4.18": "proxiedAuthorization",
  ]
}

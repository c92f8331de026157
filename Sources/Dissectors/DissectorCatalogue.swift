package import Entries

/// Every protocol the product reads, one line each. Order does not matter: `priority` of the rows
/// decides who is asked first.
package enum DissectorCatalogue {
  package static let all: [DissectorRow] = [
    AMQP.row,
    DNS.row,
    DTLS.row,
    Diameter.row,
    HTTP1.row,
    HTTP2.row,
    ICMP.row,
    Kafka.row,
    LDAP.row,
    MQTT.row,
    MongoDB.row,
    MySQL.row,
    PostgreSQL.row,
    ProxyHeader.row,
    QUIC.row,
    RADIUS.row,
    Redis.row,
    SOCKS.row,
    TLS.row,
    WebSocket.row,
  ]

  /// The details of an entry that were not made when it was read: a JSON object, empty for none.
  package static func details(of row: any ColumnRow) -> String {
    guard case .int(let raw) = row.column(.kind),
      let kind = UInt8(exactly: raw).flatMap(ProtocolKind.init(rawValue:))
    else { return "" }
    return all.first { $0.kinds.contains(kind) }?.details(row) ?? ""
  }
}

/// Every protocol the product reads, one line each. Order does not matter: `priority` of the rows
/// decides who is asked first.
package enum DissectorCatalogue {
  package static let all: [DissectorRow] = [
    DNS.row,
    HTTP1.row,
    HTTP2.row,
    Kafka.row,
    MySQL.row,
    PostgreSQL.row,
    Redis.row,
  ]
}

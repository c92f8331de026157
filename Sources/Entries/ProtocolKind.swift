/// What an entry is: the protocol it speaks, or the kind of connection record.
///
/// Raw values are stored; never reuse one.
package enum ProtocolKind: UInt8, Hashable, Sendable, CaseIterable {
  case http = 1
  case http2 = 2
  case grpc = 3
  case gqlv1 = 4
  case gqlv2 = 5
  case ws = 6
  case dns = 7
  case redis = 8
  case kafka = 9
  case amqp = 10
  case ldap = 11
  case radius = 12
  case diameter = 13
  case icmp = 14
  case mongodb = 15
  case mysql = 16
  case postgresql = 17
  case tlsx = 18
  case tcp = 19
  case udp = 20
  case sctp = 21
  case tcpConn = 22
  case udpConn = 23
  case tcpFlow = 24
  case udpFlow = 25
  case syscall = 26
  case sctpConn = 27
  case icmpConn = 28
  case mqtt = 31
  case mcp = 29
  case llm = 30

  /// `proto` of the tools: lower case.
  package var name: String {
    // Spelled out: to ask the runtime for the name of a case costs as much as a row of an answer.
    switch self {
    case .http: "http"
    case .http2: "http2"
    case .grpc: "grpc"
    case .gqlv1, .gqlv2: "gql"
    case .ws: "ws"
    case .dns: "dns"
    case .redis: "redis"
    case .kafka: "kafka"
    case .amqp: "amqp"
    case .ldap: "ldap"
    case .radius: "radius"
    case .diameter: "diameter"
    case .icmp: "icmp"
    case .mongodb: "mongodb"
    case .mysql: "mysql"
    case .postgresql: "postgresql"
    case .tlsx: "tlsx"
    case .tcp: "tcp"
    case .udp: "udp"
    case .sctp: "sctp"
    case .tcpConn: "tcp_conn"
    case .udpConn: "udp_conn"
    case .tcpFlow: "tcp_flow"
    case .udpFlow: "udp_flow"
    case .syscall: "syscall"
    case .sctpConn: "sctp_conn"
    case .icmpConn: "icmp_conn"
    case .mqtt: "mqtt"
    case .mcp: "mcp"
    case .llm: "llm"
    }
  }

  /// `protocol` of KFL: the upper-case family.
  package var family: String {
    switch self {
    case .http, .http2: "HTTP"
    case .gqlv1, .gqlv2: "GQL"
    case .tlsx: "TLS"
    case .tcpConn, .tcpFlow: "TCP"
    case .udpConn, .udpFlow: "UDP"
    case .sctpConn: "SCTP"
    case .icmpConn: "ICMP"
    default: name.uppercased()
    }
  }

  /// Connection and flow records describe transport, not calls.
  package var isCall: Bool {
    switch self {
    case .tcpConn, .udpConn, .sctpConn, .icmpConn, .tcpFlow, .udpFlow: false
    default: true
    }
  }
}

extension ProtocolKind {
  /// Flow records add up what connection records say.
  package var isFlow: Bool { self == .tcpFlow || self == .udpFlow }
}

/// What carries an entry (`l4proto`). Raw values are stored.
package enum EntryTransport: UInt8, Hashable, Sendable {
  case tcp = 1
  case udp = 2
  case sctp = 3
  case icmp = 4

  package var name: String {
    switch self {
    case .tcp: "tcp"
    case .udp: "udp"
    case .sctp: "sctp"
    case .icmp: "icmp"
    }
  }
}

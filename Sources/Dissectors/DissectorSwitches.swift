package import Entries

/// Which kinds of entries are made.
package struct DissectorSwitches: Hashable, Sendable {
  package var enabled: Set<ProtocolKind>

  package init(_ enabled: Set<ProtocolKind>) { self.enabled = enabled }

  /// What is on unless the user says otherwise: everything but raw segments, datagrams, chunks
  /// and system calls.
  package static let standard = DissectorSwitches(
    Set(ProtocolKind.allCases).subtracting([.tcp, .udp, .sctp, .syscall]))

  /// Reads names as users write them, such as `http` or `tcp-conn`.
  /// - Returns: nil when a name is unknown.
  package init?(names: some Sequence<String>) {
    var enabled: Set<ProtocolKind> = []
    for name in names {
      guard let kinds = Self.kinds(of: name) else { return nil }
      enabled.formUnion(kinds)
    }
    self.init(enabled)
  }

  /// `http` stands for all its versions and what travels in it.
  private static func kinds(of name: String) -> Set<ProtocolKind>? {
    if name == "http" { return [.http, .http2, .grpc, .gqlv1, .gqlv2, .mcp, .llm] }
    let plain = String(name.map { $0 == "-" ? "_" : $0 })
    let kinds = Set(ProtocolKind.allCases.filter { $0.name == plain })
    return kinds.isEmpty ? nil : kinds
  }

  package subscript(kind: ProtocolKind) -> Bool { enabled.contains(kind) }
}

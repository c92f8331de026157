package import Decompression
package import Entries
package import Layers

/// One line of the catalogue: a protocol and how to begin reading it.
package struct DissectorRow: Sendable {
  /// Lower case, as in the switches and in `Successor.name`.
  package var name: String
  /// Kinds of the entries it makes; it is asked while one of them is switched on. Without any it leads
  /// to other protocols, and is always asked.
  package var kinds: [ProtocolKind]
  package var transports: [Transport]
  /// Ports that are usually it. They order the attempts and break ties, and bind nothing.
  package var ports: [UInt16]
  /// Names by which it is agreed on in TLS (ALPN): hints as well.
  package var protocols: [String]
  /// Lower is asked first.
  package var priority: Int
  package var recognise: @Sendable (RawSpan, RawSpan, Opening) -> Recognition
  package var make: @Sendable (Opening) -> any Dissector
  /// Nil where entries need no last touches.
  package var complete: (@Sendable (inout Entry, inout DecompressionCounters) -> Void)?
  package var details: @Sendable (any ColumnRow) -> String

  /// The row of `type`.
  package init<Reader: Dissector>(
    _ type: Reader.Type, name: String, kinds: [ProtocolKind], transports: [Transport],
    ports: [UInt16] = [], protocols: [String] = [], priority: Int
  ) {
    (self.name, self.kinds, self.transports) = (name, kinds, transports)
    (self.ports, self.protocols, self.priority) = (ports, protocols, priority)
    recognise = { client, server, opening in
      Reader.recognise(client: client, server: server, opening)
    }
    make = { Reader($0) }
    details = { Reader.details(of: $0) }
  }

  /// The row of a type whose entries need last touches.
  package init<Reader: CompletingDissector>(
    completing type: Reader.Type, name: String, kinds: [ProtocolKind], transports: [Transport],
    ports: [UInt16] = [], protocols: [String] = [], priority: Int
  ) {
    self.init(
      type, name: name, kinds: kinds, transports: transports, ports: ports, protocols: protocols,
      priority: priority)
    complete = { Reader.complete(&$0, &$1) }
  }
}

import Entries
import JSON
import Query

/// One end of calls and flows, named at a level: the node of a map.
struct NamedEnd: Hashable {
  enum Level: String, CaseIterable { case service, pod, namespace, node }

  enum Kind: String {
    case service, pod, namespace, node
    /// No table names it: an address, or the DNS name last seen for it.
    case address

    init(_ level: Level) {
      switch level {
      case .service: self = .service
      case .pod: self = .pod
      case .namespace: self = .namespace
      case .node: self = .node
      }
    }
  }

  var kind: Kind
  var name: String
  /// Empty where unknown, and where the name is a namespace itself.
  var namespace: String

  /// `shop/orders`, or the address.
  var label: String { Shown.text(namespace.isEmpty ? name : namespace + "/" + name) }

  /// An identifier within one answer.
  var id: String { label }

  /// Keys of an aggregation from whose values `init(_:_:)` makes the end: its name in a table, its
  /// name or address where no table has it, its namespace.
  static func keys(_ end: CallRow.End, _ level: Level) -> [GroupKey] {
    let fields = EndFields(end)
    let namespaces: [FieldID] =
      end == .client
      ? [.sourcePodNamespace, .sourceServiceNamespace]
      : [.destinationPodNamespace, .destinationServiceNamespace]
    let names: [FieldID] =
      switch level {
      case .service: [fields.service, fields.pod]
      case .pod: [fields.pod, fields.service]
      case .namespace: namespaces
      case .node: [fields.node]
      }
    return [.firstOf(names), .firstOf([fields.dns, fields.ip]), .firstOf(namespaces)]
  }

  /// The end that three values of `keys` stand for.
  init(_ values: ArraySlice<FieldValue>, _ level: Level) {
    let texts = values.map(\.plainText)
    if texts[0].isEmpty {
      (kind, name, namespace) = (.address, texts[1], "")
    } else {
      (kind, name) = (Kind(level), texts[0])
      namespace = level == .namespace || level == .node ? "" : texts[2]
    }
  }

  init(_ end: Flow.End, _ level: Level) {
    let named: [String] =
      switch level {
      case .service: [end.service, end.pod]
      case .pod: [end.pod, end.service]
      case .namespace: [end.namespace]
      case .node: [end.node]
      }
    if let best = named.first(where: { !$0.isEmpty }) {
      (kind, name) = (Kind(level), best)
      namespace = level == .namespace || level == .node ? "" : end.namespace
    } else {
      kind = .address
      name = end.dns.isEmpty ? end.ip : end.dns
      namespace = ""
    }
  }

  /// As rows are read: by the workload where a table names it, so that a pod with two addresses is
  /// one, else by the address.
  init(_ row: EntryView, _ end: CallRow.End) {
    let fields = EndFields(end)
    if let pod = row.text(fields.pod) {
      (kind, name, namespace) = (.pod, pod, row.text(fields.namespace) ?? "")
    } else {
      (kind, name, namespace) = (.address, row.text(fields.ip) ?? "", "")
    }
  }
}

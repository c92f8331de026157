// Typed access to the fields of one entry, for the rows that derive one field from others.
extension FieldRow {
  /// The number, or nil when the entry has none.
  func int(_ id: FieldID) -> Int64? { if case .int(let number) = value(id) { number } else { nil } }

  /// The text, or an empty one.
  func text(_ id: FieldID) -> String { if case .text(let text) = value(id) { text } else { "" } }

  func flag(_ id: FieldID) -> Bool { if case .bool(let flag) = value(id) { flag } else { false } }

  var kind: ProtocolKind? {
    int(.kind).flatMap { UInt8(exactly: $0) }.flatMap(ProtocolKind.init(rawValue:))
  }

  /// Whether it has the first message of its pair; `halves` has one bit for each.
  var hasRequest: Bool { (int(.halves) ?? 0) & 1 != 0 }
  var hasResponse: Bool { (int(.halves) ?? 0) & 2 != 0 }
}

// Sources that many protocols share.
extension Field.Source {
  /// Bytes of the request on the wire, for entries of one kind.
  static func requestBytes(of kind: ProtocolKind) -> Field.Source {
    .derived(from: [.kind, .requestBytes]) { row in
      row.kind == kind ? row.value(.requestBytes) : .none
    }
  }

  /// Bytes of the reply on the wire, for entries of one kind.
  static func responseBytes(of kind: ProtocolKind) -> Field.Source {
    .derived(from: [.kind, .responseBytes]) { row in
      row.kind == kind ? row.value(.responseBytes) : .none
    }
  }

  /// Bytes of request and reply together, for entries of one kind.
  static func totalBytes(of kind: ProtocolKind) -> Field.Source {
    .derived(from: [.kind, .requestBytes, .responseBytes]) { row in
      guard row.kind == kind else { return .none }
      return .int((row.int(.requestBytes) ?? 0) &+ (row.int(.responseBytes) ?? 0))
    }
  }

  /// Whether the request was seen, for entries of one kind.
  static func hasRequest(of kind: ProtocolKind) -> Field.Source {
    .derived(from: [.kind, .halves]) { row in .bool(row.kind == kind && row.hasRequest) }
  }

  /// Whether the reply was seen, for entries of one kind.
  static func hasResponse(of kind: ProtocolKind) -> Field.Source {
    .derived(from: [.kind, .halves]) { row in .bool(row.kind == kind && row.hasResponse) }
  }

  /// Whether a reply was seen that reports no failure, for entries of one kind.
  static func success(of kind: ProtocolKind) -> Field.Source {
    .derived(from: [.kind, .halves, .failed]) { row in
      .bool(row.kind == kind && row.hasResponse && !row.flag(.failed))
    }
  }
}

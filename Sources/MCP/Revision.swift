/// A published revision of the Model Context Protocol, and what it knows.
package enum Revision: String, CaseIterable, Comparable, Sendable {
  case november2024 = "2024-11-05"
  case march2025 = "2025-03-26"
  case june2025 = "2025-06-18"
  case november2025 = "2025-11-25"
  /// Stateless: no handshake, each request says in its `_meta` which revision it speaks.
  case july2026 = "2026-07-28"

  /// The revision offered to a client that asks for one we do not have.
  static let newestWithHandshake = november2025

  package static func < (a: Revision, b: Revision) -> Bool { a.rawValue < b.rawValue }

  var isStateless: Bool { self == .july2026 }
  var acceptsBatches: Bool { self == .march2025 }
  var hasAnnotations: Bool { self >= .march2025 }
  var hasProgressMessages: Bool { self >= .march2025 }
  var hasAudio: Bool { self >= .march2025 }
  /// Whether the capability `completions` exists; the method is older.
  var namesCompletions: Bool { self >= .march2025 }
  var hasResourceLinks: Bool { self >= .june2025 }
  var hasElicitation: Bool { self >= .june2025 }
  var hasTitles: Bool { self >= .june2025 }
  var hasStructuredAnswers: Bool { self >= .june2025 }
  var hasImplementationDetails: Bool { self >= .november2025 }
  var hasIcons: Bool { self >= .november2025 }
  var leavesUnknownIDsOut: Bool { self >= .november2025 }
  /// Output schemas whose root is something else than an object.
  var hasFreeOutputSchemas: Bool { self >= .july2026 }

  /// The revision for a client that asks for `requested` in a handshake: its own when we have it,
  /// else our newest. A client that names none is taken for one of the first.
  static func negotiated(for requested: String?) -> Revision {
    guard let requested else { return .november2024 }
    guard let revision = Revision(rawValue: requested), !revision.isStateless else {
      return .newestWithHandshake
    }
    return revision
  }
}

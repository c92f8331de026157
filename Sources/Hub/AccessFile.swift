/// Who may ask: a text file with a line for each token.
///
///     # token, role or capabilities, namespaces (all when left out)
///     dGhlLWZpcnN0LXRva2Vu kubeshark-admin
///     dGhlLW90aGVyLXRva2Vu kubeshark-viewer shop,payments-*
///     YS10aGlyZC10b2tlbi4u dissection:live,snapshot:read shop
package struct AccessFile: Sendable {
  /// Shortest token, in characters: what is shorter can be guessed.
  package static let shortest = 16
  /// Longest file, in bytes.
  package static let maxBytes = 1 << 20

  /// What is wrong with a file: one sentence, with its line.
  package struct Mistake: Error, Hashable, Sendable {
    package var message: String
  }

  private let entries: [(token: [UInt8], access: Access)]

  /// - Throws: a `Mistake`.
  package init(_ text: String) throws(Mistake) {
    var entries: [(token: [UInt8], access: Access)] = []
    for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
      .enumerated()
    {
      // What a word with # begins is for people.
      let words = line.split { $0 == " " || $0 == "\t" }.prefix { !$0.hasPrefix("#") }
        .map(String.init)
      guard let token = words.first else { continue }
      func wrong(_ what: String) -> Mistake { Mistake(message: "line \(index + 1): \(what)") }
      guard token.utf8.count >= Self.shortest else {
        throw wrong("the token is shorter than \(Self.shortest) characters and could be guessed")
      }
      guard token.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else {
        throw wrong("the token holds characters that cannot be part of one")
      }
      guard words.count == 2 || words.count == 3 else {
        throw wrong("it must be: TOKEN ROLE [NAMESPACES]")
      }
      let bytes = Array(token.utf8)
      guard !entries.contains(where: { $0.token == bytes }) else {
        throw wrong("the token stands there twice")
      }
      var access = try Self.access(words[1], wrong)
      if words.count == 3 {
        access.namespaces = words[2].split(separator: ",").map(String.init)
      }
      entries.append((bytes, access))
    }
    guard !entries.isEmpty else { throw Mistake(message: "it names no token") }
    self.entries = entries
  }

  private static func access(
    _ text: String, _ wrong: (String) -> Mistake
  ) throws(Mistake) -> Access {
    if let role = Access.roles.first(where: { $0.name == text }) {
      return Access(role: role.name, capabilities: role.capabilities)
    }
    var capabilities: Set<Access.Capability> = []
    for name in text.split(separator: ",") {
      guard let capability = Access.Capability(rawValue: String(name)) else {
        let known = Access.roles.map(\.name) + Access.Capability.allCases.map(\.rawValue)
        throw wrong(
          "\(name) is neither a role nor a capability; known: \(known.joined(separator: ", "))")
      }
      capabilities.insert(capability)
    }
    return Access(role: "custom", capabilities: capabilities)
  }

  /// Whose token it is, or nil. Takes as long for a wrong token as for a right one.
  func access(of token: String) -> Access? {
    let given = Array(token.utf8)
    var found: Access?
    for entry in entries {
      if isEqualInSameTime(entry.token, given) { found = entry.access }
    }
    return found
  }
}

/// Whether two secrets are equal. Takes as long for a wrong one as for the right one.
func isEqualInSameTime(_ secret: [UInt8], _ given: [UInt8]) -> Bool {
  var difference = UInt8(secret.count == given.count ? 0 : 1)
  for index in secret.indices {
    difference |= secret[index] ^ (index < given.count ? given[index] : 0)
  }
  return difference == 0
}

/// Something to read under an address: what `resources/list` shows, and how it is read.
///
/// A resource is made of a Hub's tools, so it exists wherever they do.
package struct Resource: Sendable {
  /// Gives the contents for the values of the template's variables.
  package typealias Reading =
    @Sendable (
      _ values: [String: String], _ hub: any HubConnection, _ caller: Caller
    ) async throws(ToolError) -> [ResourceContent]

  package var description: ResourceDescription
  /// The tools without which it is not there.
  package var needs: [String]
  package var read: Reading

  package init(
    _ description: ResourceDescription, needs: [String] = [], read: @escaping Reading
  ) {
    (self.description, self.needs, self.read) = (description, needs, read)
  }
}

/// A resource, or a family of them, as callers see it.
package struct ResourceDescription: Hashable, Sendable {
  /// The address. With a variable in braces it stands for many: `net://call/{+id}`
  /// (RFC 6570 level 2).
  package var uri: String
  package var name: String
  package var title: String
  package var description: String
  package var mimeType: String

  package init(
    uri: String, name: String, title: String, description: String, mimeType: String
  ) {
    (self.uri, self.name, self.title) = (uri, name, title)
    (self.description, self.mimeType) = (description, mimeType)
  }

  package var isTemplate: Bool { uri.contains("{") }

  /// Names of the template's variables.
  package var variables: [String] {
    uri.split(separator: "{").dropFirst().map { part in
      String(part.prefix { $0 != "}" }.drop { $0 == "+" })
    }
  }

  /// The values of the variables for which the template gives `address`, or nil when it cannot.
  ///
  /// A variable ends where the text after it begins; `{+name}` takes slashes as well.
  package func values(in address: String) -> [String: String]? {
    var values: [String: String] = [:]
    var rest = address[...]
    var template = uri[...]
    while let open = template.firstIndex(of: "{"), let close = template.firstIndex(of: "}") {
      let literal = template[..<open]
      guard rest.hasPrefix(literal) else { return nil }
      rest = rest.dropFirst(literal.count)
      var name = template[template.index(after: open)..<close]
      let takesSlashes = name.first == "+"
      if takesSlashes { name = name.dropFirst() }
      template = template[template.index(after: close)...]
      let next = template.prefix { $0 != "{" }
      let end = next.isEmpty ? rest.endIndex : rest.firstRange(of: next)?.lowerBound
      guard let end else { return nil }
      let value = rest[..<end]
      guard !value.isEmpty, takesSlashes || !value.contains("/") else { return nil }
      values[String(name)] = percentDecoded(value)
      rest = rest[end...]
    }
    return rest == template ? values : nil
  }
}

/// A question about what may come next in an argument.
package struct CompletionQuestion: Hashable, Sendable {
  /// Name of the argument, or of the template's variable.
  package var argument: String
  /// What has been written so far.
  package var value: String
  /// Other arguments that are settled already.
  package var others: [String: String]
  /// The template whose variable it is; nil for the argument of a prompt.
  package var template: String?

  package init(
    argument: String, value: String, others: [String: String] = [:], template: String? = nil
  ) {
    (self.argument, self.value, self.others) = (argument, value, others)
    self.template = template
  }
}

/// Gives the values that may come, best first.
package typealias Completing =
  @Sendable (CompletionQuestion, any HubConnection) async -> [String]

/// A piece of an answer or a prompt beside plain text.
package enum ContentBlock: Hashable, Sendable {
  case text(String)
  /// Base64 data.
  case image(data: String, mimeType: String)
  /// Base64 data.
  case audio(data: String, mimeType: String)
  case resource(ResourceContent)
  /// Where something can be had, instead of the thing itself.
  case link(uri: String, name: String, title: String?, mimeType: String?, length: Int64?)
}

/// The contents of a resource.
package struct ResourceContent: Hashable, Sendable {
  package enum Body: Hashable, Sendable {
    case text(String)
    /// Base64 data.
    case blob(String)
  }

  package var uri: String
  package var mimeType: String
  package var body: Body

  package init(uri: String, mimeType: String, _ body: Body) {
    (self.uri, self.mimeType, self.body) = (uri, mimeType, body)
  }
}

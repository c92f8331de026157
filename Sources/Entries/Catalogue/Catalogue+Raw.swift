// The whole record, for what has no variable of its own.
extension Catalogue {
  static let rawRecord: [Field] = [
    Field(
      .raw, "raw", .record, "The whole record as JSON, made when asked for",
      example: "has(raw.request.exchange)", source: .content)
  ]
}

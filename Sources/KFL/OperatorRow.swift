/// An operator as completion and the reference show it.
package struct OperatorRow: Sendable {
  /// `&&`
  package let sign: String
  /// The word that means the same: `and`.
  package let word: String?
  /// One line.
  package let doc: String
  package let example: String
  /// Whether an operand of that type may stand before it, as far as completion offers it.
  let follows: @Sendable (KFLType) -> Bool

  private init(
    _ sign: String, word: String? = nil, _ doc: String, example: String,
    after follows: @escaping @Sendable (KFLType) -> Bool
  ) {
    (self.sign, self.word, self.doc, self.example) = (sign, word, doc, example)
    self.follows = follows
  }

  /// Weakest first, as they bind.
  package static let all: [OperatorRow] = [
    OperatorRow("&&", word: "and", "Both conditions.", example: "http && status_code >= 500") {
      $0 == .bool
    },
    OperatorRow("||", word: "or", "Either condition.", example: "dns || redis") { $0 == .bool },
    OperatorRow("==", "Equal.", example: #"method == "POST""#) { $0 != .bool },
    OperatorRow("!=", "Different.", example: "status_code != 200") { $0 != .bool },
    OperatorRow(">=", "At least.", example: "status_code >= 400", after: hasOrder),
    OperatorRow("<=", "At most.", example: "dst.port <= 1023", after: hasOrder),
    OperatorRow(">", "More than.", example: "elapsed_time > 1000000", after: hasOrder),
    OperatorRow("<", "Less than.", example: "request_body_size < 100", after: hasOrder),
    OperatorRow("in", "One of a list, or a key of a map.", example: #"method in ["GET", "HEAD"]"#) {
      $0.isNumber || $0 == .string
    },
    OperatorRow("contains", "Has the text in it.", example: #"path contains "/orders""#) {
      $0 == .string
    },
    OperatorRow("startsWith", "Begins with the text.", example: #"path startsWith "/api""#) {
      $0 == .string
    },
    OperatorRow("endsWith", "Ends with the text.", example: #"path endsWith ".js""#) {
      $0 == .string
    },
    OperatorRow(
      "matches", "The regular expression is found in it.", example: #"path matches "^/v[0-9]+/""#
    ) { $0 == .string },
  ]

  /// Arithmetic, for the reference: nobody needs it completed.
  package static let arithmetic: [OperatorRow] = [
    OperatorRow(
      "+", "Sum of numbers or times; texts and lists joined.",
      example: "request_body_size + response_body_size > 100000"
    ) { _ in false },
    OperatorRow(
      "-", "Difference of numbers or times.", example: #"timestamp > now() - duration("5m")"#
    ) { _ in false },
    OperatorRow("*", "Product.", example: "status_code * 2 == 1000") { _ in false },
    OperatorRow("/", "Quotient; of integers without fraction.", example: "status_code / 100 == 5") {
      _ in false
    },
    OperatorRow("%", "Rest of a division of integers.", example: "id % 100 == 0") { _ in false },
    OperatorRow("!", word: "not", "The opposite of a condition.", example: "http && !tls") { _ in
      false
    },
    OperatorRow(
      "? :", "One of two expressions, by a condition.",
      example: "(http ? status_code : 0) >= 500"
    ) { _ in false },
  ]

  @Sendable private static func hasOrder(_ type: KFLType) -> Bool {
    type.isNumber || type == .timestamp || type == .string
  }
}

/// The fields of a message in one version, as steps for passing over them. What stands between
/// topics, groups, errors and record batches is passed over without a look at it.
struct KafkaPlan: Sendable {
  enum Operation: UInt8, Sendable {
    /// So many bytes.
    case skip
    case string
    case topic, topicID
    /// The same as an element of an array of its own.
    case listedTopic, listedTopicID
    case group, keyType, error, bytes, records
    /// An array of structures: the steps of one are the next so many.
    case structures
    /// One structure or none: its steps are the next so many.
    case optional
    /// An array of plain values: the step of one is the next.
    case list
    /// An array whose elements have so many bytes each.
    case fixed
  }

  struct Step: Sendable {
    var operation: Operation
    var count: Int32
  }

  private(set) var steps: [Step] = []
  /// Lengths are compact, and structures end with tagged fields (KIP-482).
  let isFlexible: Bool
  /// It has what must not be shown.
  private(set) var hasSecrets = false

  private let version: Int16
  /// Steps before this one are complete: what follows is not put together with them.
  private var start = 0

  init(_ fields: [KafkaField], version: Int16, isFlexible: Bool) {
    (self.version, self.isFlexible) = (version, isFlexible)
    add(fields)
  }

  private mutating func add(_ fields: [KafkaField]) {
    for field in fields where field.versions.contains(version) { add(field.kind) }
  }

  private mutating func add(_ kind: KafkaField.Kind, isListed: Bool = false) {
    switch kind {
    case .bool, .int8: skip(1)
    case .int16: skip(2)
    case .int32: skip(4)
    case .int64: skip(8)
    case .uuid: skip(Int32(KafkaTopicID.length))
    case .string: add(.string)
    case .topic: add(isListed ? .listedTopic : .topic)
    case .topicID: add(isListed ? .listedTopicID : .topicID)
    case .group: add(.group)
    case .keyType: add(.keyType)
    case .error: add(.error)
    case .bytes: add(.bytes)
    case .secret:
      hasSecrets = true
      add(.bytes)
    case .secretText:
      hasSecrets = true
      add(.string)
    case .records: add(.records)
    case .structures(let fields): nest(.structures) { $0.add(fields) }
    case .optional(let fields): nest(.optional) { $0.add(fields) }
    case .list(let kind): nest(.list) { $0.add(kind, isListed: true) }
    }
  }

  private mutating func add(_ operation: Operation) {
    steps.append(Step(operation: operation, count: 0))
  }

  private mutating func skip(_ count: Int32) {
    if steps.count > start, steps[steps.count - 1].operation == .skip {
      steps[steps.count - 1].count += count
    } else {
      steps.append(Step(operation: .skip, count: count))
    }
  }

  private mutating func nest(_ operation: Operation, _ body: (inout Self) -> Void) {
    let place = steps.count
    add(operation)
    start = steps.count
    body(&self)
    let count = steps.count - place - 1
    steps[place].count = Int32(count)
    // Elements of one size are passed over together: tagged fields, which have none, are missing.
    let isPlain = operation == .list || operation == .structures && !isFlexible
    if isPlain, count == 0 || count == 1 && steps[place + 1].operation == .skip {
      steps[place] = Step(operation: .fixed, count: count == 0 ? 0 : steps[place + 1].count)
      steps.removeLast(count)
    }
    start = steps.count
  }
}

extension KafkaPlan {
  /// Those of the requests and responses of one API, by version.
  private struct Pair: Sendable {
    var request: KafkaPlan
    var response: KafkaPlan
  }

  /// By the number of the API, then by version; none for APIs whose bodies are not read.
  private static let all: [[Pair]] = KafkaAPI.all.map { api in
    guard let body = KafkaSchemaTable.body(api.key) else { return [] }
    return (0...api.newest).map { version in
      let isFlexible = api.isFlexible(version)
      return Pair(
        request: KafkaPlan(body.request, version: version, isFlexible: isFlexible),
        response: KafkaPlan(body.response, version: version, isFlexible: isFlexible))
    }
  }

  /// Nil for a body that is not read.
  static func request(_ key: Int16, _ version: Int16) -> KafkaPlan? {
    pair(key, version)?.request
  }

  /// Nil for a body that is not read.
  static func response(_ key: Int16, _ version: Int16) -> KafkaPlan? {
    pair(key, version)?.response
  }

  private static func pair(_ key: Int16, _ version: Int16) -> Pair? {
    guard key >= 0, version >= 0, Int(key) < all.count, Int(version) < all[Int(key)].count else {
      return nil
    }
    return all[Int(key)][Int(version)]
  }

  /// A response that gets no further than its first field, in version 0.
  static let versionsError = KafkaPlan(
    Array((KafkaSchemaTable.body(KafkaAPI.apiVersions)?.response ?? []).prefix(1)), version: 0,
    isFlexible: false)
}

import Bytes
import Entries

/// The cast of a day in a shop: 40 services with their pods, and the 3,000 paths they serve.
struct Shop {
  /// A service, with the ends that its calls come to.
  struct Service {
    var name: String
    var namespace: String
    var kind: ProtocolKind
    var port: UInt16
    var pods: [Pod]
  }

  /// One end, ready for entries and as a row of a table.
  struct Pod {
    var name: String
    var node: String
    var address: IPAddress
    var addressText: String
    var workload: Workload
  }

  /// Something that is called: a path, a name, a key, a topic.
  struct Route {
    var service: Int
    var method: String
    /// The path of HTTP and gRPC; the question, key or topic of others.
    var path: String
    /// Median of its latencies, in microseconds.
    var median: Double
  }

  private(set) var services: [Service] = []
  private(set) var routes: [Route] = []
  /// Routes by a random number below its count: popular ones have many places, rare ones one.
  private(set) var routePlaces: [UInt16] = []
  /// Factors of a log-normal distribution by a random number below its count: the latency is the
  /// median times one of these.
  private(set) var factors: [Double] = []

  /// The end of the hexadecimal name in one of the rarest paths: one call in 16,384 has it.
  private(set) var rareEnd = ""

  static let paths = 3_000
  private static let nodes = 12
  private static let places = 1 << 16
  /// Standard deviation of the logarithm of latencies.
  private static let spread = 0.9

  private static let namespaces = ["sales", "catalog", "payments", "customers", "platform", "data"]
  private static let names = [
    "orders", "order-history", "returns", "fulfilment", "shipping", "cart", "checkout", "catalog",
    "search", "recommendations", "reviews", "prices", "stock", "warehouse", "suppliers", "payments",
    "invoices", "refunds", "fraud", "ledger", "accounts", "sessions", "profiles", "loyalty",
    "notifications", "emails", "frontend", "admin", "images", "gateway", "flags", "audit", "geo",
    "tax", "orders-cache", "sessions-cache", "events", "stream", "coredns", "external-dns",
  ]
  private static let kinds: [String: ProtocolKind] = [
    "prices": .grpc, "stock": .grpc, "fraud": .grpc, "ledger": .grpc, "flags": .grpc,
    "orders-cache": .redis, "sessions-cache": .redis, "events": .kafka, "stream": .kafka,
    "coredns": .dns, "external-dns": .dns,
  ]
  private static let nouns = [
    "orders", "items", "users", "carts", "prices", "stock", "reviews", "labels", "parcels",
    "addresses", "invoices", "coupons", "events", "images", "sessions", "preferences",
  ]

  init() {
    for (number, name) in Self.names.enumerated() {
      services.append(Self.service(number, name))
    }
    var random = SplitMix(1)
    makePaths(&random)
    makeNames(&random)
    makePlaces()
    factors = (0..<1 << 12).map { exponential(Self.spread * Self.normal(Double($0) + 0.5)) }
  }

  private static func service(_ number: Int, _ name: String) -> Service {
    let namespace = namespaces[number * 5 / 34 % namespaces.count]
    let kind = kinds[name] ?? .http
    let pods = (0..<3).map { replica in
      let address = IPAddress(v4: 0x0af4_0000 + UInt32(number) << 8 + UInt32(10 + replica))
      let node = "node-\((number * 3 + replica) % nodes + 1)"
      let digest = String(SplitMix.mixed(UInt64(number * 8 + replica)) >> 38, radix: 36)
      let pod = "\(name)-\(digest)-\(replica)"
      let workload = Workload(
        pod: pod, podNamespace: namespace, service: name, serviceNamespace: namespace, node: node)
      return Pod(
        name: pod, node: node, address: address, addressText: "\(address)", workload: workload)
    }
    let port: UInt16 =
      switch kind {
      case .dns: 53
      case .redis: 6_379
      case .kafka: 9_092
      case .grpc: 9_090
      default: 8_080
      }
    return Service(name: name, namespace: namespace, kind: kind, port: port, pods: pods)
  }

  /// The paths of services that speak HTTP or gRPC, half of HTTP's with a number or a
  /// hexadecimal name inside.
  private mutating func makePaths(_ random: inout SplitMix) {
    let serving = services.indices.filter { [.http, .grpc].contains(services[$0].kind) }
    let methods = ["GET", "GET", "GET", "GET", "POST", "POST", "PUT", "DELETE"]
    var known: Set<String> = []
    while known.count < Self.paths {
      let service = serving[random.below(serving.count)]
      let name = services[service].name
      let (a, b) = (random.of(Self.nouns), random.of(Self.nouns))
      let path: String
      if services[service].kind == .grpc {
        path = "/shop.\(name).v\(1 + random.below(3)).\(a)/\(random.of(["Get", "List", "Put"]))\(b)"
      } else {
        let root = "/api/v\(1 + random.below(3))/\(name)"
        switch random.below(6) {
        case 0: path = "\(root)/\(a)"
        case 1: path = "\(root)/\(a)/\(b)"
        case 2: path = "\(root)/\(a)/\(1_000 + random.below(90_000))"
        case 3: path = "\(root)/\(a)/\(1_000 + random.below(90_000))/\(b)"
        case 4: path = "\(root)/\(a)/\(b)/\(random.of(["search", "count", "export", "status"]))"
        default: path = "\(root)/\(a)/\(String(random.next() >> 8, radix: 16))"
        }
      }
      guard known.insert(path).inserted else { continue }
      let median = 400 * exponential(1.2 * Self.normal(Double(random.below(1 << 12)) + 0.5))
      let method = services[service].kind == .grpc ? "POST" : random.of(methods)
      routes.append(Route(service: service, method: method, path: path, median: median))
    }
  }

  /// What the other protocols ask for.
  private mutating func makeNames(_ random: inout SplitMix) {
    for service in services.indices {
      for number in 0..<60 {
        let (method, path, median): (String, String, Double)
        switch services[service].kind {
        case .dns:
          let asked = services[number % services.count]
          (method, path, median) =
            (number < 40 ? "A" : "AAAA", "\(asked.name).\(asked.namespace).svc.cluster.local", 250)
        case .redis:
          (method, path, median) = (
            random.of(["GET", "GET", "SET", "HGETALL"]),
            "\(random.of(["session", "order", "cart"])):\(random.below(100_000))", 120
          )
        case .kafka:
          (method, path, median) =
            (random.of(["PRODUCE", "FETCH"]), "shop.\(Self.nouns[number % 16])", 2_500)
        default: continue
        }
        routes.append(Route(service: service, method: method, path: path, median: median))
      }
    }
  }

  /// Popularity falls with the rank (Zipf); every route has a place.
  private mutating func makePlaces() {
    var random = SplitMix(2)
    var ranked = Array(routes.indices)
    for index in ranked.indices.reversed() { ranked.swapAt(index, random.below(index + 1)) }
    let spare = Double(Self.places - routes.count)
    let whole = (1...routes.count).reduce(0) { $0 + 1 / Double($1 + 20) }
    for (rank, route) in ranked.enumerated() {
      let count = 1 + Int(spare / Double(rank + 21) / whole)
      routePlaces += repeatElement(UInt16(route), count: count)
      if let name = routes[route].path.split(separator: "/").last,
        name.utf8.count >= 12, name.utf8.allSatisfy(isHexadecimal)
      {
        rareEnd = String(name.suffix(12))
      }
    }
    while routePlaces.count < Self.places { routePlaces.append(UInt16(ranked[0])) }
  }

  /// The normal distribution's value for place `place` of 4,096: the logit approximation, which is
  /// close where most values are and a little longer in its tails.
  private static func normal(_ place: Double) -> Double {
    let share = place / Double(1 << 12)
    return naturalLogarithm(share / (1 - share)) / 1.702
  }
}

private func isHexadecimal(_ byte: UInt8) -> Bool {
  (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
}

/// SplitMix64: the same numbers for the same seed everywhere.
struct SplitMix {
  private var state: UInt64

  init(_ seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    return Self.mixed(state)
  }

  static func mixed(_ state: UInt64) -> UInt64 {
    var value = state
    value = (value ^ value >> 30) &* 0xbf58_476d_1ce4_e5b9
    value = (value ^ value >> 27) &* 0x94d0_49bb_1331_11eb
    return value ^ value >> 31
  }

  mutating func below(_ count: Int) -> Int { Int(next() % UInt64(count)) }
  mutating func of(_ texts: [String]) -> String { texts[below(texts.count)] }
}

import Bytes
import Entries
import JSON
import KFL
import Query

/// A question asked of the store, and the same in SQL. Both answers are one list of numbers and
/// texts, so that they can be compared.
struct StoreQuestion: Sendable {
  var name: String
  var sql: String
  var ask: @Sendable (StoreSource) async throws -> JSONValue

  var json: JSONObject { ["name": .string(name), "sql": .string(sql)] }

  static let all: [StoreQuestion] = [
    newest("newest 100 errors", "status_code >= 500", "status_code >= 500"),
    newest(
      "newest 100 of a path and namespace",
      #"path.contains("/orders") && dst.ns == "payments""#,
      "contains(path, '/orders') AND dst_ns = 'payments'"),
    StoreQuestion(
      name: "rare part of a path",
      sql: "SELECT count(*) FROM calls WHERE contains(path, '\(shop.rareEnd)')"
    ) { source in
      [JSONValue(try await source.count([try compiled("path.contains(\"\(shop.rareEnd)\")")]))]
    },
    StoreQuestion(
      name: "count by protocol",
      sql: "SELECT protocol, count(*) FROM calls GROUP BY protocol ORDER BY 2 DESC, 1"
    ) { source in
      let top = try await source.topValues(of: .family, limit: 100)
      return .array(top.values.flatMap { [.string($0.value.plainText), JSONValue($0.count)] })
    },
    StoreQuestion(
      name: "5 minutes of the day",
      sql: """
        SELECT count(*), count(*) FILTER (failed) FROM calls WHERE ts >= \
        make_timestamp_ns(\(window.lowerBound.nanoseconds)) AND ts < \
        make_timestamp_ns(\(window.upperBound.nanoseconds))
        """
    ) { source in
      let figures = try await source.aggregate(Aggregation(window: window, measures: .counts))
      return [JSONValue(figures.total.count), JSONValue(figures.total.errors)]
    },
    StoreQuestion(
      name: "latency by service and path",
      sql: """
        SELECT dst_service, path, count(*), quantile_disc(elapsed, [0.5, 0.9, 0.99]) FROM calls \
        GROUP BY dst_service, path ORDER BY 3 DESC, 1, 2 LIMIT 20
        """
    ) { source in
      let figures = try await source.aggregate(
        Aggregation(
          by: [.field(.destinationServiceName), .field(.path)], limit: 20, measures: .latencies))
      return .array(
        figures.groups.flatMap { group in
          group.keys.map { JSONValue.string($0.plainText) } + [JSONValue(group.metrics.count)]
            + [0.5, 0.9, 0.99].map { JSONValue(group.metrics.latency.quantile($0) ?? -1) }
        })
    },
  ]

  private static let shop = Shop()

  /// Five minutes of the afternoon.
  private static let window: Range<Timestamp> = {
    let from = Timestamp(nanoseconds: ShopDay.begin + 15 * 3_600 * 1_000_000_000)
    return from..<from.advanced(by: 300 * 1_000_000_000)
  }()

  /// What a list of calls shows of each.
  private static let shown: [FieldID] = [
    .elapsedTime, .family, .method, .path, .statusCode, .sourceName, .sourceNamespace,
    .sourceIP, .sourcePort, .destinationName, .destinationNamespace, .destinationIP,
    .destinationPort, .requestBytes, .responseBytes, .callFailed,
  ]

  /// The newest 100 calls for which a condition holds, with all that a list shows of them. Only
  /// their number and their places come back, for the comparison.
  private static func newest(_ name: String, _ filter: String, _ condition: String) -> Self {
    StoreQuestion(
      name: name,
      sql: """
        SELECT ts, stream, idx, elapsed, protocol, method, path, status_code, src_pod, src_ns, \
        src_ip, src_port, dst_pod, dst_ns, dst_ip, dst_port, request_bytes, response_bytes, failed \
        FROM calls WHERE \(condition) ORDER BY ts DESC, stream DESC, idx DESC LIMIT 100
        """
    ) { source in
      let query = Query(
        [try compiled(filter)], families: .calls, limit: 100, fields: shown, countBudget: 0)
      let result = try await source.query(query)
      var sum: Int64 = 0
      var length = 0
      for row in result.rows {
        sum = sum &* 31 &+ row.timestamp.nanoseconds / 1_000 &+ Int64(row.id.stream)
        sum %= 1_000_000_007
        for id in shown { length += row.value(id).plainText.utf8.count }
      }
      return [JSONValue(result.rows.count), .int(length > 0 ? sum : -1)]
    }
  }

  private static func compiled(_ text: String) throws -> Filter {
    guard let filter = Query.compile(text, now: Timestamp(nanoseconds: 0)).filter else {
      throw BenchError.badFilter(text)
    }
    return filter
  }
}

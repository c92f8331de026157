import Bytes
import HubClient
import JSON
import Synchronization
import ToolKit

/// The token for a gated Hub, asked from the cluster when the Hub wants one.
final class ClusterToken: Sendable {
  /// The published product's account for people at a command line, and what its tokens are for.
  static let account = "kubeshark-cli"
  static let audience = "kubeshark-hub"
  /// What is asked for, in seconds.
  static let lifetime = 3_600
  /// Longest life that is believed, in seconds: a year.
  private static let maxLife: Int64 = 31_622_400
  /// A token is renewed when less of its life is left.
  static let margin = Duration.seconds(300)
  /// How long a refusal is remembered.
  static let pause = Duration.seconds(30)

  let minted = MintedToken()
  private let kubectl: Kubectl
  private let refusal = Mutex<(ClusterFault, until: ContinuousClock.Instant)?>(nil)

  init(_ access: ClusterAccess) { kubectl = Kubectl(access: access) }

  /// Renews a token that is about to end. One that was never needed is not made.
  func refresh() async {
    guard let left = minted.remaining(now: wallClockNow()), left < Self.margin else { return }
    do throws(ClusterFault) { try await mint() } catch {
      // The old one is sent until it ends; then the Hub's refusal says what is the matter.
    }
  }

  /// A new token from the cluster.
  func mint() async throws(ClusterFault) {
    if let (fault, until) = refusal.withLock({ $0 }), ContinuousClock.now < until { throw fault }
    do throws(ClusterFault) {
      let asked = wallClockNow()
      let (token, end) = try Self.token(in: try await request(), askedAt: asked)
      minted.set(token, until: end)
      refusal.withLock { $0 = nil }
    } catch {
      if error != .cancelled {
        refusal.withLock { $0 = (error, ContinuousClock.now + Self.pause) }
        minted.refuse("\(error.toolError(origin: "kubectl", start: "").message)")
      }
      throw error
    }
  }

  private func request() async throws(ClusterFault) -> [UInt8] {
    let namespace = "--namespace=\(kubectl.access.namespace)"
    do throws(ClusterFault) {
      return try await kubectl.run([
        namespace, "create", "token", Self.account, "--audience=\(Self.audience)",
        "--duration=\(Self.lifetime)s", "--output=json",
      ])
    } catch {
      // Before 1.24 kubectl has no such verb, but sends what it is given.
      guard case .other(let reason) = error, reason.contains("unknown") else { throw error }
    }
    var writer = JSONWriter()
    writer.write(
      [
        "apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest",
        "spec": [
          "audiences": [.string(Self.audience)], "expirationSeconds": JSONValue(Self.lifetime),
        ],
      ] as JSONObject)
    return try await kubectl.run(
      [
        "create", "--filename=-",
        "--raw=/api/v1/namespaces/\(kubectl.access.namespace)/serviceaccounts/\(Self.account)/token",
      ], input: writer.bytes)
  }

  /// The token in a TokenRequest, and when it ends by the clock of this machine. Its life is told, too,
  /// and counts from when it was asked for: the API server's clock may be another.
  static func token(
    in bytes: [UInt8], askedAt asked: Timestamp
  ) throws(ClusterFault) -> (String, Timestamp) {
    let value: JSONValue
    do throws(JSONError) { value = try JSONReader.value(of: bytes) } catch {
      throw .other("the token request was not answered with JSON")
    }
    guard let token = value["status"]?["token"]?.string, !token.isEmpty,
      token.utf8.allSatisfy({ (0x21...0x7e).contains($0) })
    else { throw .other("the token request was answered without a token") }
    if let life = value["spec"]?["expirationSeconds"]?.int, (1...maxLife).contains(life) {
      return (token, asked.advanced(by: life * 1_000_000_000))
    }
    guard let text = value["status"]?["expirationTimestamp"]?.string,
      let end = Timestamp(rfc3339: text)
    else { throw .other("the token came without the time of its end") }
    return (token, end)
  }
}

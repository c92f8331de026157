import Testing
import ToolKit

@testable import Cluster

struct ClusterFaultTests {
  /// What kubectl 1.20, 1.27 and 1.32 print.
  private static let recorded: [(String, ClusterFault)] = [
    (
      """
      E1128 11:13:53.690571    9838 memcache.go:265] "Unhandled Error" err="couldn't get current \
      server API group list: Get \\"http://localhost:8080/api?timeout=32s\\": connection refused"
      The connection to the server localhost:8080 was refused - did you specify the right host or port?
      """, .noKubeconfig("it names no cluster")
    ),
    (
      "error: stat /nowhere: no such file or directory\n",
      .noKubeconfig("error: stat /nowhere: no such file or directory")
    ),
    (
      #"error: error loading config file "bad.yaml": yaml: line 1: did not find expected node content"#,
      .noKubeconfig(
        #"error: error loading config file "bad.yaml": yaml: line 1: did not find expected node content"#
      )
    ),
    (
      "Error in configuration: context was not found for specified context: shop\n",
      .noContext("shop")
    ),
    (#"error: context "shop" does not exist"#, .noContext("shop")),
    (
      "The connection to the server 10.1.2.3:6443 was refused - did you specify the right host or port?",
      .unreachable("10.1.2.3:6443", "the connection was refused")
    ),
    (
      "Unable to connect to the server: dial tcp: lookup k.invalid: no such host\n",
      .unreachable(nil, "dial tcp: lookup k.invalid: no such host")
    ),
    (
      "Unable to connect to the server: dial tcp 10.0.0.1:443: i/o timeout",
      .unreachable(nil, "dial tcp 10.0.0.1:443: i/o timeout")
    ),
    (
      "error: You must be logged in to the server (Unauthorized)",
      .signIn("error: You must be logged in to the server (Unauthorized)")
    ),
    ("Please enter Username: error: EOF", .signIn("Please enter Username: error: EOF")),
    (
      #"Error from server (Forbidden): services "kubeshark-front" is forbidden: User "u" cannot get"#,
      .forbidden(
        #"Error from server (Forbidden): services "kubeshark-front" is forbidden: User "u" cannot get"#
      )
    ),
    (#"Error from server (NotFound): namespaces "ks" not found"#, .noNamespace("ks")),
    // It need not be the one of the release: Roles are made in those that are captured.
    (#"Error from server (NotFound): namespaces "shop" not found"#, .noNamespace("shop")),
    (
      "error: timed out waiting for the condition",
      .notReady(namespace: "ks", "no pod of it is running")
    ),
    (
      "error: unable to forward port because pod is not running. Current status=Pending",
      .notReady(namespace: "ks", "no pod of it is running")
    ),
    (
      "Error: unknown flag: --audience\nSee 'kubectl create --help' for usage.\n",
      .other("Error: unknown flag: --audience")
    ),
    ("", .other("kubectl failed without a word")),
  ]

  @Test func whatKubectlPrintsIsUnderstood() {
    let access = ClusterAccess(context: "shop", namespace: "ks")
    for (text, fault) in Self.recorded { #expect(ClusterFault(stderr: text, access) == fault) }
  }

  @Test func whatASecondQuestionMayMendPasses() {
    func passes(_ text: String) -> Bool { ClusterFault(stderr: text, ClusterAccess()).passes }
    for text in [
      "Unable to connect to the server: net/http: TLS handshake timeout",
      "Error from server (ServiceUnavailable): the server is currently unable to handle the request",
      "Error from server (TooManyRequests): the server has received too many requests",
      "Error from server: etcdserver: request timed out",
      "error: read tcp 10.0.0.9:51234->10.0.0.1:443: read: connection reset by peer",
    ] {
      #expect(passes(text), "\(text)")
    }
    for text in [
      #"Error from server (Forbidden): pods is forbidden: User "u" cannot list"#,
      "error: You must be logged in to the server (Unauthorized)",
      #"Error from server (NotFound): namespaces "ks" not found"#, "Error: unknown flag: --x",
    ] {
      #expect(!passes(text), "\(text)")
    }
    var silence = Silence()
    let fault = ClusterFault.unreachable(nil, "i/o timeout")
    let borne = (0...10).map { _ in silence.bears(fault) }
    #expect(borne == Array(repeating: true, count: 10) + [false])
    silence.answered()
    let again = [silence.bears(fault), silence.bears(.forbidden("no"))]
    #expect(again == [true, false])
  }

  @Test func everyFaultSaysWhatToDoNext() {
    for (_, fault) in Self.recorded {
      let error = fault.toolError(origin: "~/.kube/config", start: "Start it.")
      #expect(!error.message.isEmpty && error.hint?.isEmpty == false)
    }
  }

  @Test func controlCharactersAndEndlessLinesAreNotPassedOn() {
    let text = "error: \u{1b}[31m" + String(repeating: "x", count: 5_000)
    guard case .other(let reason) = ClusterFault(stderr: text, ClusterAccess()) else {
      Issue.record("another fault")
      return
    }
    #expect(reason.count <= 600 && !reason.unicodeScalars.contains("\u{1b}"))
  }
}

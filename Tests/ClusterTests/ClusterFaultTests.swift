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
    // It is the proxy that is away.
    (
      "Unable to connect to the server: proxyconnect tcp: dial tcp 10.0.0.1:3128: connection refused",
      .unreachable(nil, "proxyconnect tcp: dial tcp 10.0.0.1:3128: connection refused")
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
    // What a plug-in says itself is what helps, and words of it are none of kubectl's.
    (
      """
      Error loading SSO Token: Token for shop does not exist
      E1128 11:13:53.690571    9838 memcache.go:265] "Unhandled Error" err="couldn't get current server API \
      group list: Get \\"https://x/api?timeout=32s\\": getting credentials: context canceled"
      Unable to connect to the server: getting credentials: exec: executable aws failed with exit code 255
      """,
      .signIn(
        """
        Unable to connect to the server: getting credentials: exec: executable aws failed with exit code \
        255; Error loading SSO Token: Token for shop does not exist
        """)
    ),
    (
      """
      Unable to connect to the server: getting credentials: exec: executable gke-gcloud-auth-plugin not found

      It looks like you are trying to use a client-go credential plugin that is not installed.
      """,
      .signIn(
        """
        Unable to connect to the server: getting credentials: exec: executable gke-gcloud-auth-plugin \
        not found
        """)
    ),
    (
      """
      Unable to listen on port 8899: Listeners failed to create with the following errors: [unable to \
      create listener: Error listen tcp4 127.0.0.1:8899: bind: address already in use]
      error: unable to listen on any of the requested ports: [{8899 8080}]
      """,
      .portTaken(
        """
        Unable to listen on port 8899: Listeners failed to create with the following errors: [unable to \
        create listener: Error listen tcp4 127.0.0.1:8899: bind: address already in use]
        """)
    ),
    ("Please enter Username: error: EOF", .signIn("Please enter Username: error: EOF")),
    (
      #"Error from server (Forbidden): services "kubeshark-front" is forbidden: User "u" cannot get"#,
      .forbidden(
        #"Error from server (Forbidden): services "kubeshark-front" is forbidden: User "u" cannot get"#
      )
    ),
    (
      #"Error from server (Forbidden): services is forbidden: User "system:anonymous" cannot list"#,
      .signIn(
        """
        there are none. Error from server (Forbidden): services is forbidden: User "system:anonymous" \
        cannot list
        """)
    ),
    // Admission is not RBAC: nobody may.
    (
      #"Error from server (Forbidden): deployments.apps "x" is forbidden: exceeded quota: count"#,
      .other(
        #"Error from server (Forbidden): deployments.apps "x" is forbidden: exceeded quota: count"#)
    ),
    (
      """
      Error from server (Forbidden): admission webhook "validate.kyverno.svc-fail" denied the request:

      resource DaemonSet/ks/kubeshark-agent was blocked due to the following policies

      disallow-host-namespaces: the securityContext of its pods does not exist
      """,
      .other(
        """
        Error from server (Forbidden): admission webhook "validate.kyverno.svc-fail" denied the request: \
        / resource DaemonSet/ks/kubeshark-agent was blocked due to the following policies / \
        disallow-host-namespaces: the securityContext of its pods does not exist
        """)
    ),
    // A policy of the API server's own, which forbids in words of its own.
    (
      """
      Error from server (Forbidden): daemonsets.apps "x" is forbidden: ValidatingAdmissionPolicy 'hosts' \
      with binding 'all' denied request: pods cannot use the network of their node
      """,
      .other(
        """
        Error from server (Forbidden): daemonsets.apps "x" is forbidden: ValidatingAdmissionPolicy \
        'hosts' with binding 'all' denied request: pods cannot use the network of their node
        """)
    ),
    // It is the webhook that is away, not the cluster.
    (
      """
      Error from server (InternalError): error when creating "STDIN": Internal error occurred: failed \
      calling webhook "validate.kyverno.svc-fail": failed to call webhook: Post \
      "https://kyverno-svc.kyverno.svc:443/validate/fail?timeout=10s": dial tcp 10.43.1.2:443: i/o timeout
      """,
      .other(
        """
        Error from server (InternalError): error when creating "STDIN": Internal error occurred: failed \
        calling webhook "validate.kyverno.svc-fail": failed to call webhook: Post \
        "https://kyverno-svc.kyverno.svc:443/validate/fail?timeout=10s": dial tcp 10.43.1.2:443: i/o \
        timeout
        """)
    ),
    // It is the node that is away, not the cluster.
    (
      """
      error: error upgrading connection: error dialing backend: dial tcp 10.0.0.7:10250: i/o timeout
      """,
      .notReady(
        namespace: "ks",
        """
        the API server cannot reach the node of its pod: error: error upgrading connection: error \
        dialing backend: dial tcp 10.0.0.7:10250: i/o timeout
        """)
    ),
    (
      """
      Error from server: Get "https://10.0.0.7:10250/containerLogs/ks/hub/hub": dial tcp \
      10.0.0.7:10250: i/o timeout
      """,
      .notReady(
        namespace: "ks",
        """
        the API server cannot reach the node of its pod: Error from server: Get \
        "https://10.0.0.7:10250/containerLogs/ks/hub/hub": dial tcp 10.0.0.7:10250: i/o timeout
        """)
    ),
    // Warnings are no failures, whatever words are in them.
    (
      """
      WARNING: the gcp auth plugin (an exec plugin) is deprecated
      Warning: would violate PodSecurity "restricted:latest": host namespaces; a policy cannot be met, \
      and is forbidden soon
      error: timed out waiting for the condition
      """, .notReady(namespace: "ks", "no pod of it is running")
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

  /// A plug-in asks for a sign-in and waits; an API server that is away is asked again and again.
  @Test func whatDoesNotEndSaysWhatItWaitsFor() {
    func late(_ stderr: String) -> ClusterFault {
      ClusterFault(late: "kubectl", after: .seconds(30), stderr: stderr, ClusterAccess())
    }
    #expect(late("") == .unreachable(nil, "kubectl did not end within 30 s"))
    let question =
      "To sign in, use a web browser to open the page https://microsoft.com/devicelogin"
    #expect(late(question) == .signIn("kubectl did not end within 30 s, and asked: " + question))
    #expect(
      late("waiting for a lock")
        == .unreachable(
          nil, "kubectl did not end within 30 s; it said: waiting for a lock"))
    let log = """
      E1128 11:13:53.690571    9838 memcache.go:265] "Unhandled Error" err="couldn't get current server \
      API group list: Get \\"https://10.0.0.1:6443/api\\": dial tcp 10.0.0.1:6443: i/o timeout"
      """
    #expect(
      late(log)
        == .unreachable(
          nil,
          """
          couldn't get current server API group list: Get "https://10.0.0.1:6443/api": dial tcp \
          10.0.0.1:6443: i/o timeout
          """))
    // The program is not where an MCP client's PATH leads.
    let missing = ClusterFault.signIn("getting credentials: exec: executable aws not found")
    #expect(missing.toolError(origin: "", start: "").hint?.contains("PATH") == true)
  }

  @Test func aCertificateThatIsNotTrustedIsNoMatterOfTheNetwork() {
    let words = """
      Unable to connect to the server: tls: failed to verify certificate: x509: certificate signed by \
      unknown authority
      """
    let error = ClusterFault(stderr: words, ClusterAccess()).toolError(origin: "x", start: "")
    #expect(error.code == "cluster_unreachable")
    #expect(error.hint?.contains("certificate-authority") == true)
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

import ToolKit

/// Why the cluster gave nothing that can be used.
enum ClusterFault: Error, Hashable, Sendable {
  /// The program is missing or cannot be started; the reason.
  case noProgram(String, String)
  /// There is no kubeconfig, or it cannot be read; the reason.
  case noKubeconfig(String)
  case noContext(String)
  /// The API server cannot be reached: its address where it is known, and the reason.
  case unreachable(String?, String)
  /// The credentials were not accepted, or there are none.
  case signIn(String)
  /// RBAC says no; the API server's own words. What admission forbids (a quota, a policy) is `other`:
  /// no right would help.
  case forbidden(String)
  case noNamespace(String)
  case notInstalled(namespace: String)
  /// Installed, but nothing can be reached yet; the reason.
  case notReady(namespace: String, String)
  /// The port of this machine to which something is to be forwarded cannot be had; kubectl's words.
  case portTaken(String)
  case other(String)
  case cancelled

  /// Reads what kubectl printed when it failed.
  init(stderr: String, _ access: ClusterAccess) {
    let lines = stderr.split(whereSeparator: \.isNewline).map(Self.cleaned)
      .filter { !$0.isEmpty && !Self.isWarning($0) }
    // Lines of its log come before the sentence for people, and say what lies behind it.
    let sentences = lines.filter { !Self.isLogLine($0) }
    let all = lines.joined(separator: "\n")
    // Hints on usage follow the sentence itself.
    let last =
      sentences.last { line in Self.openings.contains { line.lowercased().hasPrefix($0) } }
      ?? sentences.last ?? lines.last.map(Self.logged) ?? "kubectl failed without a word"
    let lower = all.lowercased()
    func has(_ words: String...) -> Bool { words.contains { lower.contains($0) } }

    // Somebody's words may be like any of kubectl's.
    if let at = sentences.firstIndex(where: Self.isOfAdmission) {
      self = .other(String(sentences[at...].joined(separator: " / ").prefix(Self.longest)))
    } else if let words = sentences.last(where: Self.isOfKubelet) {
      self = .notReady(
        namespace: access.namespace, "the API server cannot reach the node of its pod: \(words)")
    } else if has("getting credentials", "exec plugin") {
      self = .signIn(last + (Self.pluginWords(before: last, sentences).map { "; \($0)" } ?? ""))
    } else if has("context was not found", "no context exists", "does not exist"), has("context") {
      self = .noContext(access.context ?? last)
    } else if has("error loading config file", "no configuration has been provided")
      || (has("stat ", "open ") && has("no such file or directory", "permission denied"))
    {
      self = .noKubeconfig(last)
    } else if has("localhost:8080 was refused", "connection to the server localhost:8080") {
      // kubectl's address for "nobody told me which cluster".
      self = .noKubeconfig("it names no cluster")
    } else if has("user \"system:anonymous\"") {
      self = .signIn("there are none. " + last)
    } else if has("(forbidden)", " is forbidden"), has("cannot ", "attempting to grant") {
      self = .forbidden(sentences.first { $0.lowercased().contains("forbidden") } ?? last)
    } else if has("unauthorized", "must be logged in", "enter username") {
      self = .signIn(last)
    } else if has("unable to listen on") {
      self = .portTaken(sentences.first { $0.lowercased().contains("unable to listen on") } ?? last)
    } else if has("namespaces \""), has("not found") {
      self = .noNamespace(Self.namespace(in: all) ?? access.namespace)
    } else if has(
      "unable to connect to the server", "cluster unreachable", "was refused", "i/o timeout",
      "no such host")
    {
      self = .unreachable(Self.server(in: last), Self.reason(last))
    } else if has(
      "pod is not running", "timed out waiting for the condition", "no pods", "no running")
    {
      self = .notReady(namespace: access.namespace, "no pod of it is running")
    } else {
      self = .other(last)
    }
  }

  /// Of a program that did not end in time. A plug-in for signing in may wait for somebody to answer,
  /// and says so there.
  init(late program: String, after limit: Duration, stderr: String, _ access: ClusterAccess) {
    let known = ClusterFault(stderr: stderr, access)
    if case .other = known {
    } else {
      self = known
      return
    }
    let late = "\(program) did not end within \(limit.components.seconds) s"
    let lines = stderr.split(whereSeparator: \.isNewline).map(Self.cleaned).filter { !$0.isEmpty }
    guard let said = lines.last(where: { !Self.isLogLine($0) }) ?? lines.last.map(Self.logged)
    else {
      self = .unreachable(nil, late)
      return
    }
    let questions = ["sign in", "log in", "login", "browser", "authenticat", "code", "visit"]
    let isAsked = questions.contains { said.lowercased().contains($0) }
    self =
      isAsked
      ? .signIn("\(late), and asked: \(said)") : .unreachable(nil, "\(late); it said: \(said)")
  }

  /// Most of what a webhook says, such as a policy engine's: why it refused stands on further lines.
  private static let longest = 1_200

  /// What others have their say in: webhooks, which may also be away, and policies of the API server.
  private static func isOfAdmission(_ line: String) -> Bool {
    ["admission webhook", "failed calling webhook", "ValidatingAdmissionPolicy"]
      .contains { line.contains($0) }
  }

  /// What the API server says when it asks a node's kubelet, as for logs and for forwarded ports: it
  /// was reached itself.
  private static func isOfKubelet(_ line: String) -> Bool {
    line.contains("error dialing backend")
      || line.contains(":10250/") && (line.contains("dial tcp") || line.contains("timeout"))
  }

  /// What the API server, or a plug-in for credentials, wants to be known beside its answer: that an
  /// object would violate a Pod Security level, or that something is deprecated. It is no failure, and
  /// words in it stand for none.
  private static func isWarning(_ line: String) -> Bool {
    line.prefix(8).lowercased() == "warning:"
  }

  /// What a plug-in for credentials said itself, before kubectl said that it failed.
  private static func pluginWords(before last: String, _ sentences: [String]) -> String? {
    sentences.prefix { $0 != last }.last
  }

  /// How kubectl's sentences about failures begin.
  private static let openings = ["error", "unable to connect", "the connection to"]

  /// A line without control characters, and not without end.
  private static func cleaned(_ line: Substring) -> String {
    String(
      line.unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7f }.map { Character($0) }
    )
    .prefix(600).description
  }

  /// `E1128 11:13:53.690571    9838 memcache.go:265] …`
  private static func isLogLine(_ line: String) -> Bool {
    guard let first = line.first, "IWEF".contains(first) else { return false }
    return line.dropFirst().prefix(4).allSatisfy(\.isNumber) && line.contains("] ")
  }

  /// What a line of the log says: of `E1128 … "Unhandled Error" err="…"` the error.
  private static func logged(_ line: String) -> String {
    guard isLogLine(line), let range = line.firstRange(of: "err=\"") else { return line }
    var text = line[range.upperBound...]
    if text.hasSuffix("\"") { text = text.dropLast() }
    return String(text).replacing("\\\"", with: "\"")
  }

  /// The name in `namespaces "shop" not found`.
  private static func namespace(in text: String) -> String? {
    guard let range = text.firstRange(of: "namespaces \"") else { return nil }
    let name = String(text[range.upperBound...].prefix { $0 != "\"" })
    return ClusterAccess.problem(ofNamespace: name) == nil ? name : nil
  }

  private static func server(in line: String) -> String? {
    guard let range = line.firstRange(of: "to the server ") else { return nil }
    let word = line[range.upperBound...].prefix { $0 != " " }
    return word.contains(".") || word.contains(":") && !word.hasSuffix(":") ? String(word) : nil
  }

  private static func reason(_ line: String) -> String {
    // What refused it may be a proxy on the way.
    if line.contains("refused"), !line.contains("proxyconnect") {
      return "the connection was refused"
    }
    guard let range = line.firstRange(of: "to the server: ") else { return line }
    return String(line[range.upperBound...])
  }
}

extension ClusterFault {
  /// Whether the same question may be answered a moment later: nothing is said of what was asked.
  var passes: Bool {
    switch self {
    case .unreachable: return true
    case .other(let reason):
      let signs = [
        "(ServiceUnavailable)", "(TooManyRequests)", "(Timeout)", "(ServerTimeout)",
        "(InternalError)", "etcdserver:", "connection reset", "unexpected EOF",
      ]
      return signs.contains { reason.contains($0) }
    default: return false
    }
  }
}

/// Questions in a row that a cluster did not answer, while something is waited for. One of them ends
/// nothing: API servers are restarted, and networks have gaps.
struct Silence {
  /// Most in a row that are borne.
  private static let most = 10

  private var count = 0

  mutating func answered() { count = 0 }

  /// Whether the question may be asked again.
  mutating func bears(_ fault: ClusterFault) -> Bool {
    count += 1
    return fault.passes && count <= Self.most
  }
}

extension ClusterFault {
  /// The fault in the words of tools: what happened, and what to try.
  ///
  /// - Parameter origin: where the access comes from: a kubeconfig and a context.
  func toolError(origin: String, start: String) -> ToolError {
    switch self {
    case .noProgram(_, let reason):
      ToolError(
        status: 503, code: "no_kubectl", message: "The cluster cannot be asked: \(reason).",
        hint: """
          Install kubectl (https://kubernetes.io/docs/tasks/tools/) where the server's PATH leads, or \
          use --url with the address of a deployment.
          """)
    case .noKubeconfig(let reason):
      ToolError(
        status: 503, code: "no_kubeconfig",
        message: "There is no usable kubeconfig (\(origin)): \(reason).",
        hint: """
          Is kubectl configured? Try kubectl get nodes, then give the file: \
          kubeshark mcp --kubeconfig ~/.kube/config
          """)
    case .noContext(let name):
      ToolError(
        status: 503, code: "no_context",
        message: "The kubeconfig (\(origin)) has no context \(name).",
        hint: "kubectl config get-contexts lists them; choose one by --context.")
    case .unreachable(let server, let reason):
      ToolError(
        status: 503, code: "cluster_unreachable",
        message:
          "The cluster\(server.map { " at \($0)" } ?? "") cannot be reached (\(origin)): \(reason).",
        hint: reason.contains("x509") || reason.contains("certificate")
          ? """
          Its certificate is not the one that the kubeconfig vouches for (certificate-authority), has \
          ended, or is that of a proxy on the way: get the kubeconfig anew, and check with kubectl get nodes
          """ : "Check the network or VPN and that this is the right cluster: kubectl get nodes")
    case .signIn(let reason):
      ToolError(
        status: 401, code: "cluster_sign_in",
        message: "The cluster does not accept the credentials of \(origin): \(reason)",
        hint: Self.signInHint(reason))
    case .forbidden(let reason):
      ToolError(
        status: 403, code: "cluster_forbidden",
        message: "The cluster forbids this (\(origin)): \(reason)",
        hint: """
          Ask for get on services, get and list on pods and create on pods/portforward in the release \
          namespace; kubectl auth can-i --list shows what is allowed.
          """)
    case .noNamespace(let name):
      ToolError(
        status: 404, code: "no_namespace",
        message: "Kubeshark is not running: the cluster (\(origin)) has no namespace '\(name)'.",
        hint: "Name the one it is installed in by --release-namespace.")
    case .notInstalled(let namespace):
      ToolError(
        status: 503, code: "not_installed",
        message: """
          Kubeshark is not running in namespace '\(namespace)': neither the Service kubeshark-front nor \
          kubeshark-hub is there (\(origin)).
          """, hint: start)
    case .notReady(let namespace, let reason):
      ToolError(
        status: 503, code: "not_ready",
        message: "Kubeshark in namespace '\(namespace)' cannot be used yet: \(reason).",
        hint: "check_kubeshark_status tells how far it is.")
    case .portTaken(let reason):
      ToolError(
        status: 409, code: "port_taken", message: "The Hub cannot be forwarded there: \(reason)",
        hint: """
          Another program may have that port, perhaps another kubeshark proxy: choose one by \
          --proxy-front-port, or 0 for a free one.
          """)
    case .other(let reason):
      ToolError(
        status: 502, code: "kubectl_failed", message: "kubectl failed (\(origin)): \(reason)",
        hint: "Try the same by hand: kubectl get services, kubectl port-forward")
    case .cancelled:
      .cancelled
    }
  }

  /// MCP clients start servers without the PATH of a shell, so that plug-ins are missing there.
  private static func signInHint(_ reason: String) -> String {
    guard reason.contains("executable"), reason.contains("not found") else {
      return "Sign in again the way this cluster asks for, and check with kubectl get nodes"
    }
    return """
      That program must be where this one's PATH leads, which is another one when an MCP client starts \
      it: set PATH in the client's configuration (env), or name the program from the root in the \
      kubeconfig.
      """
  }
}

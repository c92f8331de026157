import ToolKit

/// Why a Hub elsewhere gave no answer that can be used.
enum HubFault: Error, Hashable, Sendable {
  case unknownHost
  case refused
  case unreachable(String)
  case timedOut(Duration)
  case tls(String)
  /// The connection ended in the middle.
  case dropped
  /// What came back is not HTTP.
  case notHTTP
  case tooLarge(limit: Int)
  /// A status or a redirect that asks to sign in.
  case signIn(status: Int, to: String?)
  case redirect(to: String)
  case tooManyRedirects
  /// A page for people, where an answer for programs was expected.
  case webPage(status: Int)
  case noEndpoint
  case notJSON(String)
  case notAHub
  case mcpDisabled
  case cancelled

  /// The fault in the words of tools: what happened, and what to try.
  ///
  /// - Parameter advice: how to get a token that is good.
  func toolError(_ address: HubAddress, advice: String) -> ToolError {
    let (status, code, message, hint) = words(address, advice)
    return ToolError(status: status, code: code, message: message, hint: hint)
  }

  private func words(_ address: HubAddress, _ advice: String) -> (Int, String, String, String?) {
    let host = address.host
    switch self {
    case .unknownHost:
      return (
        503, "hub_unreachable", "The Hub at \(address) cannot be reached: no such host \(host).",
        "Check the spelling of --url and the DNS of this machine."
      )
    case .refused:
      return (
        503, "hub_unreachable",
        "The Hub at \(address) cannot be reached: the connection was refused.",
        "Check that it runs and that the port is right: curl \(address)/api/mcp"
      )
    case .unreachable(let reason):
      return (
        503, "hub_unreachable", "The Hub at \(address) cannot be reached: \(reason).",
        "Check the network and --url: curl \(address)/api/mcp"
      )
    case .timedOut(let limit):
      return (
        504, "hub_timeout",
        "The Hub at \(address) did not answer within \(limit.components.seconds) s.",
        "Ask for less (a narrower time range or filter), or check that the Hub is well."
      )
    case .tls(let reason):
      return (
        502, "hub_tls", "The Hub at \(address) cannot be trusted: \(reason).",
        """
        The certificate must be valid for \(host) and signed by an authority this machine knows, or \
        one in --ca-file.
        """
      )
    case .dropped:
      return (
        502, "hub_dropped", "The connection to the Hub at \(address) broke in mid-answer.",
        "Try again; if it keeps happening, look at the Hub's logs or a proxy in between."
      )
    case .notHTTP:
      return (
        502, "not_a_hub", "What listens at \(address) does not speak HTTP.",
        address.scheme == "http" ? "Perhaps https is meant, or another port." : "Check the port."
      )
    case .tooLarge(let limit):
      return (
        502, "answer_too_large",
        "The Hub's answer is larger than \(limit >> 20) MiB and was not read.",
        "Ask for less: a smaller limit, a narrower time range or filter."
      )
    case .signIn(let status, let target):
      let via = target.map { " (it redirects to \($0))" } ?? ""
      return (
        401, "authentication_required",
        "The Hub at \(address) asks for authentication (\(status), like 401)\(via)."
          .replacing("(401, like 401)", with: "(401)"),
        advice
      )
    case .redirect(let target):
      return (
        502, "hub_redirect",
        "The Hub at \(address) redirects to another origin, \(target), which is not followed.",
        "If that is the Hub's address, give it by --url."
      )
    case .tooManyRedirects:
      return (
        502, "hub_redirect", "The Hub at \(address) redirects again and again.", "Check --url."
      )
    case .webPage(let status):
      return (
        502, "not_a_hub",
        "\(address) answers with a web page (status \(status)), not with a Hub's JSON.",
        "It may be a login page or another service; check --url and its base path."
      )
    case .noEndpoint:
      return (
        404, "no_mcp_endpoint", "There is no MCP endpoint at \(address)/api/mcp (404).",
        "Check the base path of --url, and that the Hub has MCP enabled."
      )
    case .notJSON(let reason):
      return (
        502, "not_a_hub", "\(address) answered with something that is not JSON: \(reason).",
        "Check that --url leads to a Kubeshark Hub: curl \(address)/api/mcp"
      )
    case .notAHub:
      return (
        502, "not_a_hub", "\(address)/api/mcp answers with JSON, but not with a Hub's.",
        "Check that --url leads to a Kubeshark Hub."
      )
    case .mcpDisabled:
      return (
        503, "mcp_disabled", "The Hub at \(address) has MCP switched off.",
        "Enable MCP on the Hub."
      )
    case .cancelled:
      return (
        ToolError.cancelled.status, ToolError.cancelled.code, ToolError.cancelled.message, nil
      )
    }
  }
}

import Bytes
import JSON
import MCP
import ToolKit

/// What a client of the MCP server writes, in pieces: lines, JSON-RPC messages, a session.
enum MCPTarget {
  static let target = FuzzTarget("mcp", "lines of an MCP client", maxLength: 8 << 10) {
    bytes throws(BrokenLaw) in
    let whole = lines(bytes, pieces: bytes.count + 1, Derived(bytes))
    let parts = lines(bytes, pieces: 9, Derived(bytes))
    try hold(whole == parts, "other lines when cut into pieces")
    for case .text(let line) in whole {
      try hold(line.count <= lineLimit, "a line of \(line.count) bytes is kept")
    }
    var limits = Session.Limits()
    limits.pending = 3
    limits.batch = 4
    try talk(Session(identity, limits: limits), whole)
  }

  private static let lineLimit = 2_048
  private static let identity = ServerIdentity(version: "1", instructions: "Ask.")

  private static func lines(
    _ bytes: [UInt8], pieces: Int, _ derived: Derived
  ) -> [LineSplitter.Line] {
    var derived = derived
    var splitter = LineSplitter(limit: lineLimit)
    var lines: [LineSplitter.Line] = []
    var at = 0
    while at < bytes.count {
      let end = min(bytes.count, at + (pieces > bytes.count ? pieces : 1 + derived.below(pieces)))
      lines += splitter.append(bytes.rawSpan.slice(at..<end))
      at = end
    }
    if let last = splitter.end() { lines.append(last) }
    return lines
  }

  private static func talk(
    _ session: Session, _ lines: [LineSplitter.Line]
  ) throws(BrokenLaw) {
    var session = session
    var open: [Ticket] = []
    for line in lines {
      for action in session.received(Message(line)) { try take(action, &open) }
      try hold(open.count <= 3, "\(open.count) requests are under way")
    }
    for ticket in open {
      let failed = Outcome.refused(ProtocolError(code: -32603, message: "no"))
      for action in session.finished(ticket, failed) {
        guard case .send(let message, _) = action else { throw BrokenLaw("\(action) at the end") }
        try verify(message)
      }
    }
    try hold(session.isIdle, "work is left behind")
  }

  private static func take(
    _ action: Session.Action, _ open: inout [Ticket]
  ) throws(BrokenLaw) {
    switch action {
    case .send(let message, _): try verify(message)
    case .start(let ticket, _, _): open.append(ticket)
    case .cancel(let ticket):
      try hold(open.contains(ticket), "work is cancelled that was not begun")
      open.removeAll { $0 == ticket }
    case .answer, .remind, .end: break
    }
  }

  private static func verify(_ message: JSONValue) throws(BrokenLaw) {
    let text = message.text
    try hold(!text.utf8.contains(UInt8(ascii: "\n")), "an answer of two lines")
    let again = try? JSONReader.value(of: text)
    try hold(again == message, "an answer is read back as something else: \(text)")
  }
}

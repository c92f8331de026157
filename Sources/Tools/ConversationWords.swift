import Entries
import Query

/// A record of a connection or a flow in words: its state, what each end sent, what ailed it.
struct ConversationWords {
  let text: String

  /// - Returns: nil for calls.
  init?(_ row: EntryView) {
    guard let kind = row.kind, !kind.isCall else { return nil }
    let fields: (state: FieldID, carried: FieldID, local: [FieldID], remote: [FieldID])
    switch kind {
    case .tcpConn, .udpConn, .sctpConn, .icmpConn:
      fields = (
        .connState, .connL7Detected, [.connLocalPkts, .connLocalBytes],
        [.connRemotePkts, .connRemoteBytes]
      )
    case .tcpFlow, .udpFlow:
      fields = (
        .flowState, .flowL7Detected, [.flowLocalPkts, .flowLocalBytes],
        [.flowRemotePkts, .flowRemoteBytes]
      )
    default: return nil
    }
    // Fields speak of the side that lives on the capturing node, readers of client and server.
    let (client, server) =
      row.isServerLocal ? (fields.remote, fields.local) : (fields.local, fields.remote)
    var parts = [row.text(fields.state) ?? "state unknown"]
    let carried = row.texts(fields.carried)
    if !carried.isEmpty { parts.append("carries " + carried.joined(separator: ", ")) }
    for (name, ids) in [("client", client), ("server", server)] {
      let (packets, bytes) = (row.int(ids[0]) ?? 0, row.int(ids[1]) ?? 0)
      parts.append(
        "\(name) sent \(Shown.counted(Int(clamping: packets), "packet")) with \(Shown.bytes(bytes))"
      )
    }
    // A flow adds up connections, which say of themselves what ailed them.
    guard !kind.isFlow else {
      text = parts.joined(separator: ", ")
      return
    }
    if let time = row.numbers(.tcpMetrics).first(where: { $0.name == "initial_rtt_us" })?.value,
      time > 0, time < 1e15
    {
      parts.append("round trip of its handshake \(Shown.milliseconds(Int64(time))) ms")
    }
    text = (parts + TCPTrouble(row).words).joined(separator: ", ")
  }
}

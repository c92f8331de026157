/// Names of reason codes (MQTT 5 §2.4) and of the return codes of older versions.
enum MQTTReasons {
  /// Name of a code in a packet of that type; the same number may mean different things.
  static func name(_ code: UInt8, of type: MQTTType) -> String {
    switch (type, code) {
    case (.subscribeACK, 0), (.subscribeACK, 1), (.subscribeACK, 2): "granted QoS \(code)"
    case (.disconnect, 0): "normal disconnection"
    case (_, 0): "success"
    case (.subscribeACK, 0x80): "failure"
    default: names[code] ?? "reason \(code)"
    }
  }

  /// Return codes of CONNACK before version 5 (MQTT 3.1.1 §3.2.2.3).
  static func connectReturn(_ code: UInt8) -> String {
    switch code {
    case 0: "success"
    case 1: "unsupported protocol version"
    case 2: "client identifier not valid"
    case 3: "server unavailable"
    case 4: "bad user name or password"
    case 5: "not authorized"
    default: "return code \(code)"
    }
  }

  private static let names: [UInt8: String] = [
    4: "disconnect with will message", 16: "no matching subscribers",
    17: "no subscription existed", 24: "continue authentication", 25: "re-authenticate",
    128: "unspecified error", 129: "malformed packet", 130: "protocol error",
    131: "implementation specific error", 132: "unsupported protocol version",
    133: "client identifier not valid", 134: "bad user name or password", 135: "not authorized",
    136: "server unavailable", 137: "server busy", 138: "banned", 139: "server shutting down",
    140: "bad authentication method", 141: "keep alive timeout", 142: "session taken over",
    143: "topic filter invalid", 144: "topic name invalid", 145: "packet identifier in use",
    146: "packet identifier not found", 147: "receive maximum exceeded",
    148: "topic alias invalid", 149: "packet too large", 150: "message rate too high",
    151: "quota exceeded", 152: "administrative action", 153: "payload format invalid",
    154: "retain not supported", 155: "QoS not supported", 156: "use another server",
    157: "server moved", 158: "shared subscriptions not supported",
    159: "connection rate exceeded", 160: "maximum connect time",
    161: "subscription identifiers not supported", 162: "wildcard subscriptions not supported",
  ]
}

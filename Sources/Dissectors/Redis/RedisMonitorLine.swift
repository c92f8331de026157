import Bytes

/// A line of MONITOR, which tells of a command: `1339518083.107412 [0 127.0.0.1:60866] "GET" "k"`.
/// Servers leave passwords out of it, and no other secrets.
struct RedisMonitorLine {
  /// The line with `[redacted]` in place of secrets, as it is where there are none.
  private(set) var text: String
  /// It holds a secret.
  private(set) var isSecret = false

  init(_ line: RawSpan) {
    guard let mark = line.firstOffset(of: "] \"") else {
      text = line.text()
      return
    }
    let (bytes, words) = RedisWords.split(line.suffix(from: mark + 2))
    let verb = words.first.flatMap { RedisVerb.named(bytes.rawSpan.slice($0)) }
    let hidden = RedisSecrets.hidden(verb, bytes.rawSpan, words)
    guard !hidden.places.isEmpty || hidden.script != nil else {
      text = line.text()
      return
    }
    isSecret = true
    var shown = line.prefix(mark + 1).array()
    for (place, word) in words.enumerated() {
      shown += [0x20, 0x22]
      if hidden.places.contains(place) {
        shown += Array(RESPPreview.redacted.utf8)
      } else if place == hidden.script {
        shown += RedisScript(bytes.rawSpan.slice(word)).text
      } else {
        shown.append(bytes.rawSpan.slice(word))
      }
      shown.append(0x22)
    }
    text = String(decoding: shown, as: UTF8.self)
  }
}

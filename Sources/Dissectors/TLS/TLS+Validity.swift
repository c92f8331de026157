import Bytes
package import Decompression
package import Entries
import JSON

extension TLS {
  /// Tells of certificates that were shown before or after the time they are for: only now it is
  /// known when that was.
  package static func complete(
    _ entry: inout Entry, _ decompressions: inout DecompressionCounters
  ) {
    guard entry.hasResponse, case .text(let text) = entry.fields[.details],
      text.utf8.span.bytes.firstOffset(of: "\"certificates\":[") != nil,
      case .object(var details)? = try? JSONReader.value(of: text),
      case .object(var response)? = details["response"],
      let certificates = response["certificates"]?.array
    else { return }
    // Both are written alike up to the seconds.
    let now = entry.timestamp.rfc3339.prefix(19)
    var found: [JSONValue] = []
    for certificate in certificates {
      let name = certificate["subject"]?.string ?? ""
      if let end = certificate["notAfter"]?.string, end.prefix(19) < now {
        found.append(.string("expired certificate: " + name))
      } else if let start = certificate["notBefore"]?.string, now < start.prefix(19) {
        found.append(.string("certificate not valid yet: " + name))
      }
    }
    if found.isEmpty { return }
    response["security"] = .array((response["security"]?.array ?? []) + found)
    details["response"] = .object(response)
    var writer = JSONWriter(reserving: text.utf8.count + 128)
    writer.write(JSONValue.object(details))
    entry.fields.set(.details, text: writer.bytes.rawSpan)
  }
}

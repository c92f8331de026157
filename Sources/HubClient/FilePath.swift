import JSON
import ToolKit

/// The path of a file on a Hub, checked: only where Hubs keep files, and nothing that would lead
/// elsewhere, for our credentials travel along.
struct FilePath {
  /// Where files are, without the `/mcp` that may stand before.
  static let folders: Set<String> = ["snapshots", "conns", "flows", "pcaps", "files"]

  /// As it follows the Hub's address, with its query.
  let text: String

  init(_ given: String) throws(ToolError) {
    let shown = JSONValue.string(String(given.prefix(200))).text
    guard !given.contains("://"), !given.hasPrefix("//"), !given.contains("\\"),
      given.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7f })
    else {
      throw .invalid(
        "path", "path must be a path on the Hub, not \(shown)",
        hint: "Pass the path as a tool such as export_snapshot_pcap gave it.")
    }
    let whole = given.hasPrefix("/") ? given : "/" + given
    let path = whole.prefix { $0 != "?" && $0 != "#" }
    // An escaped slash or dot is one for whoever serves the file.
    let segments = percentDecoded(path).split(separator: "/", omittingEmptySubsequences: false)
      .dropFirst()
    let folder = segments.first == "mcp" ? segments.dropFirst().first : segments.first
    guard !segments.contains(where: { $0 == ".." || $0 == "." || $0.isEmpty }) else {
      throw .invalid("path", "path \(shown) leads elsewhere than it says")
    }
    guard let folder, Self.folders.contains(String(folder)) else {
      throw .invalid(
        "path", "path \(shown) is not where a Hub keeps files",
        hint: "Paths begin with /mcp/snapshots/ or another of "
          + Self.folders.sorted().joined(separator: ", ") + ".")
    }
    text = Self.encoded(whole.prefix { $0 != "#" })
  }

  /// What cannot stand in a URL as it is, percent-encoded (RFC 3986 §2.1); escapes stay.
  private static func encoded(_ text: some StringProtocol) -> String {
    let digits = Array("0123456789ABCDEF")
    var result = ""
    for byte in text.utf8 {
      switch byte {
      case 0x21, 0x23...0x3b, 0x3d, 0x3f...0x5b, 0x5d, 0x5f, 0x61...0x7a, 0x7e:
        result.unicodeScalars.append(UnicodeScalar(byte))
      default:
        result += "%" + String(digits[Int(byte >> 4)]) + String(digits[Int(byte & 15)])
      }
    }
    return result
  }
}

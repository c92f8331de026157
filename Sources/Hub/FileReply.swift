import FoundationEssentials
package import ToolKit

/// A file of the Hub as an HTTP answer: status and fields beside the bytes, which are streamed.
package struct FileReply: Sendable {
  package var status: Int
  package var file: HubFile
  /// The bytes that are sent, of the whole file; nil when its length is not known.
  package var range: Range<Int64>?
  package var fields: [(name: String, value: String)]
  /// Whether bytes follow, `range` of them.
  package var hasBody: Bool { status != 304 && status != 416 }

  /// The answer to a request for `file`, which was opened at the start of `wanted`.
  init(_ file: HubFile, _ wanted: ByteRange?) {
    (self.file, status, fields) = (file, 200, [])
    fields.append(("content-type", file.contentType))
    fields.append(("content-disposition", Self.disposition(file.name)))
    fields.append(("accept-ranges", "bytes"))
    // What was captured is private.
    fields.append(("cache-control", "no-store"))
    if let tag = file.tag { fields.append(("etag", tag)) }
    if let digest = file.digest {
      let text = Data(digest).base64EncodedString()
      fields.append(("digest", "sha-256=" + text))
      fields.append(("repr-digest", "sha-256=:\(text):"))
    }
    guard let length = file.length else { return }
    range = 0..<length
    guard let wanted else { return }
    guard let part = wanted.range(of: length) else {
      status = 416
      range = 0..<0
      fields.append(("content-range", "bytes */\(length)"))
      return
    }
    status = 206
    range = part
    fields.append(
      ("content-range", "bytes \(part.lowerBound)-\(part.upperBound - 1)/\(length)"))
  }

  /// The answer to a client that has the file already (RFC 9110 §15.4.5).
  init(known file: HubFile, tag: String) {
    (self.file, status, range) = (file, 304, 0..<0)
    fields = [("etag", tag), ("cache-control", "no-store")]
  }

  /// `attachment` with the name, also where it is not ASCII (RFC 6266 §4.3).
  private static func disposition(_ name: String) -> String {
    let plain = String(
      String.UnicodeScalarView(
        name.unicodeScalars.map { scalar in
          (0x20..<0x7f).contains(scalar.value) && scalar != "\"" && scalar != "\\" ? scalar : "_"
        }))
    let extended = plain == name ? "" : "; filename*=UTF-8''" + percentEncoded(name)
    return "attachment; filename=\"\(plain)\"" + extended
  }

  /// Hands over the bytes of `range`, in order.
  package func copy(_ sink: HubFile.Sink) async throws(ToolError) {
    guard let range else { return try await file.copy(sink) }
    var (at, done) = (file.offset, false)
    do throws(ToolError) {
      try await file.copy { (bytes) async throws(ToolError) in
        let piece = at..<at + Int64(bytes.count)
        at = piece.upperBound
        let part = piece.clamped(to: range)
        if !part.isEmpty {
          let first = Int(part.lowerBound - piece.lowerBound)
          let isWhole = part.count == bytes.count
          try await sink(isWhole ? bytes : Array(bytes[first..<first + part.count]))
        }
        if at >= range.upperBound {
          // Nothing of what follows was asked for.
          done = true
          throw ToolError(status: 499, code: "enough", message: "The range was sent.")
        }
      }
    } catch {
      if !done { throw error }
    }
  }
}

/// One range of bytes (RFC 9110 §14.1.2).
struct ByteRange: Hashable {
  private enum Form: Hashable {
    case from(Int64, through: Int64?)
    case last(Int64)
  }

  private let form: Form

  /// Nil for a header that is to be ignored: another unit, several ranges, what is no range.
  init?(_ header: String?) {
    guard let header, header.hasPrefix("bytes=") else { return nil }
    let text = header.dropFirst(6).filter { $0 != " " }
    let parts = text.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, !text.contains(",") else { return nil }
    // No file is longer than the largest number; what lies beyond is its end.
    func number(_ text: Substring) -> Int64? {
      guard !text.isEmpty, text.allSatisfy({ $0.isASCII && $0.isNumber }) else { return nil }
      return Int64(text) ?? .max
    }
    if parts[0].isEmpty {
      guard let count = number(parts[1]) else { return nil }
      form = .last(count)
    } else {
      guard let first = number(parts[0]) else { return nil }
      if parts[1].isEmpty {
        form = .from(first, through: nil)
      } else {
        guard let last = number(parts[1]), first <= last else { return nil }
        form = .from(first, through: last)
      }
    }
  }

  /// Where it begins, for whoever opens the file; the end of a file has to be counted from its
  /// beginning.
  var start: Int64 { if case .from(let first, _) = form { first } else { 0 } }

  /// The bytes of a file of that length; nil when there are none.
  func range(of length: Int64) -> Range<Int64>? {
    switch form {
    case .from(let first, let last):
      guard first < length else { return nil }
      return first..<(min(length - 1, last ?? length - 1) + 1)
    case .last(let count):
      guard count > 0, length > 0 else { return nil }
      return max(0, length - count)..<length
    }
  }
}

import JSON

/// The beginning of a line that was too long to be kept: enough to answer whoever sent it.
enum LineHead {
  /// How much is kept, in bytes.
  static let length = 4_096

  /// The id of the request that begins so; nil when its method or its id do not stand here, before
  /// the member that made it long.
  static func requestID(_ bytes: [UInt8]) -> RequestID? {
    var at = skippingBlanks(bytes, 0)
    guard at < bytes.count, bytes[at] == UInt8(ascii: "{") else { return nil }
    var id: RequestID?
    var hasMethod = false
    repeat {
      guard let name = scalar(bytes, at + 1), let colon = name.next(bytes),
        bytes[colon] == UInt8(ascii: ":"), let value = scalar(bytes, colon + 1),
        let end = value.next(bytes)
      else { break }
      switch name.json {
      case "id": id = RequestID(value.json)
      case "method": hasMethod = value.json.string != nil
      default: break
      }
      at = end
    } while bytes[at] == UInt8(ascii: ",")
    return hasMethod ? id : nil
  }

  private struct Scalar {
    var json: JSONValue
    var end: Int

    /// Where the next thing stands.
    func next(_ bytes: [UInt8]) -> Int? {
      let at = skippingBlanks(bytes, end)
      return at < bytes.count ? at : nil
    }
  }

  /// A text, number or word that stands there as a whole; nil for objects, arrays and what is cut.
  private static func scalar(_ bytes: [UInt8], _ start: Int) -> Scalar? {
    let start = skippingBlanks(bytes, start)
    guard start < bytes.count else { return nil }
    var end = start + 1
    if bytes[start] == UInt8(ascii: "\"") {
      while end < bytes.count, bytes[end] != UInt8(ascii: "\"") {
        end += bytes[end] == UInt8(ascii: "\\") ? 2 : 1
      }
      end += 1
    } else {
      let marks: [UInt8] = [0x2c, 0x3a, 0x5b, 0x5d, 0x7b, 0x7d]  // , : [ ] { }
      while end < bytes.count, bytes[end] > 0x20, !marks.contains(bytes[end]) { end += 1 }
    }
    guard end < bytes.count, let json = try? JSONReader.value(of: Array(bytes[start..<end])) else {
      return nil
    }
    return Scalar(json: json, end: end)
  }

  private static func skippingBlanks(_ bytes: [UInt8], _ start: Int) -> Int {
    var at = start
    while at < bytes.count, [0x20, 0x09, 0x0d].contains(bytes[at]) { at += 1 }
    return at
  }
}

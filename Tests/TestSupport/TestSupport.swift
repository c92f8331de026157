package import Foundation

/// The root of the checkout, found from this file's own place.
package let checkout: URL = URL(fileURLWithPath: #filePath)
  .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

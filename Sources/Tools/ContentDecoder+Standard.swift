import Decompression
import Dissectors
package import Entries

extension ContentDecoder {
  /// Bodies without their content codings, and details as the dissectors make them.
  package static let standard = ContentDecoder(
    body: { ContentCoding.decode($0, list: $1).bytes },
    details: { DissectorCatalogue.details(of: $0) })
}

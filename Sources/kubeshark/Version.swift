import CVersion

/// The version of this program, and the commit it was built from where make built it.
enum Version {
  static let text = String(cString: kubeshark_version())
}

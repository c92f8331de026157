/// An address or name with a port, between which brackets stand where the address has colons itself
/// (RFC 3986 §3.2.2, RFC 5952 §6): `10.0.0.7:80`, `[fd00::7]:80`.
package func hostAndPort(_ host: String, _ port: some CustomStringConvertible) -> String {
  host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
}

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// `path` from the root: relative to the working directory, `~/` in the home directory.
func absolutePath(_ path: String) -> String {
  if path.hasPrefix("/") { return path }
  if path.hasPrefix("~/"), let home = getenv("HOME") {
    return String(cString: home) + path.dropFirst()
  }
  guard let here = getcwd(nil, 0) else { return path }
  defer { free(here) }
  var rest = path[...]
  while rest.hasPrefix("./") { rest.removeFirst(2) }
  return String(cString: here) + "/" + rest
}

/// Where this program is, or its bare name where the system does not tell.
func executablePath() -> String {
  #if os(Linux)
    if let path = realpath("/proc/self/exe", nil) {
      defer { free(path) }
      return String(cString: path)
    }
  #endif
  let name = CommandLine.arguments.first ?? "kubeshark"
  return name.contains("/") ? absolutePath(name) : name
}

/// The contents of a file, at most `limit` bytes of it.
func contents(of path: String, limit: Int) throws(Failure) -> [UInt8] {
  guard let file = fopen(path, "r") else {
    throw .usage("cannot open \(path): \(String(cString: strerror(errno)))")
  }
  defer { fclose(file) }
  var bytes: [UInt8] = []
  while bytes.count < limit {
    let want = min(1 << 20, limit - bytes.count)
    let piece = [UInt8](unsafeUninitializedCapacity: want) { buffer, count in
      count = fread(buffer.baseAddress, 1, want, file)
    }
    bytes += piece
    if piece.isEmpty { break }
  }
  guard ferror(file) == 0 else {
    throw .usage("cannot read \(path): \(String(cString: strerror(errno)))")
  }
  return bytes
}

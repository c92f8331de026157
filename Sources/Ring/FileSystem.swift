import Bytes

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Files and folders by the system's own calls, with their failures as `RingError`.
package enum FileSystem {
  /// Makes the folder and those above it.
  package static func makeFolder(_ path: String) throws(RingError) {
    var prefix = path.hasPrefix("/") ? "/" : ""
    for part in path.split(separator: "/") {
      prefix += part
      if mkdir(prefix, 0o700) != 0, errno != EEXIST {
        let number = errno
        // A folder above may not be writable and there all the same.
        guard isFolder(prefix) else { throw RingError("making the folder \(path)", errno: number) }
      }
      prefix += "/"
    }
    guard isFolder(path) else {
      throw RingError(
        .inputOutput, "making the folder \(path)", problem: "something else has that name",
        advice: "Name another folder")
    }
  }

  package static func isFolder(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  /// Names in the folder, sorted; none when it cannot be read.
  package static func names(in path: String) -> [String] {
    guard let folder = opendir(path) else { return [] }
    defer { closedir(folder) }
    var names: [String] = []
    while let entry = readdir(folder) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  package static func byteCount(of path: String) -> UInt64? {
    var status = stat()
    guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    return UInt64(max(0, status.st_size))
  }

  /// The bytes of a file of at most `limit`; nil when it cannot be read or is larger.
  package static func read(_ path: String, limit: Int = 1 << 30) -> [UInt8]? {
    guard let count = byteCount(of: path), count <= UInt64(limit) else { return nil }
    guard let file = OpenFile(path, O_RDONLY | O_CLOEXEC) else { return nil }
    return file.read(at: 0, count: Int(count))
  }

  /// Writes a file so that it is there whole or not at all.
  ///
  /// - Parameter durable: also after the machine lost its power; takes the disk's time.
  package static func write(
    _ bytes: [UInt8], to path: String, durable: Bool = false
  ) throws(RingError) {
    let temporary = path + ".new"
    guard let file = OpenFile(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC) else {
      throw RingError("writing \(path)", errno: errno)
    }
    guard file.write(bytes.rawSpan) == 0, !durable || fsync(file.descriptor) == 0,
      rename(temporary, path) == 0
    else {
      let number = errno
      unlink(temporary)
      throw RingError("writing \(path)", errno: number)
    }
  }

  package static func remove(_ path: String) { unlink(path) }

  /// Gives the file at `path` a second name; false where the file system cannot.
  package static func link(_ path: String, as name: String) -> Bool {
    #if canImport(Glibc)
      Glibc.link(path, name) == 0
    #elseif canImport(Musl)
      Musl.link(path, name) == 0
    #else
      Darwin.link(path, name) == 0
    #endif
  }

  /// What changes when a file is written to: its length, and the time of that in nanoseconds.
  package struct Stamp: Hashable, Sendable {
    package var bytes: UInt64
    package var changed: Int64

    package init(bytes: UInt64, changed: Int64) { (self.bytes, self.changed) = (bytes, changed) }
  }

  /// Nil for what is no regular file.
  package static func stamp(of path: String) -> Stamp? {
    var status = stat()
    guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    #if os(Linux)
      let time = status.st_mtim
    #else
      let time = status.st_mtimespec
    #endif
    return Stamp(
      bytes: UInt64(max(0, status.st_size)),
      changed: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
  }

  /// Makes `target` a file of its own that shares the disk blocks of `path` (FICLONE, ioctl_ficlone(2));
  /// false where the file system cannot.
  private static func clone(_ path: OpenFile, _ target: OpenFile) -> Bool {
    #if os(Linux)
      // _IOW(0x94, 9, int)
      return ioctl(target.descriptor, 0x4004_9409, path.descriptor) == 0
    #else
      return false
    #endif
  }

  /// Copies a file, without writing its bytes again where the file system can; what fails leaves none.
  package static func copy(_ path: String, to target: String) throws(RingError) {
    guard let source = OpenFile(path, O_RDONLY | O_CLOEXEC),
      let copy = OpenFile(target, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC)
    else { throw RingError("copying \(path)", errno: errno) }
    if clone(source, copy) { return }
    var offset: UInt64 = 0
    while true {
      guard let bytes = source.read(at: offset, count: 1 << 20) else {
        unlink(target)
        throw RingError("copying \(path)", errno: errno)
      }
      if bytes.isEmpty { return }
      let problem = copy.write(bytes.rawSpan)
      guard problem == 0 else {
        unlink(target)
        throw RingError("copying \(path)", errno: problem)
      }
      offset += UInt64(bytes.count)
    }
  }

  /// Removes a folder and the files and folders in it; links are not followed.
  package static func removeFolder(_ path: String) {
    for name in names(in: path) {
      let inner = path + "/" + name
      var status = stat()
      if lstat(inner, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
        removeFolder(inner)
      } else {
        unlink(inner)
      }
    }
    rmdir(path)
  }
}

/// An open file, closed when its last user goes.
package final class OpenFile: Sendable {
  package let descriptor: Int32

  /// Opens the file with `flags` of open(2); nil on failure, with `errno` set.
  package init?(_ path: String, _ flags: Int32) {
    var number: Int32
    repeat { number = open(path, flags, 0o600) } while number < 0 && errno == EINTR
    guard number >= 0 else { return nil }
    descriptor = number
  }

  // A lock is let go of first: a child process that has just been forked keeps a copy open until it
  // has its own program.
  deinit {
    flock(descriptor, LOCK_UN)
    close(descriptor)
  }

  /// Writes all `bytes`; gives 0, or the number of the error.
  package func write(_ bytes: RawSpan) -> Int32 {
    bytes.withUnsafeBytes { source in
      var done = 0
      while done < source.count {
        let rest = UnsafeRawBufferPointer(rebasing: source[done...])
        let count = systemWrite(descriptor, rest.baseAddress, rest.count)
        if count > 0 { done += count } else if count == 0 || errno != EINTR { return errno }
      }
      return 0
    }
  }

  /// `count` bytes from `offset`, or those up to the end; nil on failure.
  package func read(at offset: UInt64, count: Int) -> [UInt8]? {
    var failed = false
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { target, filled in
      while filled < count {
        let rest = UnsafeMutableBufferPointer(rebasing: target[filled...])
        let got = pread(descriptor, rest.baseAddress, rest.count, off_t(offset) + off_t(filled))
        if got > 0 {
          filled += got
        } else if got == 0 {
          return
        } else if errno != EINTR {
          failed = true
          return
        }
      }
    }
    return failed ? nil : bytes
  }

  /// Cuts the file to `count` bytes and writes on from there.
  package func truncate(to count: UInt64) {
    if ftruncate(descriptor, off_t(count)) == 0 { lseek(descriptor, off_t(count), SEEK_SET) }
  }

  /// Takes the file for this process alone, until it is closed; false when another has it.
  package func lock() -> Bool { flock(descriptor, LOCK_EX | LOCK_NB) == 0 }
}

private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
  #if canImport(Glibc)
    Glibc.write(descriptor, bytes, count)
  #elseif canImport(Musl)
    Musl.write(descriptor, bytes, count)
  #else
    Darwin.write(descriptor, bytes, count)
  #endif
}

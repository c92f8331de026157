#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Size and age of a file.
///
/// `FileManager` tells sizes as `NSNumber` where all of Foundation is loaded and as an integer where
/// it is not.
struct FileStatus {
  var bytes: Int64
  /// Seconds since it was written.
  var age: Double

  /// Nil for what is not there. Links are followed.
  init?(_ path: String) {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    #if canImport(Darwin)
      let modified = status.st_mtimespec
    #else
      let modified = status.st_mtim
    #endif
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    bytes = Int64(status.st_size)
    age = Double(now.tv_sec - modified.tv_sec) + Double(now.tv_nsec - modified.tv_nsec) / 1e9
  }
}

#if canImport(Glibc)
  private import Glibc
#elseif canImport(Musl)
  private import Musl
#elseif canImport(Darwin)
  private import Darwin
#endif

/// Why a file could not be mapped.
package enum FileError: Error, Sendable, Equatable, CustomStringConvertible {
  case cannotOpen(path: String, reason: String)
  case notRegular(path: String)
  case cannotMap(path: String, reason: String)

  package var description: String {
    switch self {
    case .cannotOpen(let path, let reason): "cannot open \(path): \(reason)"
    case .notRegular(let path): "\(path) is not a regular file"
    case .cannotMap(let path, let reason): "cannot map \(path) into memory: \(reason)"
    }
  }
}

/// A regular file, opened once and mapped read-only; the size is the one it had when opened.
///
/// Sharing between threads is safe: the mapping never moves and nothing writes to it. A file that another
/// process shortens afterwards makes reads beyond its new end fail with SIGBUS; `verifyUnchanged` sees the change.
@safe package final class MappedFile: @unchecked Sendable {
  package let path: String
  package let byteCount: Int
  private let base: UnsafeRawPointer
  private let descriptor: Int32
  private let modified: timespec

  /// Opens and maps `path`.
  ///
  /// Never blocks on a FIFO or device: those are refused.
  package init(path: String) throws(FileError) {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw .cannotOpen(path: path, reason: Self.lastError()) }
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else {
      let reason = Self.lastError()
      close(descriptor)
      throw .cannotOpen(path: path, reason: reason)
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      throw .notRegular(path: path)
    }
    byteCount = Int(status.st_size)
    modified = Self.modificationTime(status)
    self.path = path
    self.descriptor = descriptor
    if byteCount == 0 {
      unsafe base = UnsafeRawPointer(bitPattern: 4096)!
      return
    }
    let pointer = unsafe mmap(nil, byteCount, PROT_READ, MAP_SHARED, descriptor, 0)
    guard let pointer = unsafe pointer, unsafe pointer != MAP_FAILED else {
      let reason = Self.lastError()
      close(descriptor)
      throw .cannotMap(path: path, reason: reason)
    }
    unsafe base = UnsafeRawPointer(pointer)
  }

  deinit {
    if byteCount > 0 { unsafe munmap(UnsafeMutableRawPointer(mutating: base), byteCount) }
    close(descriptor)
  }

  /// All bytes of the file.
  package var bytes: RawSpan {
    @_lifetime(borrow self) get {
      let span = unsafe RawSpan(_unsafeStart: base, byteCount: byteCount)
      return unsafe _overrideLifetime(span, borrowing: self)
    }
  }

  /// The address of `offset`, for kernels; valid while this object lives.
  @unsafe package func pointer(at offset: Int) -> UnsafeRawPointer {
    precondition(offset >= 0 && offset <= byteCount, "offset beyond the file")
    return unsafe base + offset
  }

  /// Asks the operating system to read `range` ahead, without waiting.
  package func prefetch(_ range: Range<Int>) {
    let page = Int(sysconf(Int32(_SC_PAGESIZE)))
    let start = range.lowerBound / page * page
    guard start >= 0, range.upperBound <= byteCount, !range.isEmpty else { return }
    unsafe madvise(UnsafeMutableRawPointer(mutating: base + start), range.upperBound - start, MADV_WILLNEED)
  }

  /// False once the file has another size or modification time than when it was opened.
  package func verifyUnchanged() -> Bool {
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else { return false }
    let now = Self.modificationTime(status)
    return Int(status.st_size) == byteCount && now.tv_sec == modified.tv_sec && now.tv_nsec == modified.tv_nsec
  }

  private static func modificationTime(_ status: stat) -> timespec {
    #if canImport(Darwin)
      status.st_mtimespec
    #else
      status.st_mtim
    #endif
  }

  private static func lastError() -> String {
    unsafe String(cString: strerror(errno))
  }
}

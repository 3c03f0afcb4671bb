private import ApusSystem

/// Why a file could not be opened, mapped or read.
package enum FileError: Error, Sendable, Equatable, CustomStringConvertible {
  case cannotOpen(path: String, reason: String)
  case notRegular(path: String)
  case cannotMap(path: String, reason: String)
  case cannotRead(path: String, reason: String)

  package var path: String {
    switch self {
    case .cannotOpen(let path, _), .notRegular(let path), .cannotMap(let path, _), .cannotRead(let path, _): path
    }
  }

  /// What went wrong, without the path.
  package var reason: String {
    switch self {
    case .cannotOpen(_, let reason): "cannot be opened: \(reason)"
    case .notRegular: "is not a regular file"
    case .cannotMap(_, let reason): "cannot be mapped into memory: \(reason)"
    case .cannotRead(_, let reason): "cannot be read: \(reason)"
    }
  }

  package var description: String { "\(path) \(reason)" }
}

/// How the bytes of a file come into memory.
package enum FileReadMode: String, Sendable, CaseIterable {
  /// The file's own pages: nothing is copied, and processes share them. A file that is shortened later
  /// makes reads beyond its new end fail with SIGBUS.
  case mapped
  /// A private copy: costs the file's size in memory, and later changes of the file cannot be felt.
  case read
}

/// What the system says about a file without reading it.
package struct FileStamp: Sendable, Equatable {
  package let byteCount: Int
  /// When the file was last written, renamed or given other times or rights: no program can set this time.
  package let seconds: Int
  private let nanoseconds: Int

  /// Of a file that is only in memory and never changes.
  fileprivate init(byteCount: Int) {
    self.byteCount = byteCount
    seconds = 0
    nanoseconds = 0
  }

  /// Of the file that now has this path; nil where there is none.
  package init?(path: String) {
    var status = stat()
    guard unsafe stat(path, &status) == 0 else { return nil }
    self.init(status)
  }

  fileprivate init(_ status: stat) {
    #if canImport(Darwin)
      let time = status.st_ctimespec
    #else
      let time = status.st_ctim
    #endif
    byteCount = Int(status.st_size)
    seconds = Int(time.tv_sec)
    nanoseconds = Int(time.tv_nsec)
  }
}

/// A regular file, opened once and held read-only in memory; the size is the one it had when opened.
///
/// Sharing between threads is safe: the memory never moves and nothing writes to it after `init`.
/// A `FileWatch` sees when another process has changed the file.
@safe package final class MappedFile: @unchecked Sendable {
  package let path: String
  package let byteCount: Int
  package let mode: FileReadMode
  /// Nil for an empty file: zero bytes cannot be mapped.
  private let base: UnsafeRawPointer?
  private let descriptor: Int32
  /// The file as it was when it was opened.
  package let stamp: FileStamp

  /// Opens `path` and maps or reads it; never blocks on a FIFO or device, which are refused.
  package init(path: String, mode: FileReadMode = .mapped) throws(FileError) {
    guard !path.utf8.contains(0) else { throw .cannotOpen(path: path, reason: "its name contains a zero byte") }
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
    guard descriptor >= 0 else { throw .cannotOpen(path: path, reason: Self.lastError()) }
    do throws(FileError) {
      let status = try Self.regularFileStatus(descriptor, path)
      stamp = FileStamp(status)
      byteCount = stamp.byteCount
      unsafe base = try Self.memory(of: descriptor, path, byteCount, mode)
    } catch {
      close(descriptor)
      throw error
    }
    self.path = path
    self.mode = mode
    self.descriptor = descriptor
  }

  /// A file that is only in memory, under the name `path`: what was made and is read back.
  package init(bytes: [UInt8], path: String) throws(FileError) {
    self.path = path
    mode = .read
    byteCount = bytes.count
    stamp = FileStamp(byteCount: bytes.count)
    descriptor = -1
    unsafe base = try Self.copy(bytes, path)
  }

  deinit {
    if let base = unsafe base { unsafe munmap(UnsafeMutableRawPointer(mutating: base), byteCount) }
    if descriptor >= 0 { close(descriptor) }
  }

  /// All bytes of the file.
  package var bytes: RawSpan {
    @_lifetime(borrow self) get {
      let span = unsafe RawSpan(_unsafeStart: pointer(at: 0), byteCount: byteCount)
      return unsafe _overrideLifetime(span, borrowing: self)
    }
  }

  /// The address of `offset`, for kernels; valid while this object lives.
  @unsafe package func pointer(at offset: Int) -> UnsafeRawPointer {
    precondition(offset >= 0 && offset <= byteCount, "offset beyond the file")
    guard let base = unsafe base else { return unsafe Self.addressOfNothing }
    return unsafe base + offset
  }

  /// The file as it is now; nil where the system does not tell.
  package func currentStamp() -> FileStamp? {
    var status = stat()
    return unsafe fstat(descriptor, &status) == 0 ? FileStamp(status) : nil
  }
}

extension MappedFile {
  /// Where the zero bytes of an empty file are said to lie: aligned, and never read.
  private static var addressOfNothing: UnsafeRawPointer {
    unsafe UnsafeRawPointer(bitPattern: 4096).unsafelyUnwrapped
  }

  /// A copy of `bytes` in memory that is unmapped like a file; nil for none.
  private static func copy(_ bytes: [UInt8], _ path: String) throws(FileError) -> UnsafeRawPointer? {
    guard !bytes.isEmpty else { return nil }
    let pointer = unsafe mmap(nil, bytes.count, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let pointer = unsafe pointer, unsafe pointer != MAP_FAILED else {
      throw .cannotMap(path: path, reason: lastError())
    }
    unsafe bytes.withUnsafeBytes { bytes in
      unsafe UnsafeMutableRawBufferPointer(start: pointer, count: bytes.count).copyMemory(from: bytes)
    }
    return UnsafeRawPointer(pointer)
  }

  private static func regularFileStatus(_ descriptor: Int32, _ path: String) throws(FileError) -> stat {
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else { throw .cannotOpen(path: path, reason: lastError()) }
    guard status.st_mode & S_IFMT == S_IFREG else { throw .notRegular(path: path) }
    return status
  }

  /// The file's bytes in memory that `munmap` frees; nil for zero bytes.
  private static func memory(
    of descriptor: Int32, _ path: String, _ byteCount: Int, _ mode: FileReadMode
  ) throws(FileError) -> UnsafeRawPointer? {
    guard byteCount > 0 else { return nil }
    let pointer =
      switch mode {
      case .mapped: unsafe mmap(nil, byteCount, PROT_READ, MAP_SHARED, descriptor, 0)
      case .read: unsafe mmap(nil, byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
      }
    guard let pointer = unsafe pointer, unsafe pointer != MAP_FAILED else {
      throw .cannotMap(path: path, reason: lastError())
    }
    guard mode == .read else { return UnsafeRawPointer(pointer) }
    do throws(FileError) {
      try unsafe fill(pointer, byteCount, from: descriptor, path)
    } catch {
      unsafe munmap(pointer, byteCount)
      throw error
    }
    return UnsafeRawPointer(pointer)
  }

  private static func fill(
    _ memory: UnsafeMutableRawPointer, _ byteCount: Int, from descriptor: Int32, _ path: String
  ) throws(FileError) {
    var done = 0
    while done < byteCount {
      let count = unsafe pread(descriptor, memory + done, byteCount - done, off_t(done))
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw .cannotRead(path: path, reason: lastError()) }
      guard count > 0 else { throw .cannotRead(path: path, reason: "it became shorter while it was read") }
      done += count
    }
  }

  private static func lastError() -> String {
    unsafe String(cString: strerror(errno))
  }
}

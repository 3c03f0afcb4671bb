private import ApusSystem

/// Zeroed memory with one owner, aligned to pages; the operating system gives it page by page on first use.
///
/// Large buffers ask for huge pages, where Linux gives them on request: fewer misses of the address cache at depth.
// Sendable: one owner at a time, on whichever thread; it has its memory alone, as an array does.
@safe package struct AlignedBuffer: ~Copyable, @unchecked Sendable {
  /// The first byte; valid while this value lives.
  @unsafe package let pointer: UnsafeMutableRawPointer
  package let byteCount: Int
  /// Bytes from which a buffer asks for huge pages of (on most machines) 2 MiB.
  private static let hugePagesFrom = 4 << 20

  /// Takes `byteCount` bytes, or throws `outOfMemory` saying that they were for `what`.
  package init(byteCount: Int, for what: String) throws(BackendError) {
    let mapped = max(byteCount, 1)
    let address = unsafe mmap(nil, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let address = unsafe address, unsafe address != MAP_FAILED else {
      throw .outOfMemory(what: what, byteCount: byteCount)
    }
    #if os(Linux)
      // Without them it is slower, and still right.
      if mapped >= Self.hugePagesFrom { _ = unsafe madvise(address, mapped, MADV_HUGEPAGE) }
    #endif
    unsafe pointer = address
    self.byteCount = byteCount
  }

  deinit { unsafe munmap(pointer, max(byteCount, 1)) }
}

private import ApusSystem

/// Values whose last byte lies right before a page that nobody may touch: reading or writing past the end is fatal.
// Sendable: tests use one from one thread at a time.
@safe package final class GuardedBuffer<Element: BitwiseCopyable>: @unchecked Sendable {
  package let count: Int
  private let mapping: UnsafeMutableRawPointer
  private let mappedByteCount: Int
  /// The first value.
  @unsafe package let pointer: UnsafeMutablePointer<Element>

  /// Copies `values` to the end of the memory.
  package init(_ values: [Element]) {
    count = values.count
    let page = Int(sysconf(Int32(_SC_PAGESIZE)))
    let byteCount = values.count * MemoryLayout<Element>.stride
    let pages = (byteCount + page - 1) / page + 1
    mappedByteCount = pages * page
    unsafe mapping = mmap(nil, mappedByteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    unsafe mprotect(mapping + (pages - 1) * page, page, PROT_NONE)
    unsafe pointer = (mapping + (pages - 1) * page - byteCount).assumingMemoryBound(to: Element.self)
    set(values)
  }

  deinit { unsafe munmap(mapping, mappedByteCount) }

  /// The first of the last `count` values: what is right before the page that nobody may touch.
  @unsafe package func end(count: Int) -> UnsafeMutablePointer<Element> {
    precondition(count <= self.count, "more values than there are")
    return unsafe pointer + (self.count - count)
  }

  /// As many values as there are, instead of those before.
  package func set(_ values: [Element]) {
    precondition(values.count == count, "another number of values than there are")
    unsafe pointer.update(from: values, count: count)
  }

  /// The values now.
  package var values: [Element] { unsafe Array(UnsafeBufferPointer(start: pointer, count: count)) }
}

/// A list of byte strings in one flat buffer: no allocation per string, so that 150,000 token texts load quickly.
///
/// Bytes, not `String`: Swift compares strings by canonical equivalence, and two tokens may differ only in that.
package struct ByteStrings: Sendable {
  /// All strings, one after the other.
  package private(set) var bytes: [UInt8] = []
  /// Where each string starts, and after the last one where it ends.
  private var bounds: [Int] = [0]

  /// An empty list.
  package init() {}

  /// The list of the UTF-8 bytes of `strings`.
  package init(_ strings: some Sequence<String>) {
    for string in strings { append(string.utf8) }
  }

  /// How many strings there are.
  package var count: Int { bounds.count - 1 }

  /// Makes room for `count` more strings of `byteCount` bytes together.
  package mutating func reserve(count: Int, byteCount: Int) {
    bytes.reserveCapacity(bytes.count + byteCount)
    bounds.reserveCapacity(bounds.count + count)
  }

  /// Appends one string.
  package mutating func append(_ string: some Sequence<UInt8>) {
    bytes.append(contentsOf: string)
    bounds.append(bytes.count)
  }

  /// Appends one string.
  package mutating func append(_ string: Span<UInt8>) {
    unsafe string.withUnsafeBufferPointer { unsafe bytes.append(contentsOf: $0) }
    bounds.append(bytes.count)
  }

  /// Where string `index` lies in `bytes`.
  package func range(_ index: Int) -> Range<Int> { bounds[index]..<bounds[index + 1] }

  /// The bytes of string `index`.
  package subscript(index: Int) -> ArraySlice<UInt8> { bytes[range(index)] }

  /// The bytes of string `index`, in place.
  @_lifetime(borrow self)
  func span(_ index: Int) -> Span<UInt8> { bytes.span.extracting(range(index)) }

  /// Forgets all strings, but keeps the memory.
  mutating func removeAll() {
    bytes.removeAll(keepingCapacity: true)
    bounds.removeSubrange(1...)
  }
}

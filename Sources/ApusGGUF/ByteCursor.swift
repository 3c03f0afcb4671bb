internal import ApusCore

/// A position in a mapped file that only moves forward and never past the end.
struct ByteCursor {
  let file: MappedFile
  private(set) var offset = 0

  init(_ file: MappedFile) { self.file = file }

  var remaining: Int { file.byteCount - offset }

  /// The next little-endian integer.
  mutating func integer<T: FixedWidthInteger & BitwiseCopyable>(
    _ type: T.Type, of subject: @autoclosure () -> GGUFSubject
  ) throws(GGUFError) -> T {
    let size = MemoryLayout<T>.size
    guard remaining >= size else {
      throw truncated(subject(), expected: "\(size) bytes of an integer")
    }
    let value = unsafe file.bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: T.self)
    offset += size
    return T(littleEndian: value)
  }

  /// Moves over `count` elements of `size` bytes, and returns where they lie.
  mutating func take(
    _ count: UInt64, of size: Int = 1, _ subject: @autoclosure () -> GGUFSubject
  ) throws(GGUFError) -> Range<Int> {
    guard count <= UInt64(remaining / size) else {
      throw truncated(subject(), expected: size == 1 ? "\(count) bytes" : "\(count) elements of \(size) bytes")
    }
    let start = offset
    offset += Int(count) * size
    return start..<offset
  }

  /// Moves to `newOffset`, which a walk over the bytes ahead has reached.
  mutating func move(to newOffset: Int) {
    precondition(newOffset >= offset && newOffset <= file.byteCount, "a cursor stays within its file")
    offset = newOffset
  }

  func truncated(_ subject: GGUFSubject, expected: String) -> GGUFError {
    error(subject, .truncated, expected: expected, found: "the end of the file after \(remaining) bytes")
  }

  /// An error at `offset`, by default the cursor's.
  func error(
    _ subject: GGUFSubject, _ kind: GGUFError.Kind = .malformed, at offset: Int? = nil, expected: String,
    found: String
  ) -> GGUFError {
    GGUFError(kind, path: file.path, offset: offset ?? self.offset, subject, expected: expected, found: found)
  }
}

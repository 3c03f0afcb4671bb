internal import ApusCore

/// A metadata array that stays in the file.
///
/// Its bounds, and those of its strings, were checked when the file was opened.
package struct GGUFArray: Sendable {
  package let elementType: GGUFValueType
  package let count: Int
  let file: MappedFile
  /// The elements' bytes, after the element type and count.
  let range: Range<Int>
  /// For strings, where each element begins and the last one ends; empty for other types.
  let starts: [Int]

  /// The strings, if these are strings.
  package var strings: GGUFStringArray? {
    elementType == .string ? GGUFStringArray(file: file, starts: starts) : nil
  }

  /// All elements of a fixed-size type, decoded; `T` must have the size of the file's element type.
  func decoded<T: FixedWidthInteger & BitwiseCopyable>(as type: T.Type) -> [T] { decoded(as: type) { $0 } }

  /// The same, each element changed as it is read.
  private func decoded<T: FixedWidthInteger & BitwiseCopyable, U>(as type: T.Type, _ change: (T) -> U) -> [U] {
    precondition(elementType.byteCount == MemoryLayout<T>.size, "the element type fixes the size")
    var result: [U] = []
    result.reserveCapacity(count)
    let bytes = file.bytes
    for index in 0..<count {
      let offset = range.lowerBound + index * MemoryLayout<T>.size
      result.append(change(T(littleEndian: unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: T.self))))
    }
    return result
  }

  /// The elements of any integer type that fit an `Int`; nil for other types or where one does not fit.
  package var integers: [Int]? {
    switch elementType {
    case .uint8: decoded(as: UInt8.self, Int.init)
    case .int8: decoded(as: Int8.self, Int.init)
    case .uint16: decoded(as: UInt16.self, Int.init)
    case .int16: decoded(as: Int16.self, Int.init)
    case .uint32: exactly(decoded(as: UInt32.self))
    case .int32: exactly(decoded(as: Int32.self))
    case .uint64: exactly(decoded(as: UInt64.self))
    case .int64: exactly(decoded(as: Int64.self))
    case .float32, .float64, .bool, .string, .array: nil
    }
  }

  /// The lowest byte of each element of any integer type; nil for other types.
  package var lowBytes: [UInt8]? {
    switch elementType {
    case .uint8: decoded(as: UInt8.self)
    case .int8: decoded(as: Int8.self, UInt8.init(truncatingIfNeeded:))
    case .uint16: decoded(as: UInt16.self, UInt8.init(truncatingIfNeeded:))
    case .int16: decoded(as: Int16.self, UInt8.init(truncatingIfNeeded:))
    case .uint32: decoded(as: UInt32.self, UInt8.init(truncatingIfNeeded:))
    case .int32: decoded(as: Int32.self, UInt8.init(truncatingIfNeeded:))
    case .uint64: decoded(as: UInt64.self, UInt8.init(truncatingIfNeeded:))
    case .int64: decoded(as: Int64.self, UInt8.init(truncatingIfNeeded:))
    case .float32, .float64, .bool, .string, .array: nil
    }
  }

  /// The elements of an i32 array, or of a u32 array whose values all fit; nil otherwise.
  package var int32s: [Int32]? {
    switch elementType {
    case .int32: decoded(as: Int32.self)
    case .uint32: exactly(decoded(as: UInt32.self))
    default: nil
    }
  }

  /// The elements of an f32 array; nil for other types.
  package var floats: [Float]? {
    elementType == .float32 ? decoded(as: UInt32.self, Float.init(bitPattern:)) : nil
  }

  /// The elements of a bool array; nil for other types.
  package var bools: [Bool]? {
    elementType == .bool ? decoded(as: UInt8.self) { $0 != 0 } : nil
  }

  private func exactly<T: FixedWidthInteger, U: FixedWidthInteger>(_ values: [T]) -> [U]? {
    var result: [U] = []
    result.reserveCapacity(values.count)
    for value in values {
      guard let fitting = U(exactly: value) else { return nil }
      result.append(fitting)
    }
    return result
  }
}

/// The strings of a metadata array, such as a vocabulary's tokens: any element in constant time, no copies.
///
/// The bytes are not promised to be UTF-8.
package struct GGUFStringArray: Sendable {
  private let file: MappedFile
  private let starts: [Int]

  init(file: MappedFile, starts: [Int]) {
    self.file = file
    self.starts = starts
  }

  package var count: Int { starts.count - 1 }

  /// The elements' bytes altogether, without their lengths.
  package var byteCount: Int { starts[count] - starts[0] - count * Self.lengthByteCount }

  /// The bytes of one element, in place.
  @_lifetime(borrow self)
  package func span(at index: Int) -> Span<UInt8> {
    file.bytes(range(at: index), borrowing: self)
  }

  package func byteCount(at index: Int) -> Int { range(at: index).count }

  /// A copy of one element's bytes.
  package func bytes(at index: Int) -> [UInt8] { copy(span(at: index)) }

  /// One element as text, or nil where its bytes are not valid UTF-8.
  package func text(at index: Int) -> String? { String(validating: bytes(at: index), as: UTF8.self) }

  /// Calls `body` with every index and its bytes, in order.
  package func forEach<E: Error>(_ body: (Int, Span<UInt8>) throws(E) -> Void) throws(E) {
    for index in 0..<count { try body(index, span(at: index)) }
  }

  private func range(at index: Int) -> Range<Int> {
    starts[index] + Self.lengthByteCount..<starts[index + 1]
  }

  /// Each element is preceded by its length, a u64.
  private static let lengthByteCount = 8
}

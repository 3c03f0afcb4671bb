internal import ApusCore

/// A metadata value.
///
/// Scalars are held; strings and arrays stay in the file and are decoded when asked for.
package enum GGUFValue: Sendable {
  case uint8(UInt8), int8(Int8), uint16(UInt16), int16(Int16), uint32(UInt32), int32(Int32)
  case uint64(UInt64), int64(Int64), float32(Float), float64(Double), bool(Bool)
  case string(GGUFString)
  case array(GGUFArray)

  package var type: GGUFValueType {
    switch self {
    case .uint8: .uint8
    case .int8: .int8
    case .uint16: .uint16
    case .int16: .int16
    case .uint32: .uint32
    case .int32: .int32
    case .uint64: .uint64
    case .int64: .int64
    case .float32: .float32
    case .float64: .float64
    case .bool: .bool
    case .string: .string
    case .array: .array
    }
  }

  /// The value of any integer type, where it fits.
  package var integer: Int? {
    switch self {
    case .uint8(let value): Int(value)
    case .int8(let value): Int(value)
    case .uint16(let value): Int(value)
    case .int16(let value): Int(value)
    case .uint32(let value): Int(exactly: value)
    case .int32(let value): Int(exactly: value)
    case .uint64(let value): Int(exactly: value)
    case .int64(let value): Int(exactly: value)
    case .float32, .float64, .bool, .string, .array: nil
    }
  }

  /// The type as a person would name it, for example `array of string`.
  package var typeName: String {
    if case .array(let array) = self { return "array of \(array.elementType.name)" }
    return type.name
  }
}

/// A metadata string: bytes in the file, not promised to be UTF-8.
package struct GGUFString: Sendable {
  let file: MappedFile
  let range: Range<Int>

  package var byteCount: Int { range.count }

  /// The bytes, in place.
  package var span: Span<UInt8> {
    @_lifetime(borrow self) get { file.bytes(range, borrowing: self) }
  }

  /// A copy of the bytes.
  package var bytes: [UInt8] { copy(span) }

  /// The text, or nil where the bytes are not valid UTF-8.
  package var text: String? { String(validating: bytes, as: UTF8.self) }
}

extension MappedFile {
  /// Bytes in place, for a value that keeps this file alive.
  @_lifetime(borrow owner)
  func bytes<Owner>(_ range: Range<Int>, borrowing owner: borrowing Owner) -> Span<UInt8> {
    precondition(range.lowerBound >= 0 && range.upperBound <= byteCount, "bytes beyond the file")
    let start = unsafe pointer(at: range.lowerBound).assumingMemoryBound(to: UInt8.self)
    let span = unsafe Span<UInt8>(_unsafeStart: start, count: range.count)
    return unsafe _overrideLifetime(span, borrowing: owner)
  }
}

/// A copy of a span's bytes.
func copy(_ span: Span<UInt8>) -> [UInt8] {
  unsafe span.withUnsafeBufferPointer { unsafe [UInt8]($0) }
}

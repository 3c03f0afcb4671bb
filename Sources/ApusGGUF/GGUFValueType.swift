/// The thirteen types of a metadata value, by their id in the file (ggml `docs/gguf.md`).
package enum GGUFValueType: UInt32, Sendable, CaseIterable {
  case uint8 = 0
  case int8, uint16, int16, uint32, int32, float32, bool, string, array, uint64, int64, float64

  /// The short name that `inspect` and error messages use.
  package var name: String {
    switch self {
    case .uint8: "u8"
    case .int8: "i8"
    case .uint16: "u16"
    case .int16: "i16"
    case .uint32: "u32"
    case .int32: "i32"
    case .float32: "f32"
    case .bool: "bool"
    case .string: "string"
    case .array: "array"
    case .uint64: "u64"
    case .int64: "i64"
    case .float64: "f64"
    }
  }

  /// Bytes of a value; nil for strings and arrays, which say their own length.
  package var byteCount: Int? {
    switch self {
    case .uint8, .int8, .bool: 1
    case .uint16, .int16: 2
    case .uint32, .int32, .float32: 4
    case .uint64, .int64, .float64: 8
    case .string, .array: nil
    }
  }

  /// The fewest bytes that a value takes: what bounds an array's count before anything is allocated.
  var minimumByteCount: Int {
    switch self {
    case .string: 8
    case .array: 12
    default: byteCount ?? 8
    }
  }
}

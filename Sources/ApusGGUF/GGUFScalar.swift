internal import ApusCore

/// A Swift type that is written as one of GGUF's scalar types.
package protocol GGUFScalar: Sendable {
  static var ggufType: GGUFValueType { get }
  /// Appends the value as the file holds it: little-endian.
  func append(to bytes: inout [UInt8])
}

extension GGUFScalar where Self: FixedWidthInteger {
  package func append(to bytes: inout [UInt8]) { bytes.append(littleEndian: self) }
}

extension UInt8: GGUFScalar { package static var ggufType: GGUFValueType { .uint8 } }
extension Int8: GGUFScalar { package static var ggufType: GGUFValueType { .int8 } }
extension UInt16: GGUFScalar { package static var ggufType: GGUFValueType { .uint16 } }
extension Int16: GGUFScalar { package static var ggufType: GGUFValueType { .int16 } }
extension UInt32: GGUFScalar { package static var ggufType: GGUFValueType { .uint32 } }
extension Int32: GGUFScalar { package static var ggufType: GGUFValueType { .int32 } }
extension UInt64: GGUFScalar { package static var ggufType: GGUFValueType { .uint64 } }
extension Int64: GGUFScalar { package static var ggufType: GGUFValueType { .int64 } }

extension Float: GGUFScalar {
  package static var ggufType: GGUFValueType { .float32 }
  package func append(to bytes: inout [UInt8]) { bitPattern.append(to: &bytes) }
}

extension Double: GGUFScalar {
  package static var ggufType: GGUFValueType { .float64 }
  package func append(to bytes: inout [UInt8]) { bitPattern.append(to: &bytes) }
}

extension Bool: GGUFScalar {
  package static var ggufType: GGUFValueType { .bool }
  package func append(to bytes: inout [UInt8]) { bytes.append(self ? 1 : 0) }
}

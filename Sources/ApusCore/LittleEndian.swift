extension [UInt8] {
  /// Appends the bytes of a number, the lowest first.
  ///
  /// Inlined, as every token of a prompt may go through it.
  @inlinable package mutating func append(littleEndian value: some FixedWidthInteger) {
    for shift in stride(from: 0, to: value.bitWidth, by: 8) { append(UInt8(truncatingIfNeeded: value >> shift)) }
  }

  /// The bytes of a number, the lowest first.
  @inlinable package init(littleEndian value: some FixedWidthInteger) {
    self = []
    append(littleEndian: value)
  }
}

// Little-endian fields of a quant block, whatever this machine's byte order. Offsets are checked by the span.

extension RawSpan {
  /// The byte at `offset`.
  func uint8(at offset: Int) -> UInt8 {
    unsafe unsafeLoad(fromByteOffset: offset, as: UInt8.self)
  }

  /// The signed byte at `offset`.
  func int8(at offset: Int) -> Int8 {
    Int8(bitPattern: uint8(at: offset))
  }

  /// The 16-bit number at `offset`.
  func uint16(at offset: Int) -> UInt16 {
    unsafe UInt16(littleEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: UInt16.self))
  }

  /// The 32-bit number at `offset`.
  func uint32(at offset: Int) -> UInt32 {
    unsafe UInt32(littleEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self))
  }

  /// The F16 at `offset`, as a Float.
  func f16(at offset: Int) -> Float {
    Float(f16Bits: uint16(at: offset))
  }

  /// Four bits of the byte at `offset`: the low ones for `half` 0, the high ones for `half` 1.
  func nibble(at offset: Int, half: Int) -> UInt8 {
    uint8(at: offset) >> UInt8(4 * half) & 0xF
  }
}

extension MutableSpan<UInt8> {
  /// Writes the bits of a number from `offset` on, least significant byte first.
  mutating func store(_ number: some FixedWidthInteger, at offset: Int) {
    for i in 0..<number.bitWidth / 8 {
      self[offset + i] = UInt8(truncatingIfNeeded: number >> (8 * i))
    }
  }
}

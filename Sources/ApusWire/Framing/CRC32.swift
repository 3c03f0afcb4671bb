/// The checksum of Ethernet and zip files, computed over bytes as they come.
struct CRC32 {
  private static let table: [UInt32] = (0..<256).map { index in
    (0..<8).reduce(UInt32(index)) { value, _ in value & 1 == 0 ? value >> 1 : value >> 1 ^ 0xEDB8_8320 }
  }

  private var state: UInt32 = 0xFFFF_FFFF

  /// The checksum of `bytes`.
  static func of(_ bytes: [UInt8]) -> UInt32 {
    var checksum = CRC32()
    for byte in bytes { checksum.add(byte) }
    return checksum.state ^ 0xFFFF_FFFF
  }

  private mutating func add(_ byte: UInt8) {
    state = state >> 8 ^ Self.table[Int(UInt8(truncatingIfNeeded: state) ^ byte)]
  }
}

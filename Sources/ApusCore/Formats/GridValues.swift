// What the packed entries of the grids stand for, and the signs that IQ2 and IQ3 have beside them.

extension Grid {
  /// Element `i` of an entry of IQ1_S and IQ1_M: -1, 0 or 1.
  static func iq1Value(_ entry: UInt16, _ i: Int) -> Float { Float(entry >> UInt16(2 * i) & 3) - 1 }

  /// Element `i` of an entry of IQ2_XXS, IQ2_XS and IQ2_S, without its sign.
  static func iq2Value(_ entry: UInt16, _ i: Int) -> Float { iq2Levels[Int(entry >> UInt16(2 * i) & 3)] }

  /// Element `i` of an entry of IQ3_XXS, without its sign.
  static func iq3_xxsValue(_ entry: UInt16, _ i: Int) -> Float { iq3_xxsLevels[Int(entry >> UInt16(3 * i) & 7)] }

  /// Element `i` of an entry of IQ3_S, without its sign.
  static func iq3_sValue(_ entry: UInt16, _ i: Int) -> Float { Float(2 * (entry >> UInt16(3 * i) & 7) + 1) }

  /// No entry has the fourth level.
  private static let iq2Levels: [Float] = [8, 25, 43, 0]
  private static let iq3_xxsLevels: [Float] = [4, 12, 20, 28, 36, 44, 52, 62]
}

/// The signs of eight elements, a bit for each: set where an element is below zero.
struct Signs {
  private let bits: UInt8

  init(_ bits: UInt8) { self.bits = bits }

  /// Seven bits, from `shift` on; the eighth makes their number even.
  init(even word: UInt32, shift: Int) {
    let seven = UInt8(word >> UInt32(shift) & 127)
    bits = seven | UInt8(seven.nonzeroBitCount & 1) << 7
  }

  /// The factor of element `i`.
  subscript(i: Int) -> Float { bits >> UInt8(i) & 1 == 0 ? 1 : -1 }
}

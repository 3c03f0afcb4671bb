#if canImport(Glibc)
  private import Glibc
#elseif canImport(Musl)
  private import Musl
#elseif canImport(Darwin)
  private import Darwin
#endif

/// ALiBi's slopes (arXiv:2108.12409): for n heads, a power of two, `2^(-maximum · h / n)` from h = 1 on; for other
/// counts those of the next smaller power, and of twice that power every other one.
func alibiSlopes(heads: Int, maximum: Float) -> [Float] {
  let power = 1 << (Int.bitWidth - 1 - heads.leadingZeroBitCount)
  return (0..<heads).map { head in
    let exponent =
      head < power
      ? Double(head + 1) / Double(power) : Double(2 * (head - power) + 1) / Double(2 * power)
    return Float(exp2(-Double(maximum) * exponent))
  }
}

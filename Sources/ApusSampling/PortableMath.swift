/// Exponential and logarithm with the same bits on every machine.
///
/// Versions of the C library differ in the last bit of `exp` and `log`, and one bit can change which token a draw
/// picks. These use only IEEE 754 addition, subtraction, multiplication and division, which Swift neither reorders nor
/// fuses. Their error is below 1e-15, relative for `exp` and relative to max(1, |log x|) for `log`.
package enum PortableMath {
  /// The natural logarithm of 2.
  package static let ln2 = 0x1.62e42fefa39efp-1

  /// ln 2 in two parts, the first with so few bits that its product with an exponent is exact.
  private static let ln2High = 0x1.62e42feep-1
  private static let ln2Low = 0x1.a39ef35793c76p-33

  /// Adding 1.5 · 2⁵² leaves the nearest integer in the low bits of the sum.
  private static let rounder = 0x1.8p52

  /// e to the power `x`: 0 below −708 and for NaN, infinity above 709.
  ///
  /// x = n · ln 2 + r with |r| ≤ ln 2 / 2; Taylor series of degree 12 for eʳ; then n is put in the exponent.
  @inline(__always)
  package static func exp(_ x: Double) -> Double {
    guard x > -708 else { return 0 }
    guard x < 709 else { return .infinity }
    let shifted = x * 0x1.71547652b82fep0 + rounder
    let n = shifted - rounder
    let r = (x - n * ln2High) - n * ln2Low
    return series(r) * Double(bitPattern: (shifted.bitPattern &+ 1023) &<< 52)
  }

  /// The Taylor series of eʳ, evaluated in pairs so that the processor can work on several at once.
  @inline(__always)
  private static func series(_ r: Double) -> Double {
    let r2 = r * r
    let r4 = r2 * r2
    let low = (1 + r) + r2 * (0.5 + r * (1.0 / 6))
    let middle = (1.0 / 24 + r * (1.0 / 120)) + r2 * (1.0 / 720 + r * (1.0 / 5040))
    let high = (1.0 / 40320 + r * (1.0 / 362_880)) + r2 * (1.0 / 3_628_800 + r * (1.0 / 39_916_800))
    return low + r4 * (middle + r4 * (high + r4 * (1.0 / 479_001_600)))
  }

  /// The natural logarithm of `x`: −infinity at 0, NaN below.
  ///
  /// x = 2ᵉ · m with m in √½ ..< √2, and log m = 2 artanh((m − 1) / (m + 1)) as a series.
  package static func log(_ x: Double) -> Double {
    guard x > 0 else { return x == 0 ? -.infinity : .nan }
    guard x < .infinity else { return x }
    var exponent = Double(x.exponent)
    var mantissa = x.significand
    if mantissa > 0x1.6a09e667f3bcdp0 {
      mantissa *= 0.5
      exponent += 1
    }
    let s = (mantissa - 1) / (mantissa + 1)
    let s2 = s * s
    var sum = 0.0
    for denominator in stride(from: 23, through: 3, by: -2) { sum = (sum + 1 / Double(denominator)) * s2 }
    return exponent * ln2High + (exponent * ln2Low + 2 * (s + s * sum))
  }

  /// The logarithm of `x` to base 2.
  package static func log2(_ x: Double) -> Double {
    log(x) / ln2
  }

  /// `base` to the power `exponent`, for a base of at least 0; 0⁰ is 1.
  package static func pow(_ base: Double, _ exponent: Double) -> Double {
    guard exponent != 0 else { return 1 }
    guard base > 0 else { return exponent > 0 ? 0 : .infinity }
    return exp(exponent * log(base))
  }
}

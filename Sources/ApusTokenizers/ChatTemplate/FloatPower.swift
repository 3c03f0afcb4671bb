#if canImport(Darwin)
  internal import Darwin
#elseif canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// `base` to the power of `exponent`, as the C library computes it.
func raised(_ base: Double, to exponent: Double) -> Double { pow(base, exponent) }

private import ApusSystem

/// `base` to the power of `exponent`, as the C library computes it.
func raised(_ base: Double, to exponent: Double) -> Double { pow(base, exponent) }

/// The shortest text that reads back as `value`, laid out as Python's `repr(float)`.
///
/// Swift and Python find the same digits; Python turns to exponents below 1e-4 and from 1e16 on.
package func pythonDescription(of value: Double) -> String {
  if value.isNaN { return "nan" }
  if value.isInfinite { return value < 0 ? "-inf" : "inf" }
  let (digits, exponent) = shortestDigits(of: value.magnitude)
  let sign = value.sign == .minus ? "-" : ""
  guard exponent >= -4, exponent < 16 else {
    let fraction = digits.count > 1 ? "." + digits.dropFirst() : ""
    let magnitude = exponent.magnitude
    return sign + digits.prefix(1) + fraction + (exponent < 0 ? "e-" : "e+") + (magnitude < 10 ? "0" : "")
      + String(magnitude)
  }
  if exponent < 0 { return sign + "0." + String(repeating: "0", count: -exponent - 1) + digits }
  if digits.count <= exponent + 1 {
    return sign + digits + String(repeating: "0", count: exponent + 1 - digits.count) + ".0"
  }
  return sign + digits.prefix(exponent + 1) + "." + digits.dropFirst(exponent + 1)
}

/// The digits d₀d₁… and exponent e of the shortest d₀.d₁… · 10ᵉ that reads back as `value` ≥ 0.
private func shortestDigits(of value: Double) -> (digits: String, exponent: Int) {
  let parts = value.description.split(separator: "e")
  let mantissa = parts[0].split(separator: ".")
  let whole = mantissa[0]
  let fraction = mantissa.count > 1 ? mantissa[1] : ""
  var exponent = (parts.count > 1 ? Int(parts[1]) ?? 0 : 0) + whole.count - 1
  var digits = Substring(String(whole) + String(fraction))
  while digits.count > 1, digits.first == "0" {
    digits.removeFirst()
    exponent -= 1
  }
  while digits.count > 1, digits.last == "0" { digits.removeLast() }
  return (digits == "0" ? "0" : String(digits), digits == "0" ? 0 : exponent)
}

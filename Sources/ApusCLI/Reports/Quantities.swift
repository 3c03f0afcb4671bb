/// Bytes as a person reads them, in binary units.
package func readable(bytes: Int) -> String {
  let units = ["bytes", "KiB", "MiB", "GiB", "TiB", "PiB"]
  var value = Double(bytes)
  var unit = 0
  while value >= 1024, unit < units.count - 1 {
    value /= 1024
    unit += 1
  }
  return unit == 0 ? "\(bytes) bytes" : "\(oneDecimal(value)) \(units[unit])"
}

/// A count as a person reads it: 134.5 M.
package func readable(count: Int) -> String {
  let value = Double(count)
  if value >= 1e12 { return oneDecimal(value / 1e12) + " T" }
  if value >= 1e9 { return oneDecimal(value / 1e9) + " B" }
  if value >= 1e6 { return oneDecimal(value / 1e6) + " M" }
  if value >= 1e4 { return oneDecimal(value / 1e3) + " k" }
  return "\(count)"
}

/// A number of threads in words.
func readable(threads count: Int) -> String { count == 1 ? "1 thread" : "\(count) threads" }

/// The number with one digit behind the point; 0 where it is not finite.
package func oneDecimal(_ value: Double) -> String { fixed(value, 1) }

/// The number with `digits` digits behind the point; 0 where it is not finite or beyond 1e12.
package func fixed(_ value: Double, _ digits: Int) -> String {
  let unit = (0..<digits).reduce(1) { unit, _ in unit * 10 }
  let scaled = value.isFinite && abs(value) < 1e12 ? Int((abs(value) * Double(unit)).rounded()) : 0
  let sign = value < 0 && scaled > 0 ? "-" : ""
  guard digits > 0 else { return "\(sign)\(scaled)" }
  let fraction = String(scaled % unit)
  let zeros = String(repeating: "0", count: digits - fraction.count)
  return "\(sign)\(scaled / unit).\(zeros)\(fraction)"
}

/// Seconds as a number.
func seconds(_ duration: Duration) -> Double {
  Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
}

/// Bytes as a person reads them, in binary units.
func readable(bytes: Int) -> String {
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
func readable(count: Int) -> String {
  let value = Double(count)
  if value >= 1e12 { return oneDecimal(value / 1e12) + " T" }
  if value >= 1e9 { return oneDecimal(value / 1e9) + " B" }
  if value >= 1e6 { return oneDecimal(value / 1e6) + " M" }
  if value >= 1e4 { return oneDecimal(value / 1e3) + " k" }
  return "\(count)"
}

/// The number with one digit behind the point; 0 where it is not finite.
func oneDecimal(_ value: Double) -> String {
  guard value.isFinite, abs(value) < 1e15 else { return "0.0" }
  let tenths = Int((abs(value) * 10).rounded())
  return (value < 0 && tenths > 0 ? "-" : "") + "\(tenths / 10).\(tenths % 10)"
}

/// Seconds as a number.
func seconds(_ duration: Duration) -> Double {
  Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
}

internal import ArgumentParser

/// A number of bytes on the command line: `512M`, `2G`, `1.5GiB`, or without a unit.
struct ByteCount: ExpressibleByArgument, Equatable, CustomStringConvertible {
  let value: Int

  init(_ value: Int) { self.value = value }

  /// Nil where `argument` is no positive number of bytes.
  init?(argument: String) {
    let digits = argument.prefix { ("0"..."9").contains($0) || $0 == "." }
    guard let number = Double(digits), let unit = Self.units[argument.dropFirst(digits.count).lowercased()],
      let value = Int(exactly: (number * Double(unit)).rounded()), value > 0
    else { return nil }
    self.value = value
  }

  /// The same as an argument, in the largest unit that leaves no fraction.
  var description: String {
    let power = (1...4).last { value.isMultiple(of: 1 << (10 * $0)) } ?? 0
    return "\(value >> (10 * power))" + ["", "K", "M", "G", "T"][power]
  }

  /// Steps of 1024, as in what Apus prints.
  private static let units: [String: Int] = {
    var units = ["": 1, "b": 1]
    for (power, letter) in ["k", "m", "g", "t"].enumerated() {
      for end in ["", "b", "ib"] { units[letter + end] = 1 << (10 * (power + 1)) }
    }
    return units
  }()
}

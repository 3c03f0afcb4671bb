/// The local time that `strftime_now` tells; the caller reads the clock, this module never does.
package struct TemplateClock: Sendable, Equatable {
  package let year: Int
  /// From 1 to 12.
  package let month: Int
  /// From 1 to 31.
  package let day: Int
  package let hour: Int
  package let minute: Int
  package let second: Int

  /// Makes a time from its parts; nil where the date does not exist.
  package init?(year: Int, month: Int, day: Int, hour: Int = 0, minute: Int = 0, second: Int = 0) {
    guard (1...9999).contains(year), (1...12).contains(month), (0..<24).contains(hour), (0..<60).contains(minute),
      (0...60).contains(second), day >= 1, day <= Self.length(ofMonth: month, year: year)
    else { return nil }
    (self.year, self.month, self.day) = (year, month, day)
    (self.hour, self.minute, self.second) = (hour, minute, second)
  }

  /// Reads `2024-07-26T12:34:56`, or nil.
  package init?(iso8601 text: String) {
    let parts = text.split(whereSeparator: { "-T: ".contains($0) }).map { Int($0) }
    guard parts.count == 6, let year = parts[0], let month = parts[1], let day = parts[2], let hour = parts[3],
      let minute = parts[4], let second = parts[5]
    else { return nil }
    self.init(year: year, month: month, day: day, hour: hour, minute: minute, second: second)
  }

  private static func isLeap(_ year: Int) -> Bool { year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) }

  private static func length(ofMonth month: Int, year: Int) -> Int {
    month == 2 ? (isLeap(year) ? 29 : 28) : [4, 6, 9, 11].contains(month) ? 30 : 31
  }

  /// The day of the year, 1…366.
  private var dayOfYear: Int { (1..<month).reduce(day) { $0 + Self.length(ofMonth: $1, year: year) } }

  /// 0 for Sunday; the first day of year 1 of the Gregorian calendar was a Monday.
  private var weekday: Int {
    let years = year - 1
    return (years * 365 + years / 4 - years / 100 + years / 400 + dayOfYear) % 7
  }

  private static let weekdays = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]
  private static let months = [
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
  ]

  /// C's `strftime` in the C locale, with glibc's flags `-`, `_`, `0` and `^`; time zones are empty.
  package func formatted(_ format: String) throws(TemplateError) -> String {
    guard format.utf8.count <= 4096 else { throw .limit("a time format is longer than 4096 bytes") }
    var result = ""
    var scalars = format.unicodeScalars[...]
    while let scalar = scalars.popFirst() {
      guard scalar == "%" else {
        result.unicodeScalars.append(scalar)
        continue
      }
      var flag: Unicode.Scalar?
      if let next = scalars.first, "-_0^".unicodeScalars.contains(next) { flag = scalars.popFirst() }
      guard let code = scalars.popFirst() else {
        result += "%"
        break
      }
      if let field = field(code, flag) {
        result += flag == "^" ? field.uppercased() : field
      } else {
        result += "%" + (flag.map { String($0) } ?? "") + String(code)
      }
    }
    return result
  }

  private func field(_ code: Unicode.Scalar, _ flag: Unicode.Scalar?) -> String? {
    func number(_ value: Int, _ width: Int, _ standard: Unicode.Scalar = "0") -> String {
      let digits = String(value)
      let padding = flag == "_" ? " " : flag == "0" ? "0" : String(standard)
      return flag == "-" ? digits : String(repeating: padding, count: max(width - digits.utf8.count, 0)) + digits
    }
    let hour12 = hour % 12 == 0 ? 12 : hour % 12
    switch code {
    case "Y": return String(year)
    case "C": return number(year / 100, 2)
    case "y": return number(year % 100, 2)
    case "m": return number(month, 2)
    case "d": return number(day, 2)
    case "e": return number(day, 2, " ")
    case "B": return Self.months[month - 1]
    case "b", "h": return String(Self.months[month - 1].prefix(3))
    case "A": return Self.weekdays[weekday]
    case "a": return String(Self.weekdays[weekday].prefix(3))
    case "H": return number(hour, 2)
    case "k": return number(hour, 2, " ")
    case "I": return number(hour12, 2)
    case "l": return number(hour12, 2, " ")
    case "M": return number(minute, 2)
    case "S": return number(second, 2)
    case "f": return "000000"
    case "p": return hour < 12 ? "AM" : "PM"
    case "P": return hour < 12 ? "am" : "pm"
    case "j": return number(dayOfYear, 3)
    case "u": return String(weekday == 0 ? 7 : weekday)
    case "w": return String(weekday)
    case "U": return number((dayOfYear + 6 - weekday) / 7, 2)
    case "W": return number((dayOfYear + 6 - (weekday + 6) % 7) / 7, 2)
    case "n": return "\n"
    case "t": return "\t"
    case "%": return "%"
    case "Z", "z": return ""
    default: return compound(code)
    }
  }

  private func compound(_ code: Unicode.Scalar) -> String? {
    let pattern: String
    switch code {
    case "F": pattern = "%Y-%m-%d"
    case "T", "X": pattern = "%H:%M:%S"
    case "D", "x": pattern = "%m/%d/%y"
    case "R": pattern = "%H:%M"
    case "r": pattern = "%I:%M:%S %p"
    case "c": pattern = "%a %b %e %H:%M:%S %Y"
    default: return nil
    }
    return try? formatted(pattern)
  }
}

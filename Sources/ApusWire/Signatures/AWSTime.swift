/// A moment as AWS writes it: `20240102T030405Z`.
struct AWSTime: Sendable {
  /// Seconds since 1970 began.
  let seconds: Int
  /// The moment as text.
  let text: String
  /// The day as text: `20240102`.
  var day: String { String(text.prefix(8)) }

  /// Reads a moment; nil where the text is none.
  init?(_ text: String) {
    let bytes = Array(text.utf8)
    guard bytes.count == 16, bytes[8] == UInt8(ascii: "T"), bytes[15] == UInt8(ascii: "Z"),
      let year = Self.number(bytes[0..<4]), let month = Self.number(bytes[4..<6]), let day = Self.number(bytes[6..<8]),
      let hour = Self.number(bytes[9..<11]), let minute = Self.number(bytes[11..<13]),
      let second = Self.number(bytes[13..<15]), year >= 1970, (1...12).contains(month), hour < 24, minute < 60,
      second < 60, (1...Self.dayCount(ofMonth: month, in: year)).contains(day)
    else { return nil }
    self.text = text
    let days = Self.dayCount(before: year) + (1..<month).reduce(0) { $0 + Self.dayCount(ofMonth: $1, in: year) }
    seconds = (days + day - 1) * 86_400 + hour * 3_600 + minute * 60 + second
  }

  /// The moment of that second, from 1970 to 9999.
  init(seconds: Int) {
    let seconds = min(max(seconds, 0), 253_402_300_799)
    self.seconds = seconds
    var days = seconds / 86_400
    // A year has 365.2425 days; the guess is off by one at most.
    var year = 1970 + days * 10_000 / 3_652_425
    while Self.dayCount(before: year + 1) <= days { year += 1 }
    while Self.dayCount(before: year) > days { year -= 1 }
    days -= Self.dayCount(before: year)
    var month = 1
    while days >= Self.dayCount(ofMonth: month, in: year) {
      days -= Self.dayCount(ofMonth: month, in: year)
      month += 1
    }
    let time = seconds % 86_400
    text =
      Self.digits(year, 4) + Self.digits(month, 2) + Self.digits(days + 1, 2) + "T" + Self.digits(time / 3_600, 2)
      + Self.digits(time / 60 % 60, 2) + Self.digits(time % 60, 2) + "Z"
  }

  /// The number that decimal digits are; nil for other bytes.
  private static func number(_ bytes: ArraySlice<UInt8>) -> Int? {
    bytes.reduce(0) { value, byte in
      guard let value, byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
      return value * 10 + Int(byte - UInt8(ascii: "0"))
    }
  }

  private static func digits(_ value: Int, _ count: Int) -> String {
    let text = String(value)
    return String(repeating: "0", count: max(0, count - text.utf8.count)) + text
  }

  private static func isLeap(_ year: Int) -> Bool { year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) }

  private static func dayCount(ofMonth month: Int, in year: Int) -> Int {
    switch month {
    case 2: isLeap(year) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }

  /// Days from 1970 on before a year begins.
  private static func dayCount(before year: Int) -> Int {
    let years = year - 1
    return 365 * (year - 1970) + (years / 4 - years / 100 + years / 400) - 477
  }
}

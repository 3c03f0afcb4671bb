internal import Foundation

/// The seconds from 1970 to the beginning of a day, UTC, written as `2027-01-31`; nil for what is no day from 1970 on.
package func unixTime(ofDate text: String) -> Int? {
  let style = Date.ISO8601FormatStyle().year().month().day()
  // Foundation takes days that are none for others: what it writes must be what it has read.
  guard let date = try? style.parse(text), date.formatted(style) == text, date.timeIntervalSince1970 >= 0 else {
    return nil
  }
  return Int(date.timeIntervalSince1970)
}

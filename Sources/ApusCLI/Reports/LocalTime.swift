internal import ApusTokenizers

#if canImport(Glibc)
  private import Glibc
#elseif canImport(Musl)
  private import Musl
#elseif canImport(Darwin)
  private import Darwin
#endif

extension TemplateClock {
  /// The machine's local time; nil where it cannot be told.
  static var now: TemplateClock? {
    var seconds = time(nil)
    var parts = tm()
    guard unsafe localtime_r(&seconds, &parts) != nil else { return nil }
    return TemplateClock(
      year: Int(parts.tm_year) + 1900, month: Int(parts.tm_mon) + 1, day: Int(parts.tm_mday),
      hour: Int(parts.tm_hour), minute: Int(parts.tm_min), second: Int(parts.tm_sec))
  }
}

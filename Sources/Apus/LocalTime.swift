private import ApusSystem
package import ApusTemplates

/// The local time that chat templates ask for, from the system's clock.
@Sendable package func systemLocalTime() -> TemplateClock? {
  var seconds = time(nil)
  var parts = unsafe tm()
  guard unsafe localtime_r(&seconds, &parts) != nil else { return nil }
  return unsafe TemplateClock(
    year: Int(parts.tm_year) + 1900, month: Int(parts.tm_mon) + 1, day: Int(parts.tm_mday),
    hour: Int(parts.tm_hour), minute: Int(parts.tm_min), second: Int(parts.tm_sec))
}

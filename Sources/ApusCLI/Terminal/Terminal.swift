private import ApusSystem

#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#else
  internal import Foundation
#endif

/// What the program's three streams are connected to.
package enum Terminal {
  /// Whether a person types standard input.
  static var isInput: Bool { isatty(STDIN_FILENO) == 1 }
  /// Whether a person sees standard output.
  static var isOutput: Bool { isatty(STDOUT_FILENO) == 1 }
  /// Whether a person sees standard error.
  static var isError: Bool { isatty(STDERR_FILENO) == 1 }

  /// Whether the terminal moves its cursor when told to.
  static var canMoveCursor: Bool {
    guard let name = ProcessInfo.processInfo.environment["TERM"] else { return false }
    return !name.isEmpty && name != "dumb"
  }

  /// The width in columns; 80 where it cannot be told.
  static var columns: Int {
    var size = winsize()
    for descriptor in [STDOUT_FILENO, STDERR_FILENO, STDIN_FILENO] {
      if unsafe ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 { return Int(size.ws_col) }
    }
    return 80
  }

  /// `text` without the control characters that could change the terminal: a model may produce any.
  package static func harmless(_ text: String) -> String {
    let isControl = { (scalar: Unicode.Scalar) in
      (scalar.value < 0x20 && scalar != "\n" && scalar != "\t") || (0x7F...0x9F).contains(scalar.value)
    }
    guard text.unicodeScalars.contains(where: isControl) else { return text }
    var result = String.UnicodeScalarView()
    result.append(contentsOf: text.unicodeScalars.filter { !isControl($0) })
    return String(result)
  }
}

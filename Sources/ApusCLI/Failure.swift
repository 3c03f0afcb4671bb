/// Why a command failed: one sentence for a person that says what to do, and the exit code.
package struct Failure: Error, CustomStringConvertible {
  /// The exit code of a wrong command line: `EX_USAGE` of sysexits.h.
  static let usage: Int32 = 64
  /// The exit code after Ctrl-C, as shells have it.
  static let interrupted: Int32 = 130

  package let description: String
  let code: Int32

  /// A failure of what was asked for.
  init(_ description: String, code: Int32 = 1) {
    self.description = description
    self.code = code
  }
}

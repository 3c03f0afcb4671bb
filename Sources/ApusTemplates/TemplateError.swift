internal import ApusText

/// Why a chat template cannot be compiled or rendered.
package struct TemplateError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The ways in which a rendering ends without a text.
  package enum Kind: Sendable, Equatable {
    /// The text is not a template of the supported language.
    case syntax
    /// The text is a template of another language.
    case foreign
    /// An operation failed on the values it met: wrong types, an undefined value, a division by zero.
    case runtime
    /// The template itself refused the conversation by `raise_exception`.
    case raised
    /// A bound on steps, depth or size was reached.
    case limit
    /// The caller asked to stop.
    case stopped
  }

  /// Which way it failed.
  package let kind: Kind
  /// What happened; for `.raised` exactly the template's own text.
  package let message: String
  /// The line of the template, counted from 1, where known.
  package internal(set) var line: Int?

  init(_ kind: Kind, _ message: String, line: Int? = nil) {
    self.kind = kind
    self.message = message
    self.line = line
  }

  /// One sentence of at most 512 bytes.
  package var description: String {
    let place = line.map { " at line \($0)" } ?? ""
    let text =
      switch kind {
      case .syntax: "chat template: syntax error\(place): \(message)"
      case .foreign: "the chat template is \(message)"
      case .runtime: "chat template: error\(place): \(message)"
      case .raised: "the chat template refused the conversation: \(message)"
      case .limit: "chat template: limit exceeded\(place): \(message)"
      case .stopped: "chat template: \(message)\(place)"
      }
    return text.shortened(toByteCount: 512, mark: "...")
  }

  static func runtime(_ message: String) -> TemplateError { TemplateError(.runtime, message) }
  static func limit(_ message: String) -> TemplateError { TemplateError(.limit, message) }
}

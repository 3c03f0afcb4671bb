internal import ApusText

/// What a missing variable, attribute or element evaluates to: prints as nothing, fails when used otherwise.
final class TemplateUndefined {
  /// Where it came from; the message is only made when it is needed.
  enum Reason {
    case variable(String)
    case attribute(String, ofType: String)
    case parameter(String)
    case element(ofType: String)
    case unsafeAttribute(String, ofType: String)
    case hint(String)
  }

  private let reason: Reason

  init(_ reason: Reason) { self.reason = reason }

  /// Names come from the template; they are cut, since a template may have made them from a conversation.
  var message: String {
    switch reason {
    case .variable(let name): "'\(name.shortened(toByteCount: 64, mark: "..."))' is undefined"
    case .attribute(let name, let type): "'\(type)' has no attribute '\(name.shortened(toByteCount: 64, mark: "..."))'"
    case .parameter(let name): "parameter '\(name.shortened(toByteCount: 64, mark: "..."))' was not provided"
    case .element(let type): "\(type) has no such element"
    case .unsafeAttribute(let name, let type):
      "access to attribute '\(name.shortened(toByteCount: 64, mark: "..."))' of '\(type)' object is unsafe"
    case .hint(let text): text
    }
  }

  var error: TemplateError { .runtime(message) }
}

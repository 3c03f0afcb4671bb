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
    case .variable(let name): "'\(shortened(name, toByteCount: 64))' is undefined"
    case .attribute(let name, let type): "'\(type)' has no attribute '\(shortened(name, toByteCount: 64))'"
    case .parameter(let name): "parameter '\(shortened(name, toByteCount: 64))' was not provided"
    case .element(let type): "\(type) has no such element"
    case .unsafeAttribute(let name, let type):
      "access to attribute '\(shortened(name, toByteCount: 64))' of '\(type)' object is unsafe"
    case .hint(let text): text
    }
  }

  var error: TemplateError { .runtime(message) }
}

internal import ApusText

/// The evaluated arguments of a call.
struct TemplateArguments {
  var positional: [TemplateValue] = []
  var named: [(name: TemplateText, value: TemplateValue)] = []

  var isEmpty: Bool { positional.isEmpty && named.isEmpty }

  /// The arguments in the order of the parameters' names; nil for those not given.
  func bind(_ function: String, _ parameters: String...) throws(TemplateError) -> [TemplateValue?] {
    guard positional.count <= parameters.count else {
      throw .runtime("\(function)() takes at most \(parameters.count) arguments (\(positional.count) given)")
    }
    var bound = positional.map(Optional.some)
    bound += [TemplateValue?](repeating: nil, count: parameters.count - positional.count)
    for (name, value) in named {
      guard let index = parameters.firstIndex(where: { $0.utf8.elementsEqual(name.utf8) }) else {
        throw .runtime(
          "\(function)() got an unexpected keyword argument '\(name.string.shortened(toByteCount: 64, mark: "..."))'")
      }
      guard bound[index] == nil else { throw .runtime("\(function)() got multiple values for '\(parameters[index])'") }
      bound[index] = value
    }
    return bound
  }

  /// The only argument that a test or method takes.
  func only(_ function: String) throws(TemplateError) -> TemplateValue {
    guard positional.count == 1, named.isEmpty else { throw .runtime("\(function)() takes exactly one argument") }
    return positional[0]
  }

  /// Fails where anything was given.
  func none(_ function: String) throws(TemplateError) {
    guard isEmpty else { throw .runtime("\(function)() takes no arguments") }
  }
}

extension TemplateValue {
  /// The whole number that an argument must be.
  func requireIndex(_ what: String) throws(TemplateError) -> Int {
    guard let index else { throw mismatch(what, "an integer") }
    return index
  }

  /// The text that an argument must be.
  func requireText(_ what: String) throws(TemplateError) -> TemplateText {
    guard case .text(let text) = self else { throw mismatch(what, "a string") }
    return text
  }

  private func mismatch(_ what: String, _ expected: String) -> TemplateError {
    if case .undefined(let undefined) = self { return undefined.error }
    return .runtime("\(what) must be \(expected), not '\(typeName)'")
  }
}

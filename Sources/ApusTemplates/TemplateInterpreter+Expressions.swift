internal import ApusText

extension TemplateInterpreter {
  /// Evaluates an expression.
  ///
  /// Every recursion over expressions goes through here.
  func evaluate(_ expression: TemplateExpression) throws(TemplateError) -> TemplateValue {
    try spend(1)
    switch expression {
    case .literal(let literal): return literal.value
    case .name(let name): return try lookUp(name)
    case .postfix:
      try descend()
      let value = try evaluatePostfix(expression)
      ascend()
      return value
    default:
      try descend()
      let value = try evaluateNested(expression)
      ascend()
      return value
    }
  }

  /// The way of most recursions, apart from the other cases: a function takes the stack of all its cases.
  @inline(never)
  private func evaluatePostfix(_ expression: TemplateExpression) throws(TemplateError) -> TemplateValue {
    guard case .postfix(let base, let links) = expression else { return .none }
    if let result = try changeList(base, links) { return result }
    return try apply(links, to: try evaluate(base))
  }

  @inline(never)
  private func evaluateNested(_ expression: TemplateExpression) throws(TemplateError) -> TemplateValue {
    switch expression {
    case .arithmetic(let first, let rest): return try chain(first, rest)
    case .comparison(let first, let rest): return try comparison(first, rest)
    case .and(let parts): return try firstDeciding(parts, false)
    case .or(let parts): return try firstDeciding(parts, true)
    case .not(let part, let isDouble): return .bool(try evaluate(part).isTrue == isDouble)
    case .concatenation(let parts): return try concatenation(parts)
    case .conditional(let test, let then, let otherwise):
      if try evaluate(test).isTrue { return try evaluate(then) }
      if let otherwise { return try evaluate(otherwise) }
      return .undefined(.hint("the inline if-expression evaluated to false and no else section was defined"))
    case .signed(let part, let isNegative): return try signed(try evaluate(part), isNegative: isNegative)
    case .list(let parts): return try .list(try evaluate(parts))
    case .tuple(let parts): return try .tuple(try evaluate(parts))
    case .dictionary(let members): return try dictionary(members)
    case .literal, .name, .postfix: return .none
    }
  }

  private func evaluate(_ parts: [TemplateExpression]) throws(TemplateError) -> [TemplateValue] {
    var values: [TemplateValue] = []
    values.reserveCapacity(parts.count)
    for part in parts { values.append(try evaluate(part)) }
    return values
  }

  private func chain(
    _ first: TemplateExpression,
    _ rest: [(operation: TemplateExpression.Arithmetic, operand: TemplateExpression)]
  ) throws(TemplateError) -> TemplateValue {
    var value = try evaluate(first)
    for (operation, operand) in rest { value = try arithmetic(value, operation, try evaluate(operand)) }
    return value
  }

  private func comparison(
    _ first: TemplateExpression,
    _ rest: [(comparison: TemplateExpression.Comparison, operand: TemplateExpression)]
  ) throws(TemplateError) -> TemplateValue {
    var left = try evaluate(first)
    for (comparison, operand) in rest {
      let right = try evaluate(operand)
      if try !compare(left, comparison, right) { return .bool(false) }
      left = right
    }
    return .bool(true)
  }

  /// The value of `and` or `or`: the first one that settles it, or the last.
  private func firstDeciding(_ parts: [TemplateExpression], _ decision: Bool) throws(TemplateError) -> TemplateValue {
    var value = TemplateValue.none
    for part in parts {
      value = try evaluate(part)
      if value.isTrue == decision { return value }
    }
    return value
  }

  private func concatenation(_ parts: [TemplateExpression]) throws(TemplateError) -> TemplateValue {
    var printer = TemplatePrinter(self)
    for part in parts {
      let value = try evaluate(part)
      try spend(value.textByteCount / Self.copiedBytesPerUnit)
      try printer.str(value)
    }
    try spend(printer.text.origin.changeCount)
    return .text(printer.text)
  }

  private func signed(_ value: TemplateValue, isNegative: Bool) throws(TemplateError) -> TemplateValue {
    if let whole = value.index {
      return isNegative ? try checked((0).subtractingReportingOverflow(whole)) : .int(whole)
    }
    if case .double(let number) = value { return .double(isNegative ? -number : number) }
    if case .undefined(let undefined) = value { throw undefined.error }
    throw .runtime("bad operand type for unary \(isNegative ? "-" : "+"): '\(value.typeName)'")
  }

  private func dictionary(
    _ members: [(key: TemplateExpression, value: TemplateExpression)]
  ) throws(TemplateError) -> TemplateValue {
    var result = TemplateMembers()
    for (key, value) in members { try set(try evaluate(key), try evaluate(value), in: &result) }
    return .dictionary(try TemplateDictionary(result))
  }

  // MARK: Chains

  /// Applies subscripts, calls, filters and tests in order.
  func apply(_ links: [TemplatePostfix], to base: TemplateValue) throws(TemplateError) -> TemplateValue {
    var value = base
    for link in links {
      try spend(1)
      switch link {
      case .attribute(let name): value = try attribute(name, of: value)
      case .item(let index): value = try item(index, of: value)
      default: value = try applyCall(link, to: value)
      }
    }
    return value
  }

  @inline(never)
  private func applyCall(_ link: TemplatePostfix, to value: TemplateValue) throws(TemplateError) -> TemplateValue {
    switch link {
    case .call(let call):
      // Arguments that are calls themselves nest here, and a macro's body in the call.
      try descend()
      let result = try self.call(value, try evaluate(call))
      ascend()
      return result
    case .filter(let filter):
      let arguments = try evaluate(filter.arguments)
      guard let function = filter.function else {
        throw .runtime("No filter named '\(filter.name.shortened(toByteCount: 64, mark: "..."))'.")
      }
      return try function(self, value, arguments)
    case .test(let test, let isNegated):
      let arguments = try evaluate(test.arguments)
      guard let function = test.function else {
        throw .runtime("No test named '\(test.name.shortened(toByteCount: 64, mark: "..."))'.")
      }
      return .bool(try function(self, value, arguments) != isNegated)
    case .slice(let start, let stop, let step):
      return try slice(value, try bound(start), try bound(stop), try bound(step))
    case .attribute, .item: return value
    }
  }

  private func item(_ index: TemplateExpression, of value: TemplateValue) throws(TemplateError) -> TemplateValue {
    let isLiteral = if case .literal = index { true } else { false }
    return try item(try evaluate(index), of: value, isLiteral: isLiteral)
  }

  private func bound(_ expression: TemplateExpression?) throws(TemplateError) -> TemplateValue {
    guard let expression else { return .none }
    return try evaluate(expression)
  }

  /// Evaluates the arguments of a call.
  func evaluate(_ call: TemplateCall) throws(TemplateError) -> TemplateArguments {
    var arguments = TemplateArguments()
    if call.isEmpty { return arguments }
    arguments.positional = try evaluate(call.positional)
    for (name, value) in call.named { arguments.named.append((try copied(name), try evaluate(value))) }
    if let spread = call.spread {
      let values = try items(of: try evaluate(spread), for: "argument after * must be an iterable, not")
      try spend(values.count)
      arguments.positional += values
    }
    if let spread = call.namedSpread {
      guard case .dictionary(let dictionary) = try evaluate(spread) else {
        throw .runtime("argument after ** must be a mapping")
      }
      try spend(dictionary.count * 4)
      for (key, value) in zip(dictionary.keys, dictionary.values) {
        guard case .text(let name) = key else { throw .runtime("keywords must be strings") }
        arguments.named.append((name, value))
      }
    }
    return arguments
  }
}

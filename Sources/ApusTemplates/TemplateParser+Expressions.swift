extension TemplateParser {
  /// Reads an expression, or several with commas between them as a tuple.
  mutating func tuple(
    allowsConditional: Bool = true, ends: String? = nil, allowsEmpty: Bool = false
  ) throws(TemplateError) -> TemplateExpression {
    var parts: [TemplateExpression] = []
    var isTuple = false
    while !isAtTupleEnd(ends) {
      parts.append(try expression(allowsConditional: allowsConditional))
      guard skip(.comma) else { break }
      isTuple = true
    }
    if !isTuple {
      if let only = parts.first { return only }
      guard allowsEmpty else { throw error("Expected an expression, got '\(current.description)'") }
    }
    return .tuple(parts)
  }

  func isAtTupleEnd(_ word: String?) -> Bool {
    switch current.kind {
    case .variableEnd, .blockEnd, .sign(.rightParenthesis): true
    default: word.map { isAt(word: $0) } ?? false
    }
  }

  /// Reads an expression; `a if b else c` only where allowed.
  mutating func expression(allowsConditional: Bool = true) throws(TemplateError) -> TemplateExpression {
    try enter()
    var result = try operators()
    // "a if b if c" wraps twice; more would nest without the depth being counted.
    for _ in 0..<2 where allowsConditional && skip(word: "if") {
      let test = try operators()
      let otherwise = skip(word: "else") ? try expression() : nil
      result = .conditional(test: test, then: result, otherwise: otherwise)
    }
    leave()
    return result
  }

  // MARK: Operators

  /// Precedences, the loosest first; `not` stands between `and` and the comparisons.
  private enum Precedence: Int {
    case or, and, not, comparison, sum, concatenation, product, power
  }

  private enum Operation {
    case or, and, not, concatenation
    case comparison(TemplateExpression.Comparison)
    case arithmetic(TemplateExpression.Arithmetic)

    var precedence: Precedence {
      switch self {
      case .or: .or
      case .and: .and
      case .not: .not
      case .comparison: .comparison
      case .concatenation: .concatenation
      case .arithmetic(.add), .arithmetic(.subtract): .sum
      case .arithmetic(.power): .power
      case .arithmetic: .product
      }
    }
  }

  /// Reads operands and operators with two stacks instead of a recursion per precedence.
  private mutating func operators() throws(TemplateError) -> TemplateExpression {
    var operands: [TemplateExpression] = []
    var operations: [Operation] = []
    while true {
      while isAt(word: "not") {
        // A tighter operator cannot be followed by "not".
        if let last = operations.last, last.precedence.rawValue > Precedence.not.rawValue { break }
        advance()
        operations.append(.not)
      }
      operands.append(try unary())
      guard let operation = operation() else { break }
      reduce(&operands, &operations, above: operation.precedence)
      operations.append(operation)
    }
    reduce(&operands, &operations, above: nil)
    return operands[0]
  }

  /// Takes the binary operator that stands here, if one does.
  private mutating func operation() -> Operation? {
    let operation: Operation
    switch current.kind {
    case .name("or"): operation = .or
    case .name("and"): operation = .and
    case .name("in"): operation = .comparison(.contained)
    case .name("not") where next.kind == .name("in"):
      advance()
      operation = .comparison(.notContained)
    case .sign(let sign):
      guard let found = Self.operation(sign) else { return nil }
      operation = found
    default: return nil
    }
    advance()
    return operation
  }

  private static func operation(_ sign: TemplateToken.Sign) -> Operation? {
    switch sign {
    case .equal: .comparison(.equal)
    case .notEqual: .comparison(.notEqual)
    case .less: .comparison(.less)
    case .lessOrEqual: .comparison(.lessOrEqual)
    case .greater: .comparison(.greater)
    case .greaterOrEqual: .comparison(.greaterOrEqual)
    case .plus: .arithmetic(.add)
    case .minus: .arithmetic(.subtract)
    case .multiply: .arithmetic(.multiply)
    case .divide: .arithmetic(.divide)
    case .floorDivide: .arithmetic(.floorDivide)
    case .remainder: .arithmetic(.remainder)
    case .power: .arithmetic(.power)
    case .tilde: .concatenation
    default: nil
    }
  }

  /// Builds expressions from the operators on the stack that bind tighter than `precedence`, or from all.
  private func reduce(
    _ operands: inout [TemplateExpression], _ operations: inout [Operation], above precedence: Precedence?
  ) {
    while let level = operations.last?.precedence, level.rawValue > precedence?.rawValue ?? -1 {
      // Everything of the same precedence on top of the stack makes one flat chain.
      let start = (operations.lastIndex { $0.precedence != level } ?? -1) + 1
      let chain = Array(operations[start...])
      operations.removeSubrange(start...)
      let operandCount = level == .not ? 1 : chain.count + 1
      let parts = Array(operands.suffix(operandCount))
      operands.removeLast(operandCount)
      operands.append(Self.chain(parts, chain))
    }
  }

  private static func chain(_ parts: [TemplateExpression], _ operations: [Operation]) -> TemplateExpression {
    switch operations[0] {
    case .or: return .or(parts)
    case .and: return .and(parts)
    case .not: return .not(parts[0], isDouble: operations.count % 2 == 0)
    case .concatenation: return .concatenation(parts)
    case .comparison:
      return .comparison(
        parts[0],
        zip(operations, parts.dropFirst()).compactMap { operation, operand in
          if case .comparison(let comparison) = operation { (comparison, operand) } else { nil }
        })
    case .arithmetic:
      return .arithmetic(
        parts[0],
        zip(operations, parts.dropFirst()).compactMap { operation, operand in
          if case .arithmetic(let arithmetic) = operation { (arithmetic, operand) } else { nil }
        })
    }
  }

  // MARK: Operands

  /// Reads a signed operand with its subscripts, calls, filters and tests.
  private mutating func unary() throws(TemplateError) -> TemplateExpression {
    var isSigned = false
    var isNegative = false
    while isAt(.minus) || isAt(.plus) {
      isSigned = true
      if isAt(.minus) { isNegative.toggle() }
      advance()
    }
    var result = try primary()
    var links: [TemplatePostfix] = []
    try subscripts(into: &links)
    if isSigned {
      // A sign binds tighter than filters and tests, looser than subscripts and calls.
      result = .signed(links.isEmpty ? result : .postfix(result, links), isNegative: isNegative)
      links = []
    }
    try filtersAndTests(into: &links)
    return links.isEmpty ? result : .postfix(result, links)
  }

  private mutating func primary() throws(TemplateError) -> TemplateExpression {
    let token = current
    switch token.kind {
    case .name(let name):
      advance()
      return named(name)
    case .text(var text):
      advance()
      while case .text(let more) = current.kind {
        text = text + more
        advance()
      }
      return .literal(.text(text))
    case .int(let value):
      advance()
      return .literal(.int(value))
    case .double(let value):
      advance()
      return .literal(.double(value))
    case .sign(.leftParenthesis):
      advance()
      let result = try tuple(allowsEmpty: true)
      try expect(.rightParenthesis)
      return result
    case .sign(.leftBracket): return try list()
    case .sign(.leftBrace): return try dictionary()
    default: throw error("unexpected '\(token.description)'")
    }
  }

  private mutating func named(_ name: String) -> TemplateExpression {
    switch name {
    case "true", "True": return .literal(.bool(true))
    case "false", "False": return .literal(.bool(false))
    case "none", "None": return .literal(.none)
    default:
      let variable = variable(name)
      specials.note(variable)
      return .name(variable)
    }
  }

  private mutating func list() throws(TemplateError) -> TemplateExpression {
    try expect(.leftBracket)
    var items: [TemplateExpression] = []
    while !isAt(.rightBracket) {
      if !items.isEmpty { try expect(.comma) }
      if isAt(.rightBracket) { break }
      items.append(try expression())
    }
    advance()
    return .list(items)
  }

  private mutating func dictionary() throws(TemplateError) -> TemplateExpression {
    try expect(.leftBrace)
    var members: [(key: TemplateExpression, value: TemplateExpression)] = []
    while !isAt(.rightBrace) {
      if !members.isEmpty { try expect(.comma) }
      if isAt(.rightBrace) { break }
      let key = try expression()
      try expect(.colon)
      members.append((key, try expression()))
    }
    advance()
    return .dictionary(members)
  }

  // MARK: What follows an operand

  private mutating func subscripts(into links: inout [TemplatePostfix]) throws(TemplateError) {
    while true {
      if skip(.dot) {
        links.append(try attribute())
      } else if skip(.leftBracket) {
        links.append(try subscription())
      } else if isAt(.leftParenthesis) {
        links.append(.call(try call()))
      } else {
        return
      }
    }
  }

  private mutating func attribute() throws(TemplateError) -> TemplatePostfix {
    switch current.kind {
    case .name(let name):
      advance()
      return .attribute(name)
    case .int(let index):
      advance()
      return .item(.literal(.int(index)))
    default: throw error("expected name or number")
    }
  }

  /// Reads what stands in brackets: an index, a slice, or a tuple of such.
  private mutating func subscription() throws(TemplateError) -> TemplatePostfix {
    var parts: [TemplateExpression] = []
    while !isAt(.rightBracket) {
      if !parts.isEmpty { try expect(.comma) }
      var start: TemplateExpression?
      if !isAt(.colon) { start = try expression() }
      guard isAt(.colon) else {
        if let start { parts.append(start) }
        continue
      }
      guard parts.isEmpty else { throw error("a slice cannot be part of a tuple") }
      let slice = try slice(start: start)
      try expect(.rightBracket)
      return slice
    }
    advance()
    return .item(parts.count == 1 ? parts[0] : .tuple(parts))
  }

  private mutating func slice(start: TemplateExpression?) throws(TemplateError) -> TemplatePostfix {
    try expect(.colon)
    let stop = isAt(.colon) || isAt(.rightBracket) ? nil : try expression()
    var step: TemplateExpression?
    if skip(.colon), !isAt(.rightBracket) { step = try expression() }
    return .slice(start: start, stop: stop, step: step)
  }

  private mutating func filtersAndTests(into links: inout [TemplatePostfix]) throws(TemplateError) {
    while true {
      if skip(.pipe) {
        links.append(try filter())
      } else if skip(word: "is") {
        links.append(try test())
      } else if isAt(.leftParenthesis) {
        links.append(.call(try call()))
      } else {
        return
      }
    }
  }

  /// Reads the filters of a block statement, each after its bar.
  mutating func filters() throws(TemplateError) -> [TemplatePostfix] {
    var filters: [TemplatePostfix] = []
    while skip(.pipe) { filters.append(try filter()) }
    return filters
  }

  private mutating func dottedName() throws(TemplateError) -> String {
    var name = try expectName()
    while skip(.dot) { name += "." + (try expectName()) }
    return name
  }

  /// Reads a filter's name and arguments.
  mutating func filter() throws(TemplateError) -> TemplatePostfix {
    let name = try dottedName()
    let arguments = isAt(.leftParenthesis) ? try call() : TemplateCall()
    return .filter(TemplateFilterCall(name: name, function: TemplateFilters.table[name], arguments: arguments))
  }

  private mutating func test() throws(TemplateError) -> TemplatePostfix {
    let isNegated = skip(word: "not")
    let name = try dottedName()
    var arguments = TemplateCall()
    if isAt(.leftParenthesis) {
      arguments = try call()
    } else if try isAtTestArgument() {
      try enter()
      let base = try primary()
      var links: [TemplatePostfix] = []
      try subscripts(into: &links)
      arguments.positional = [links.isEmpty ? base : .postfix(base, links)]
      leave()
    }
    let call = TemplateTestCall(name: name, function: TemplateTests.table[name], arguments: arguments)
    return .test(call, isNegated: isNegated)
  }

  /// Whether an argument without parentheses follows a test's name.
  private func isAtTestArgument() throws(TemplateError) -> Bool {
    switch current.kind {
    case .name("is"): throw error("You cannot chain multiple tests with is")
    case .name("else"), .name("or"), .name("and"): return false
    case .name, .text, .int, .double, .sign(.leftBracket), .sign(.leftBrace): return true
    default: return false
    }
  }

  // MARK: Calls

  private mutating func call() throws(TemplateError) -> TemplateCall {
    try expect(.leftParenthesis)
    var call = TemplateCall()
    var isFirst = true
    while !isAt(.rightParenthesis) {
      if !isFirst {
        try expect(.comma)
        if isAt(.rightParenthesis) { break }
      }
      isFirst = false
      try argument(into: &call)
    }
    advance()
    return call
  }

  private mutating func argument(into call: inout TemplateCall) throws(TemplateError) {
    let invalid = error("invalid syntax for function call expression")
    if skip(.multiply) {
      guard call.spread == nil, call.namedSpread == nil else { throw invalid }
      call.spread = try expression()
    } else if skip(.power) {
      guard call.namedSpread == nil else { throw invalid }
      call.namedSpread = try expression()
    } else if case .name(let name) = current.kind, next.kind == .sign(.assign) {
      guard call.namedSpread == nil else { throw invalid }
      advance()
      advance()
      call.named.append((name, try expression()))
    } else {
      guard call.spread == nil, call.namedSpread == nil, call.named.isEmpty else { throw invalid }
      call.positional.append(try expression())
    }
  }
}

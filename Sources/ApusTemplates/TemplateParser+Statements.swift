internal import ApusText

extension TemplateParser {
  /// Reads statements up to the tag of one of the words, which becomes the current token.
  mutating func statements(until ends: [String]) throws(TemplateError) -> [TemplateStatement] {
    try enter()
    var body: [TemplateStatement] = []
    while true {
      let line = current.line
      switch current.kind {
      case .data(let text):
        body.append(TemplateStatement(line: line, kind: .text(TemplateText(utf8: text, by: .template))))
        advance()
      case .variableBegin:
        advance()
        body.append(TemplateStatement(line: line, kind: .output(try tuple())))
        try expect(.variableEnd)
      case .blockBegin:
        advance()
        if case .name(let word) = current.kind, ends.contains(word) {
          leave()
          return body
        }
        try statement(into: &body)
        try expect(.blockEnd)
      default:
        guard ends.isEmpty else { throw endMissing(ends) }
        leave()
        return body
      }
    }
  }

  /// Reads the body of a tag and the tag that ends it.
  private mutating func body(until end: String) throws(TemplateError) -> [TemplateStatement] {
    let body = try block(until: [end])
    advance()
    return body
  }

  private mutating func block(until ends: [String]) throws(TemplateError) -> [TemplateStatement] {
    _ = skip(.colon)
    try expect(.blockEnd)
    return try statements(until: ends)
  }

  private func endMissing(_ ends: [String]) -> TemplateError {
    let wanted = ends.map { "'\($0)'" }.joined(separator: " or ")
    let innermost = openTags.last.map { " The innermost block that needs to be closed is '\($0)'." } ?? ""
    return error("Unexpected end of template. Jinja was looking for the following tags: \(wanted).\(innermost)")
  }

  private mutating func statement(into body: inout [TemplateStatement]) throws(TemplateError) {
    let line = current.line
    guard case .name(let word) = current.kind else { throw error("tag name expected") }
    advance()
    openTags.append(word)
    if word == "print" {
      while current.kind != .blockEnd {
        body.append(TemplateStatement(line: line, kind: .output(try expression())))
        if current.kind != .blockEnd { try expect(.comma) }
      }
    } else {
      body.append(TemplateStatement(line: line, kind: try statement(word)))
    }
    openTags.removeLast()
  }

  private mutating func statement(_ word: String) throws(TemplateError) -> TemplateStatement.Kind {
    switch word {
    case "if": return try branch()
    case "for": return .loop(try loop())
    case "set": return try set()
    case "macro": return .macro(try macro())
    case "call": return try callBlock()
    case "filter": return try filterBlock()
    case "with": return try with()
    case "generation": return .scope(try body(until: "endgeneration"))
    case "block": return try namedBlock()
    case "break", "continue":
      guard loopDepth > 0 else { throw error("'\(word)' outside of a loop") }
      return word == "break" ? .break : .continue
    case "extends", "include", "import", "from", "autoescape":
      throw error("the tag '\(word)' is not available in chat templates")
    default: throw error("Encountered unknown tag '\(word.shortened(toByteCount: 64, mark: "..."))'.")
    }
  }

  private mutating func branch() throws(TemplateError) -> TemplateStatement.Kind {
    var branches: [(test: TemplateExpression, body: [TemplateStatement])] = []
    while true {
      let test = try tuple(allowsConditional: false)
      let body = try block(until: ["elif", "else", "endif"])
      branches.append((test, body))
      if skip(word: "elif") { continue }
      let hasElse = skip(word: "else")
      if !hasElse { advance() }
      return .branch(branches, otherwise: hasElse ? try self.body(until: "endif") : [])
    }
  }

  private mutating func loop() throws(TemplateError) -> TemplateLoopStatement {
    let target = try target(ends: "in")
    guard !target.assigns("loop") else { throw error("Can't assign to special loop variable in for-loop target") }
    try expect(word: "in")
    let iterable = try tuple(allowsConditional: false, ends: "recursive")
    let test = skip(word: "if") ? try expression() : nil
    let isRecursive = skip(word: "recursive")
    loopDepth += 1
    let body = try block(until: ["endfor", "else"])
    loopDepth -= 1
    let hasElse = isAt(word: "else")
    advance()
    let otherwise = hasElse ? try self.body(until: "endfor") : []
    return TemplateLoopStatement(
      target: target, iterable: iterable, test: test, isRecursive: isRecursive, body: body, otherwise: otherwise)
  }

  private mutating func set() throws(TemplateError) -> TemplateStatement.Kind {
    let target = try target(allowsAttributes: true)
    if skip(.assign) { return .set(target, try tuple()) }
    let filters = try self.filters()
    return .setBlock(target, filters: filters, body: try body(until: "endset"))
  }

  private mutating func with() throws(TemplateError) -> TemplateStatement.Kind {
    var variables: [(target: TemplateTarget, value: TemplateExpression)] = []
    while current.kind != .blockEnd {
      if !variables.isEmpty { try expect(.comma) }
      let target = try target()
      try expect(.assign)
      variables.append((target, try expression()))
    }
    return .with(variables, body: try body(until: "endwith"))
  }

  private mutating func namedBlock() throws(TemplateError) -> TemplateStatement.Kind {
    let name = try expectName()
    let isScoped = skip(word: "scoped")
    _ = skip(word: "required")
    let body = try block(until: ["endblock"])
    advance()
    _ = skip(word: name)
    return isScoped ? .scope(body) : .block(body)
  }

  private mutating func filterBlock() throws(TemplateError) -> TemplateStatement.Kind {
    let filters = [try filter()] + (try self.filters())
    return .filterBlock(filters, body: try body(until: "endfilter"))
  }

  // MARK: Macros

  private mutating func macro() throws(TemplateError) -> TemplateMacroDefinition {
    let name = try expectName()
    return try definition(name: name, parameters: try signature(), end: "endmacro")
  }

  private mutating func callBlock() throws(TemplateError) -> TemplateStatement.Kind {
    let parameters = isAt(.leftParenthesis) ? try signature() : []
    guard case .postfix(let base, var links) = try expression(), case .call(let call)? = links.popLast() else {
      throw error("expected call")
    }
    let callee = links.isEmpty ? base : TemplateExpression.postfix(base, links)
    let definition = try definition(name: "caller", parameters: parameters, end: "endcall")
    return .callBlock(definition, callee: callee, call: call)
  }

  private mutating func definition(
    name: String, parameters: [(name: TemplateName, initial: TemplateExpression?)], end: String
  ) throws(TemplateError) -> TemplateMacroDefinition {
    let (outerSpecials, outerLoopDepth) = (specials, loopDepth)
    specials = TemplateSpecials()
    loopDepth = 0
    let body = try body(until: end)
    var own = specials
    specials.formUnion(outerSpecials)
    loopDepth = outerLoopDepth
    for parameter in parameters {
      switch parameter.name.text {
      case "caller":
        guard parameter.initial != nil || own.caller == nil else {
          throw error("the special \"caller\" argument must be omitted or be given a default")
        }
        own.caller = nil
      case "varargs": own.varargs = nil
      case "kwargs": own.kwargs = nil
      default: break
      }
    }
    return TemplateMacroDefinition(
      name: name, variable: variable(name), parameters: parameters, specials: own, body: body)
  }

  private mutating func signature() throws(TemplateError) -> [(name: TemplateName, initial: TemplateExpression?)] {
    var parameters: [(name: TemplateName, initial: TemplateExpression?)] = []
    var numbers: Set<Int> = []
    try expect(.leftParenthesis)
    while !isAt(.rightParenthesis) {
      if !parameters.isEmpty { try expect(.comma) }
      let name = variable(try expectName())
      guard numbers.insert(name.number).inserted else {
        throw error("duplicate argument '\(name.text.shortened(toByteCount: 64, mark: "..."))'")
      }
      let initial = skip(.assign) ? try expression() : nil
      if initial == nil, parameters.last?.initial != nil {
        throw error("non-default argument follows default argument")
      }
      parameters.append((name, initial))
    }
    advance()
    return parameters
  }

  // MARK: Targets

  /// Reads what is assigned to: a name, a namespace's attribute, or a tuple of such.
  private mutating func target(
    allowsAttributes: Bool = false, ends: String? = nil
  ) throws(TemplateError) -> TemplateTarget {
    try enter()
    var parts: [TemplateTarget] = []
    var isTuple = false
    while true {
      if isTuple, isAtTupleEnd(ends) { break }
      parts.append(try singleTarget(allowsAttributes: allowsAttributes))
      guard skip(.comma) else { break }
      isTuple = true
    }
    leave()
    return isTuple ? .tuple(parts) : parts[0]
  }

  private mutating func singleTarget(allowsAttributes: Bool) throws(TemplateError) -> TemplateTarget {
    if skip(.leftParenthesis) {
      let target = try target(allowsAttributes: allowsAttributes)
      try expect(.rightParenthesis)
      return target
    }
    guard case .name(let name) = current.kind else {
      throw error("can't assign to '\(current.description)'")
    }
    if ["true", "false", "none", "True", "False", "None"].contains(name) { throw error("can't assign to 'const'") }
    advance()
    let variable = variable(name)
    guard allowsAttributes, skip(.dot) else { return .name(variable) }
    return .attribute(variable, try expectName())
  }
}

extension TemplateTarget {
  /// Whether a variable of that name is among what is assigned to.
  func assigns(_ name: String) -> Bool {
    switch self {
    case .name(let variable): variable.text == name
    case .attribute: false
    case .tuple(let parts): parts.contains { $0.assigns(name) }
    }
  }
}

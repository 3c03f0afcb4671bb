extension TemplateInterpreter {
  /// How a list of statements ended.
  enum Flow { case end, `break`, `continue` }

  func run(_ statements: [TemplateStatement]) throws(TemplateError) -> Flow {
    try descend()
    for statement in statements {
      try spend(TemplateBudget.unitsPerStep)
      line = statement.line
      switch statement.kind {
      case .text(let text): try write(text)
      case .output(let expression): try output(expression)
      case .break:
        ascend()
        return .break
      case .continue:
        ascend()
        return .continue
      default:
        let flow = try run(statement.kind)
        if flow != .end {
          ascend()
          return flow
        }
      }
    }
    ascend()
    return .end
  }

  @inline(never)
  private func output(_ expression: TemplateExpression) throws(TemplateError) {
    try write(try str(try evaluate(expression)))
  }

  @inline(never)
  private func run(_ kind: TemplateStatement.Kind) throws(TemplateError) -> Flow {
    switch kind {
    case .branch(let branches, let otherwise): return try run(try chosen(branches) ?? otherwise)
    case .loop(let statement): try run(statement, over: try evaluate(statement.iterable), scope: scope, depth: 0)
    case .set(let target, let expression): try assign(try evaluate(expression), to: target)
    case .with(let variables, let body): return try run(variables, body)
    case .scope(let body): return try inScope(scope, body)
    case .block(let body): return try inScope(nil, body)
    case .macro(let definition): assign(definition.variable.number, closure(definition))
    default: try runCapturing(kind)
    }
    return .end
  }

  /// The statements whose bodies are captured first.
  @inline(never)
  private func runCapturing(_ kind: TemplateStatement.Kind) throws(TemplateError) {
    switch kind {
    case .setBlock(let target, let filters, let body): try assign(try captured(body, filters), to: target)
    case .filterBlock(let filters, let body): try write(try str(try captured(body, filters)))
    case .callBlock(let definition, let callee, let call): try runCall(definition, callee, call)
    default: break
    }
  }

  private func chosen(
    _ branches: [(test: TemplateExpression, body: [TemplateStatement])]
  ) throws(TemplateError) -> [TemplateStatement]? {
    for (test, body) in branches where try evaluate(test).isTrue { return body }
    return nil
  }

  /// Runs statements in a new scope inside of `parent`.
  private func inScope(
    _ parent: TemplateScope?, _ body: [TemplateStatement]
  ) throws(TemplateError) -> Flow {
    let outer = scope
    scope = TemplateScope(parent: parent)
    let flow = try run(body)
    scope = outer
    return flow
  }

  private func run(
    _ variables: [(target: TemplateTarget, value: TemplateExpression)], _ body: [TemplateStatement]
  ) throws(TemplateError) -> Flow {
    // All values see the scope outside.
    var values: [TemplateValue] = []
    for variable in variables { values.append(try evaluate(variable.value)) }
    let outer = scope
    scope = TemplateScope(parent: outer)
    for (variable, value) in zip(variables, values) { try assign(value, to: variable.target) }
    let flow = try run(body)
    scope = outer
    return flow
  }

  private func captured(
    _ body: [TemplateStatement], _ filters: [TemplatePostfix]
  ) throws(TemplateError) -> TemplateValue {
    let outer = scope
    scope = TemplateScope(parent: outer)
    let text = try capture(body)
    scope = outer
    return try apply(filters, to: .text(text))
  }

  private func runCall(
    _ definition: TemplateMacroDefinition, _ callee: TemplateExpression, _ call: TemplateCall
  ) throws(TemplateError) {
    let function = try evaluate(callee)
    var arguments = try evaluate(call)
    arguments.named.append((TemplateText("caller", by: .template), closure(definition)))
    try write(try str(try self.call(function, arguments)))
  }

  // MARK: Assignment

  func assign(_ value: TemplateValue, to target: TemplateTarget) throws(TemplateError) {
    try spend(2)
    switch target {
    case .name(let name): assign(name.number, value)
    case .attribute(let name, let attribute):
      guard case .namespace(let number) = try lookUp(name) else {
        throw .runtime("cannot assign attribute on non-namespace object")
      }
      try set(.text(try copied(attribute)), value, in: &namespaces[number].members)
    case .tuple(let targets):
      let values = try items(of: value, for: "cannot unpack non-iterable")
      guard values.count == targets.count else {
        throw .runtime(
          values.count < targets.count
            ? "not enough values to unpack (expected \(targets.count), got \(values.count))"
            : "too many values to unpack (expected \(targets.count))")
      }
      for (target, value) in zip(targets, values) { try assign(value, to: target) }
    }
  }

  // MARK: Loops

  /// Runs a loop over a value; `scope` is the one around the statement.
  func run(
    _ statement: TemplateLoopStatement, over value: TemplateValue, scope around: TemplateScope?, depth: Int
  ) throws(TemplateError) {
    let outer = scope
    let loop = TemplateLoop(
      statement, scope: around, depth: depth, source: try source(of: value), length: value.length)
    let number = loops.count
    loops.append(loop)
    while let item = try advance(loop) {
      try spend(TemplateBudget.unitsPerStep)
      let inner = TemplateScope(parent: around)
      scope = inner
      if let loopVariable { inner[loopVariable] = .loop(number) }
      try assign(item, to: statement.target)
      if try run(statement.body) == .break { break }
    }
    // Nothing more comes from it, and what it held can be large.
    loop.source = .items([], next: 0)
    loop.pending = []
    loop.pendingStart = 0
    scope = around
    if loop.index == 0 { try runOtherwise(statement) }
    scope = outer
  }

  private func runOtherwise(_ statement: TemplateLoopStatement) throws(TemplateError) {
    guard !statement.otherwise.isEmpty else { return }
    _ = try inScope(scope, statement.otherwise)
  }

  private func source(of value: TemplateValue) throws(TemplateError) -> TemplateLoopSource {
    switch value {
    case .range(let range): return .range(range, next: 0)
    case .iterator(let iterator): return .iterator(iterator)
    default: return .items(try items(of: value, for: "not iterable:"), next: 0)
    }
  }

  private func advance(_ loop: TemplateLoop) throws(TemplateError) -> TemplateValue? {
    guard try peek(loop) != nil else { return nil }
    let item = loop.pending[loop.pendingStart]
    loop.pendingStart += 1
    if loop.pendingStart == loop.pending.count {
      loop.pending.removeAll(keepingCapacity: true)
      loop.pendingStart = 0
    }
    loop.index += 1
    loop.previous = loop.current
    loop.current = item
    return item
  }

  /// The item after the present one; the loop's test is asked only now, as in Jinja.
  func peek(_ loop: TemplateLoop) throws(TemplateError) -> TemplateValue? {
    if loop.pendingStart < loop.pending.count { return loop.pending[loop.pendingStart] }
    guard let item = try nextAccepted(loop) else { return nil }
    loop.pending.append(item)
    return item
  }

  private func nextAccepted(_ loop: TemplateLoop) throws(TemplateError) -> TemplateValue? {
    while let item = try loop.source.next() {
      guard let test = loop.statement.test else { return item }
      try spend(TemplateBudget.unitsPerStep)
      let outer = scope
      scope = TemplateScope(parent: loop.scope)
      try assign(item, to: loop.statement.target)
      let isAccepted = try evaluate(test).isTrue
      scope = outer
      if isAccepted { return item }
    }
    return nil
  }

  /// The number of items; finds all of them where it was not known.
  func length(of loop: TemplateLoop) throws(TemplateError) -> Int {
    if let length = loop.knownLength { return length }
    while let item = try nextAccepted(loop) {
      try spend(1)
      loop.pending.append(item)
    }
    let length = loop.index + loop.pending.count - loop.pendingStart
    loop.knownLength = length
    return length
  }
}

/// Renders one template once: owns the output, the variables and everything mutable.
///
/// A tree walker. Every recursion passes `descend`, so the depth of the stack is bounded; every statement, operation
/// and loop round passes `spend`, so time and memory are.
final class TemplateInterpreter {
  private let names: [String]
  let clock: TemplateClock?
  /// The number of the variable `loop`, where the template uses it.
  let loopVariable: Int?
  /// The variables of the template itself and those it was given, by number.
  private var globals: [TemplateValue?]
  /// The innermost scope, or nil at the top of the template.
  var scope: TemplateScope?
  /// The text written so far to the output or to the block being captured.
  private var output = TemplateTextBuilder()
  private var budget: TemplateBudget
  private var depth = 0
  /// The line of the statement being run.
  var line = 1

  var namespaces: [TemplateNamespace] = []
  var macros: [TemplateMacro] = []
  var loops: [TemplateLoop] = []

  init(names: [String], budget: TemplateBudget, clock: TemplateClock?) {
    self.names = names
    self.budget = budget
    self.clock = clock
    loopVariable = names.firstIndex(of: "loop")
    globals = names.map { name in TemplateFunction(rawValue: name).map { .function($0) } }
  }

  /// Gives a variable its value before the rendering.
  func define(_ name: String, _ value: TemplateValue) {
    if let number = names.firstIndex(where: { $0.utf8.elementsEqual(name.utf8) }) { globals[number] = value }
  }

  /// Runs the template and returns its output.
  func render(_ template: ParsedTemplate) throws(TemplateError) -> TemplateText {
    do {
      _ = try run(template.body)
      return output.text
    } catch {
      var located = error
      located.line = error.line ?? line
      throw located
    }
  }

  // MARK: Failures

  /// Where a rendering stands: what statements and calls change while they run and put back at their end.
  struct Place {
    fileprivate let scope: TemplateScope?
    fileprivate let output: TemplateTextBuilder
    fileprivate let depth: Int
    fileprivate let line: Int
  }

  var place: Place { Place(scope: scope, output: output, depth: depth, line: line) }

  /// Goes back to a place after an error that does not end the rendering.
  func resume(at place: Place) {
    (scope, output, depth, line) = (place.scope, place.output, place.depth, place.line)
  }

  // MARK: Limits

  /// Spends units of the budget; 8 are a step.
  @inline(__always)
  func spend(_ units: Int) throws(TemplateError) { try budget.spend(units) }

  /// How many bytes are copied, compared or searched for a unit.
  static let copiedBytesPerUnit = 16

  /// Fails where a text of that many bytes would be too long.
  func reserve(_ byteCount: Int) throws(TemplateError) {
    guard byteCount <= TemplateLimits.textByteCount else {
      throw .limit("a text would be larger than \(TemplateLimits.textByteCount) bytes")
    }
  }

  /// Enters one level of evaluation; `ascend` leaves it.
  @inline(__always)
  func descend() throws(TemplateError) {
    depth += 1
    if depth > TemplateLimits.evaluationDepth { throw tooDeep() }
  }

  @inline(__always)
  func ascend() { depth -= 1 }

  @inline(never)
  private func tooDeep() -> TemplateError {
    .limit("evaluation is nested deeper than \(TemplateLimits.evaluationDepth)")
  }

  // MARK: Variables

  func lookUp(_ name: TemplateName) throws(TemplateError) -> TemplateValue {
    var candidate = scope
    var scopeCount = 0
    while let scope = candidate {
      if let value = scope[name.number] { return value }
      candidate = scope.parent
      scopeCount += 1
    }
    try spend(scopeCount / 4)
    return globals[name.number] ?? .undefined(.variable(name.text))
  }

  func assign(_ number: Int, _ value: TemplateValue) {
    if let scope {
      scope[number] = value
    } else {
      globals[number] = value
    }
  }

  // MARK: Output

  func write(_ text: TemplateText) throws(TemplateError) {
    try spend(text.byteCount / Self.copiedBytesPerUnit + text.origin.changeCount)
    try reserve(output.byteCount + text.byteCount)
    output.append(text)
  }

  /// Runs `body` and returns what it wrote instead of adding it to the output.
  func capture(_ body: [TemplateStatement]) throws(TemplateError) -> TemplateText {
    let outer = beginCapture()
    _ = try run(body)
    return endCapture(outer)
  }

  /// Starts a new output; returns the one to go on with after `endCapture`.
  func beginCapture() -> TemplateTextBuilder {
    let outer = output
    output = TemplateTextBuilder()
    return outer
  }

  /// Returns what was written since `beginCapture` and goes back to the outer output.
  func endCapture(_ outer: TemplateTextBuilder) -> TemplateText {
    let text = output.text
    output = outer
    return text
  }
}

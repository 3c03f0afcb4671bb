/// A filter, a test or a method with its price; to call it is to pay for it.
struct TemplateOperation<Result>: Sendable {
  typealias Body =
    @Sendable (TemplateInterpreter, TemplateValue, TemplateArguments) throws(TemplateError) -> Result

  private let body: Body
  private let cost: TemplateCost

  /// A table of operations from their bodies, with the price of those that do not cost the standard.
  static func table(_ bodies: [String: Body], costs: [String: TemplateCost]) -> [String: TemplateOperation] {
    var table: [String: TemplateOperation] = [:]
    for (name, body) in bodies { table[name] = TemplateOperation(body: body, cost: costs[name] ?? .standard) }
    return table
  }

  func callAsFunction(
    _ interpreter: TemplateInterpreter, _ value: TemplateValue, _ arguments: TemplateArguments
  ) throws(TemplateError) -> Result {
    try interpreter.spend(cost.units(value, arguments))
    return try body(interpreter, value, arguments)
  }
}

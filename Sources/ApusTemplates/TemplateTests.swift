/// Jinja's tests, by name: what may follow `is`.
enum TemplateTests {
  typealias Function = TemplateOperation<Bool>.Body

  static let table = TemplateOperation.table(
    types.merging(values) { $1 }.merging(comparisons) { $1 }, costs: costs)

  private static let constant = TemplateCost(.nothing, rate: 0, base: 1)

  /// The tests that do not cost the standard; operators, comparisons and `in` are paid for where they are done.
  private static let costs: [String: TemplateCost] = [
    "defined": constant, "undefined": constant, "none": constant, "boolean": constant, "true": constant,
    "false": constant, "integer": constant, "float": constant, "number": constant, "string": constant,
    "mapping": constant, "sequence": constant, "iterable": constant, "callable": constant, "escaped": constant,
    "odd": constant, "even": constant, "divisibleby": constant, "in": constant,
    "==": constant, "eq": constant, "equalto": constant, "!=": constant, "ne": constant,
    ">": constant, "gt": constant, "greaterthan": constant, ">=": constant, "ge": constant,
    "<": constant, "lt": constant, "lessthan": constant, "<=": constant, "le": constant,
    "sameas": TemplateCost(.texts, rate: 4, base: 1),
  ]

  private static func plain(_ name: String, _ test: @escaping @Sendable (TemplateValue) -> Bool) -> Function {
    { (_, value, arguments) throws(TemplateError) in
      try arguments.none(name)
      return test(value)
    }
  }

  private static let types: [String: Function] = [
    "defined": plain("defined") { !$0.isUndefined },
    "undefined": plain("undefined") { $0.isUndefined },
    "none": plain("none") { $0.isNone },
    "boolean": plain("boolean") { if case .bool = $0 { true } else { false } },
    "true": plain("true") { $0.isSame(as: .bool(true)) },
    "false": plain("false") { $0.isSame(as: .bool(false)) },
    "integer": plain("integer") { if case .int = $0 { true } else { false } },
    "float": plain("float") { if case .double = $0 { true } else { false } },
    "number": plain("number") { $0.number != nil },
    "string": plain("string") { if case .text = $0 { true } else { false } },
    "mapping": plain("mapping") { if case .dictionary = $0 { true } else { false } },
    "sequence": plain("sequence") { value in
      switch value {
      case .text, .list, .tuple, .dictionary, .range, .undefined: true
      default: false
      }
    },
    "iterable": plain("iterable") { value in
      switch value {
      case .iterator, .loop, .text: true
      default: value.length != nil
      }
    },
    "callable": plain("callable") { $0.isCallable },
    "escaped": plain("escaped") { if case .text(let text) = $0 { text.isMarkup } else { false } },
  ]

  private static let values: [String: Function] = [
    "odd": { (interpreter, value, arguments) throws(TemplateError) in
      try arguments.none("odd")
      return try remainder(interpreter, value, .int(2), is: 1)
    },
    "even": { (interpreter, value, arguments) throws(TemplateError) in
      try arguments.none("even")
      return try remainder(interpreter, value, .int(2), is: 0)
    },
    "divisibleby": { (interpreter, value, arguments) throws(TemplateError) in
      let divisor = try arguments.bind("divisibleby", "num")[0] ?? .none
      return try remainder(interpreter, value, divisor, is: 0)
    },
    "upper": { (interpreter, value, arguments) throws(TemplateError) in
      try arguments.none("upper")
      return try interpreter.str(value).allCased(\.isPythonUpper)
    },
    "lower": { (interpreter, value, arguments) throws(TemplateError) in
      try arguments.none("lower")
      return try interpreter.str(value).allCased(\.isPythonLower)
    },
    "filter": { (_, value, arguments) throws(TemplateError) in
      try arguments.none("filter")
      guard case .text(let name) = value else { return false }
      return TemplateFilters.table[name.string] != nil
    },
    "test": { (_, value, arguments) throws(TemplateError) in
      try arguments.none("test")
      guard case .text(let name) = value else { return false }
      return TemplateTests.table[name.string] != nil
    },
    "sameas": { (_, value, arguments) throws(TemplateError) in value.isSame(as: try arguments.only("sameas")) },
    "in": { (interpreter, value, arguments) throws(TemplateError) in
      try interpreter.contains(value, in: try arguments.only("in"))
    },
  ]

  private static let comparisons: [String: Function] = [
    "==": compares(.equal), "eq": compares(.equal), "equalto": compares(.equal),
    "!=": compares(.notEqual), "ne": compares(.notEqual),
    ">": compares(.greater), "gt": compares(.greater), "greaterthan": compares(.greater),
    ">=": compares(.greaterOrEqual), "ge": compares(.greaterOrEqual),
    "<": compares(.less), "lt": compares(.less), "lessthan": compares(.less),
    "<=": compares(.lessOrEqual), "le": compares(.lessOrEqual),
  ]

  private static func compares(_ comparison: TemplateExpression.Comparison) -> Function {
    { (interpreter, value, arguments) throws(TemplateError) in
      try interpreter.compare(value, comparison, try arguments.only("a comparison"))
    }
  }

  private static func remainder(
    _ interpreter: TemplateInterpreter, _ value: TemplateValue, _ divisor: TemplateValue, is expected: Int
  ) throws(TemplateError) -> Bool {
    try interpreter.equal(try interpreter.arithmetic(value, .remainder, divisor), .int(expected))
  }
}

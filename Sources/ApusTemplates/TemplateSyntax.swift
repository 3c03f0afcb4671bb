/// An expression of the template language.
///
/// Chains of equal precedence are flat, so that only real nesting nests.
indirect enum TemplateExpression: Sendable {
  case literal(TemplateLiteral)
  case name(TemplateName)
  case list([TemplateExpression])
  case tuple([TemplateExpression])
  case dictionary([(key: TemplateExpression, value: TemplateExpression)])
  /// A base with the subscripts, calls, filters and tests applied to it in order.
  case postfix(TemplateExpression, [TemplatePostfix])
  /// A number after signs, which are counted together.
  case signed(TemplateExpression, isNegative: Bool)
  /// `not x`, or `not not x`
  case not(TemplateExpression, isDouble: Bool)
  case arithmetic(TemplateExpression, [(operation: Arithmetic, operand: TemplateExpression)])
  /// `a ~ b ~ c`
  case concatenation([TemplateExpression])
  /// `a < b < c`
  case comparison(TemplateExpression, [(comparison: Comparison, operand: TemplateExpression)])
  case and([TemplateExpression])
  case or([TemplateExpression])
  case conditional(test: TemplateExpression, then: TemplateExpression, otherwise: TemplateExpression?)

  /// The arithmetic operators.
  enum Arithmetic: String, CaseIterable, Sendable {
    case add = "+"
    case subtract = "-"
    case multiply = "*"
    case divide = "/"
    case floorDivide = "//"
    case remainder = "%"
    case power = "**"
  }

  /// The comparison operators.
  enum Comparison: String, CaseIterable, Sendable {
    case equal = "=="
    case notEqual = "!="
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="
    case contained = "in"
    case notContained = "not in"
  }
}

/// A constant in the source.
enum TemplateLiteral: Sendable {
  case none
  case bool(Bool)
  case int(Int)
  case double(Double)
  case text(TemplateText)

  var value: TemplateValue {
    switch self {
    case .none: .none
    case .bool(let value): .bool(value)
    case .int(let value): .int(value)
    case .double(let value): .double(value)
    case .text(let value): .text(value)
    }
  }
}

/// A variable's name, numbered within its template.
struct TemplateName: Sendable {
  let number: Int
  let text: String
}

/// One link of a chain after a base expression.
enum TemplatePostfix: Sendable {
  case attribute(String)
  case item(TemplateExpression)
  case slice(start: TemplateExpression?, stop: TemplateExpression?, step: TemplateExpression?)
  case call(TemplateCall)
  case filter(TemplateFilterCall)
  case test(TemplateTestCall, isNegated: Bool)
}

/// The arguments of a call as written.
struct TemplateCall: Sendable {
  var positional: [TemplateExpression] = []
  var named: [(name: String, value: TemplateExpression)] = []
  /// What stands behind `*`.
  var spread: TemplateExpression?
  /// What stands behind `**`.
  var namedSpread: TemplateExpression?

  var isEmpty: Bool { positional.isEmpty && named.isEmpty && spread == nil && namedSpread == nil }
}

/// A filter with its arguments; nil where no filter has that name, an error only when it is reached.
struct TemplateFilterCall: Sendable {
  let name: String
  let function: TemplateOperation<TemplateValue>?
  let arguments: TemplateCall
}

/// A test with its arguments.
struct TemplateTestCall: Sendable {
  let name: String
  let function: TemplateOperation<Bool>?
  let arguments: TemplateCall
}

/// A statement with the line where it starts.
struct TemplateStatement: Sendable {
  let line: Int
  let kind: Kind

  /// What a statement does.
  indirect enum Kind: Sendable {
    case text(TemplateText)
    case output(TemplateExpression)
    case branch([(test: TemplateExpression, body: [TemplateStatement])], otherwise: [TemplateStatement])
    case loop(TemplateLoopStatement)
    case set(TemplateTarget, TemplateExpression)
    case setBlock(TemplateTarget, filters: [TemplatePostfix], body: [TemplateStatement])
    case macro(TemplateMacroDefinition)
    case callBlock(TemplateMacroDefinition, callee: TemplateExpression, call: TemplateCall)
    case filterBlock([TemplatePostfix], body: [TemplateStatement])
    case with([(target: TemplateTarget, value: TemplateExpression)], body: [TemplateStatement])
    /// A body with a scope of its own: `generation`.
    case scope([TemplateStatement])
    /// A body that sees global variables only: `block`.
    case block([TemplateStatement])
    case `break`
    case `continue`
  }
}

/// What can be assigned to.
indirect enum TemplateTarget: Sendable {
  case name(TemplateName)
  case attribute(TemplateName, String)
  case tuple([TemplateTarget])
}

/// A `for` statement.
final class TemplateLoopStatement: Sendable {
  let target: TemplateTarget
  let iterable: TemplateExpression
  let test: TemplateExpression?
  let isRecursive: Bool
  let body: [TemplateStatement]
  let otherwise: [TemplateStatement]

  init(
    target: TemplateTarget, iterable: TemplateExpression, test: TemplateExpression?, isRecursive: Bool,
    body: [TemplateStatement], otherwise: [TemplateStatement]
  ) {
    self.target = target
    self.iterable = iterable
    self.test = test
    self.isRecursive = isRecursive
    self.body = body
    self.otherwise = otherwise
  }
}

/// A macro, or the body of a call block.
final class TemplateMacroDefinition: Sendable {
  let name: String
  let variable: TemplateName
  let parameters: [(name: TemplateName, initial: TemplateExpression?)]
  /// Which of the special variables the body reads: a macro takes extra arguments only then.
  let specials: TemplateSpecials
  let body: [TemplateStatement]

  init(
    name: String, variable: TemplateName, parameters: [(name: TemplateName, initial: TemplateExpression?)],
    specials: TemplateSpecials, body: [TemplateStatement]
  ) {
    self.name = name
    self.variable = variable
    self.parameters = parameters
    self.specials = specials
    self.body = body
  }
}

/// The variables that every macro has if it asks for them; each with its number where the body reads it.
struct TemplateSpecials: Sendable {
  var caller: TemplateName?
  var varargs: TemplateName?
  var kwargs: TemplateName?

  mutating func note(_ name: TemplateName) {
    switch name.text {
    case "caller": caller = name
    case "varargs": varargs = name
    case "kwargs": kwargs = name
    default: break
    }
  }

  mutating func formUnion(_ other: TemplateSpecials) {
    caller = caller ?? other.caller
    varargs = varargs ?? other.varargs
    kwargs = kwargs ?? other.kwargs
  }
}

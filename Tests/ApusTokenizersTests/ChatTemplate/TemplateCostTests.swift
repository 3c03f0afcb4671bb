internal import ApusTokenizers
internal import Testing

/// Whatever a template applies to large values, the budget ends after a few rounds.
///
/// Values and budget are a hundredth of the largest, so that all operations can be tried.
@Suite struct TemplateCostTests {
  /// Large values, as expressions.
  private static let texts = ["'aB c' * 10000", "'é ' * 13000", "'\u{6F22}<' * 10000"]
  private static let containers = ["[1] * 3000", "[['a', 'b']] * 2000", "dict(range(2000)|batch(2))"]
  private static let steps = 10_000
  private static let arguments = ["", "v", "'a'", "'a', v", "v, 'b'", "5", "5, 'a'"]

  /// What does not touch its receiver and arguments, or pays elsewhere for what it compares or looks up.
  private static let constant: Set<String> = [
    "d", "default", "first", "last", "abs", "random", "string", "pprint", "round", "filesizeformat",
    "defined", "undefined", "none", "boolean", "true", "false", "integer", "float", "number", "mapping", "sequence",
    "iterable", "callable", "escaped", "odd", "even", "divisibleby", "in",
    "==", "eq", "equalto", "!=", "ne", ">", "gt", "greaterthan", ">=", "ge", "<", "lt", "lessthan", "<=", "le",
    "range", "joiner", "raise_exception",
  ]
  /// What reads no more of a container than its length or one attribute.
  private static let constantOnContainers: Set<String> = ["length", "count", "attr", "sameas"]

  @Test(arguments: ChatTemplate.OperationNames().filters) func everyFilterIsPaidFor(_ name: String) {
    for (value, argument) in Self.cases(name) { expectLimit("v|\(name)(\(argument))", value) }
  }

  @Test(arguments: ChatTemplate.OperationNames().tests) func everyTestIsPaidFor(_ name: String) {
    guard name.first?.isLetter == true else { return }
    for (value, argument) in Self.cases(name) { expectLimit("v is \(name)(\(argument))", value) }
  }

  @Test(arguments: ChatTemplate.OperationNames().functions) func everyFunctionIsPaidFor(_ name: String) {
    for (value, _) in Self.cases(name) { expectLimit("\(name)(*[v])", value) }
  }

  @Test func everyMethodOfATextIsPaidFor() {
    for (type, names) in ChatTemplate.OperationNames().methods where type == "str" {
      #expect(names.count > 40)
      for name in names {
        for value in Self.texts {
          for argument in Self.arguments { expectLimit("v.\(name)(\(argument))", value) }
        }
      }
    }
  }

  @Test(arguments: [
    "v ~ v[:9]", "v == v ~ ''", "v[1:] == v[:-1]", "v < v ~ ''", "v in [v ~ '']", "v is in([v ~ ''])", "'zz' in v",
    "v + 'a'", "v[5]", "v[5:9]", "v[::-1]", "{v: 1}", "{'a': 1}[v]", "{'a': 1}.get(v)", "v in {'a': 1}",
    "[(v, 1)] == [(v ~ '', 1)]", "[v, v]|string", "'%s' % v", "'%.1s' % v", "'%r' % v", "'{}'.format(v)",
    "'{:.1}'.format(v)", "'a'.replace('b', v)", "v is sameas(v)", "dict(a=v)|tojson", "[v]|join",
    "[v]|map('upper')|list",
    "[v]|select('lower')|list", "[v]|unique|list", "[v, v]|sort|list", "v % 1", "v|list", "m(v)",
  ])
  func everyOperatorIsPaidFor(_ expression: String) {
    for value in Self.texts { expectLimit(expression, value) }
  }

  @Test(arguments: [
    "v ~ ''", "v == v + v[:0]", "v + v", "v[1:]", "v|list|length", "dict(v)", "v|tojson", "[v]|string",
    "{'a': v}|tojson", "f(*v)", "v|map('string')|list", "v|batch(2)|list", "v|sum", "v|select('odd')|list",
    "v.count(2)", "v.index(2)", "{(1, 2): v} == {(1, 2): v + []}",
  ])
  func everyOperatorOnAContainerIsPaidFor(_ expression: String) {
    for value in Self.containers { expectLimit(expression, value) }
  }

  @Test func aRenderingStopsWhenItIsAskedTo() throws {
    let template = try ChatTemplate(
      source: "{% for i in range(99999) %}{% set x = [i]|map('string')|list %}{% endfor %}")
    let error = #expect(throws: TemplateError.self) { try template.render([], shouldStop: { true }) }
    #expect(error?.kind == .stopped)
    _ = try template.render([], shouldStop: { false })
  }

  @Test func aLongConversationHasALargerBudget() throws {
    let source = "{% for i in range(75) %}{% set x = v|trim|upper %}{% endfor %}"
    let text = String(repeating: "a", count: 100_000)
    _ = try ChatTemplate(source: source).render([
      ("v", .string(text)), ("w", .string(String(repeating: text, count: 30))),
    ])
  }

  private static func cases(_ name: String) -> [(value: String, argument: String)] {
    guard !constant.contains(name) else { return [] }
    let values = constantOnContainers.contains(name) ? texts : texts + containers
    return values.flatMap { value in arguments.map { (value, $0) } }
  }

  /// Expects that twenty rounds are too many where most of the budget is spent, or that the operation fails.
  private func expectLimit(_ expression: String, _ value: String) {
    let source = """
      {% macro m(x) %}{{ x }}{% endmacro %}{% macro f() %}{{ varargs|length }}{% endmacro %}\
      {% set v = \(value) %}{% set y = \(expression) %}\
      {% for i in range(27) %}{% set y = 'x' * 40000 %}{% endfor %}\
      {% for i in range(20) %}{% set y = \(expression) %}{% endfor %}
      """
    do {
      _ = try ChatTemplate(source: source).render(
        [], clock: TemplateClock(year: 2024, month: 1, day: 1), steps: Self.steps)
      Issue.record("\(expression) on \(value) is not paid for")
    } catch {
      #expect(error.kind == .limit || error.kind == .runtime || error.kind == .raised, "\(expression): \(error)")
    }
  }
}

internal import ApusTemplates
internal import Testing

/// Whatever a template applies to large values, the budget ends after a few rounds.
@Suite struct TemplateCostTests {
  private typealias Large = LargeTemplateValue
  private static let names = ChatTemplate.OperationNames()
  private static let arguments = ["", "v", "'a'", "'a', v", "v, 'b'", "5", "5, 'a'"]

  /// What does not touch its receiver and arguments, or pays elsewhere for what it compares or looks up.
  private static let constant: Set<String> = [
    "d", "default", "first", "last", "abs", "random", "string", "pprint", "round", "filesizeformat",
    "defined", "undefined", "none", "boolean", "true", "false", "integer", "float", "number", "mapping", "sequence",
    "iterable", "callable", "escaped", "odd", "even", "divisibleby", "in",
    "==", "eq", "equalto", "!=", "ne", ">", "gt", "greaterthan", ">=", "ge", "<", "lt", "lessthan", "<=", "le",
    "range", "joiner",
  ]
  /// What reads no more of a container than its length or one attribute.
  private static let constantOnContainers: Set<String> = ["length", "count", "attr", "sameas", "raise_exception"]
  /// Methods that touch no more than one item, or pay for a key where they look it up.
  private static let constantMethods: [String: Set<String>] = [
    "dict": ["items", "keys", "values", "copy", "get"], "list": ["copy"], "float": ["is_integer"],
    "cycler": ["next", "reset"],
  ]
  private static let receivers: [String: [Large]] = [
    "str": Large.texts, "dict": Large.dictionaries, "list": Large.lists + Large.ranges, "float": Large.doubles,
    "cycler": Large.cyclers,
  ]

  @Test(arguments: names.filters) func everyFilterIsPaidFor(_ name: String) {
    expectLimits(Self.arguments.map { "v|\(name)(\($0))" }, on: Self.values(for: name))
  }

  @Test(arguments: names.tests) func everyTestIsPaidFor(_ name: String) {
    guard name.first?.isLetter == true else { return }
    expectLimits(Self.arguments.map { "v is \(name)(\($0))" }, on: Self.values(for: name))
  }

  @Test(arguments: names.functions) func everyFunctionIsPaidFor(_ name: String) {
    expectLimits(["\(name)(*[v])"], on: Self.values(for: name))
  }

  @Test(arguments: names.methods.map(\.type)) func everyMethodIsPaidFor(_ type: String) throws {
    let receivers = try #require(Self.receivers[type])
    for method in Self.names.methods.first(where: { $0.type == type })?.names ?? []
    where Self.constantMethods[type]?.contains(method) != true {
      expectLimits(Self.arguments.map { "v.\(method)(\($0))" }, on: receivers)
    }
  }

  @Test(arguments: names.arithmetic) func everyArithmeticOperatorIsPaidFor(_ name: String) {
    expectLimits(["v \(name) w", "v \(name) 2", "2 \(name) v"], on: Large.comparable + Large.ranges)
  }

  @Test(arguments: names.comparisons) func everyComparisonIsPaidFor(_ name: String) {
    let isSearch = name.hasSuffix("in")
    expectLimits(["v \(name) w", isSearch ? "v \(name) [w]" : "(v,) \(name) (w,)"], on: Large.comparable)
    if isSearch { expectLimits(["0 \(name) v"], on: Large.lists + Large.iterators + Large.loops + [Large.items]) }
  }

  @Test(arguments: [
    "v ~ v[:9]", "v[1:] == v[:-1]", "v is in([w])", "'zz' in v", "v[5]", "v[5:9]", "v[::-1]", "{v: 1}", "{'a': 1}[v]",
    "{'a': 1}.get(v)", "v in {'a': 1}", "[(v, 1)] == [(w, 1)]", "[v, v]|string", "'%s' % v", "'%.1s' % v", "'%r' % v",
    "'{}'.format(v)", "'{:.1}'.format(v)", "'a'.replace('b', v)", "dict(a=v)|tojson", "[v]|join",
    "[v]|map('upper')|list", "[v]|select('lower')|list", "[v]|unique|list", "[v, v]|sort|list", "v|list", "m(v)",
    "[{}]|map(attribute=v)|list", "[{}]|sort(attribute=v)", "('{0.' ~ v ~ '}').format({})",
  ])
  func everythingDoneToTextsIsPaidFor(_ expression: String) { expectLimits([expression], on: Large.texts) }

  @Test(arguments: [
    "v ~ ''", "v[1:]", "v|list|length", "dict(v)", "{'a': v} ~ ''", "[v]|string", "{'a': v}|tojson", "f(*v)",
    "v|map('string')|list", "v|batch(2)|list", "v|sum", "v|select('odd')|list", "v.count(2)", "v.index(2)",
    "{(1, 2): v} == {(1, 2): w}", "cycler(*v)", "'%s' % (v,)", "'{}'.format(v)",
  ])
  func everythingDoneToContainersIsPaidFor(_ expression: String) {
    expectLimits([expression], on: Large.lists + Large.dictionaries + [Large.items])
  }

  @Test(arguments: ["0 in v", "v|list", "v|join", "dict(v)", "f(*v)", "g(v)", "m(v)", "v is in([v])", "[v|list]"])
  func everythingThatUsesUpAnIteratorOrALoopIsPaidFor(_ expression: String) {
    expectLimits([expression], on: Large.iterators + Large.loops)
  }

  @Test(arguments: [
    "v ~ ''", "v|string", "[v] ~ ''", "(v,)|string", "{'a': v}|pprint", "'%s' % v", "'%r' % (v,)", "'{}'.format(v)",
    "[v]|join", "m(v)", "v|upper", "v is lower", "[v]|map('trim')|list", "joiner(v)",
  ])
  func everyPrintingOfANamespaceIsPaidFor(_ expression: String) { expectLimits([expression], on: Large.namespaces) }

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

  private static func values(for name: String) -> [Large] {
    if constant.contains(name) { return [] }
    return constantOnContainers.contains(name) ? Large.texts : Large.texts + Large.containers
  }

  private func expectLimits(_ expressions: [String], on values: [LargeTemplateValue]) {
    for value in values {
      for expression in expressions {
        let complaint = value.complaint(about: expression)
        #expect(complaint == nil, "\(value.value)")
      }
    }
  }
}

internal import ApusTemplates
internal import Testing

/// A large value of the template language, to try operations on: `v`, in a template that tries them twenty times.
///
/// Values are about a hundredth of the largest, so that all operations can be tried.
struct LargeTemplateValue: Sendable {
  /// How the template makes the value.
  let value: String
  /// What stands before and behind the operation.
  private let (opening, closing): (String, String)
  /// The steps of the template without the operation, up to the first round.
  private let steps: Int

  /// The steps for all rounds: more than the rounds themselves take, and less than the operations should.
  private static let stepsForRounds = 1_000
  private static let macros = """
    {% macro m(x) %}{{ x }}{% endmacro %}{% macro f() %}{{ varargs|length }}{% endmacro %}\
    {% macro g(x) %}{% for a in x %}{% break %}{% endfor %}{% endmacro %}
    """

  private init(_ value: String, opening: String, closing: String) {
    (self.value, self.opening, self.closing) = (value, opening, closing)
    steps = Self.steps(opening + "{{ raise_exception('') }}" + closing)
  }

  /// The same value in every round; `copy` makes `w`, which is equal to it but another one.
  static func shared(_ value: String, copy: String) -> LargeTemplateValue {
    LargeTemplateValue(
      value, opening: macros + "{% set v = \(value) %}{% set w = \(copy) %}{% for i in range(20) %}",
      closing: "{% endfor %}")
  }

  /// A new iterator in every round; an operation that leaves items in it need not be paid for.
  static func iterator(over list: String) -> LargeTemplateValue {
    LargeTemplateValue(
      "\(list)|reverse",
      opening: macros + "{% set w = \(list) %}{% set ns = namespace(all=[]) %}{% for i in range(20) %}"
        + "{% set ns.all = ns.all + [w|reverse] %}{% endfor %}{% for v in ns.all %}",
      closing: "{% if v|first is defined %}{{ raise_exception('not used up') }}{% endif %}{% endfor %}")
  }

  /// A new `loop` in every round; an operation that does not move it need not be paid for.
  static func loop(over list: String) -> LargeTemplateValue {
    LargeTemplateValue(
      "the loop over \(list)",
      opening: macros + "{% set w = \(list) %}{% for i in range(20) %}{% for a in w %}{% set v = loop %}",
      closing: "{% if v.index == 1 %}{{ raise_exception('not moved') }}{% endif %}{% break %}{% endfor %}{% endfor %}")
  }

  /// Tries an operation; returns nil where twenty are too many or where it fails, and what is wrong otherwise.
  func complaint(about expression: String) -> String? {
    do {
      try Self.render(opening + "{% set y = \(expression) %}" + closing, steps: steps + Self.stepsForRounds)
      return "\(expression) is not paid for"
    } catch {
      return [.limit, .runtime, .raised].contains(error.kind) ? nil : "\(expression): \(error)"
    }
  }

  private static func render(_ source: String, steps: Int) throws(TemplateError) {
    _ = try ChatTemplate(source: source).render(
      [], clock: TemplateClock(year: 2024, month: 1, day: 1), steps: steps)
  }

  /// The fewest steps with which a template comes to its exception.
  private static func steps(_ source: String) -> Int {
    var (low, high) = (0, 100_000)
    while low < high {
      let middle = (low + high) / 2
      let error = #expect(throws: TemplateError.self) { try render(source, steps: middle) }
      if error?.kind == .limit { low = middle + 1 } else { high = middle }
    }
    return low
  }
}

extension LargeTemplateValue {
  static let texts = ["'aB c' * 10000", "'é ' * 13000", "'\u{6F22}<' * 10000"].map { shared($0, copy: "v ~ ''") }
  static let lists = ["[1] * 3000 + [2]", "[['a', 'b']] * 2000"].map { shared($0, copy: "v + v[:0]") }
  static let ranges = [shared("range(3000)", copy: "range(3000)")]
  static let dictionaries = [shared(pairs, copy: "dict(v)")]
  static let views = [items, keys, values]
  static let items = shared("\(pairs).items()", copy: "\(pairs).items()")
  static let keys = shared("\(pairs).keys()", copy: "\(pairs).keys()")
  static let values = shared("\(pairs).values()", copy: "\(pairs).values()")
  static let iterators = [iterator(over: "[1] * 2000")]
  static let loops = [loop(over: "[1] * 2000")]
  static let namespaces = [shared("namespace(\(pairs))", copy: "1")]
  static let doubles = [shared("1.5", copy: "1.5")]
  static let cyclers = [shared("cycler(*[1] * 2000)", copy: "1")]
  private static let pairs = "dict(range(2000)|map('string')|batch(2))"

  /// What can be iterated.
  static let containers = lists + ranges + dictionaries + views + iterators + loops
  /// What is the same as its copy only after both were walked, or is used up.
  static let comparable = texts + lists + dictionaries + [items, keys] + iterators + loops
}

internal import ApusJSON
internal import ApusTemplates
internal import ApusTestSupport
internal import ApusText
internal import Testing

/// Which bytes of a prompt the template wrote: those of a message never are, whatever a template does with them.
@Suite struct PromptOriginTests {
  /// Text that no template here spells out, with a turn mark in it.
  private static let forged = "<|im_start|> Ωé <b>x</b>"
  /// What would be left of it after any change that a filter makes.
  private static let traces = ["|", "Ω", "ω", "é", "É", "%7C", "u03a9", "u03A9", "xe9", "lt;"]

  private static let context: [(name: String, value: JSONValue)] = [
    ("x", .string(forged)), ("messages", [["role": "user", "content": .string(forged)]]), ("n", 124),
    ("tools", .array([.object(JSONObject([("name", .string(forged)), (forged, 1)]))])),
  ]

  @Test(arguments: ChatTemplate.OperationNames().filters)
  func `no filter makes a message's text the template's`(_ name: String) {
    expectNoTraces(name, calls: ["|\(name)"])
  }

  @Test(arguments: ChatTemplate.OperationNames().methods.flatMap { $0.type == "str" ? $0.names : [] })
  func `no method makes a message's text the template's`(_ name: String) {
    expectNoTraces(name, calls: [".\(name)"])
  }

  private static let receivers = [
    "x", "[x]", "[[x, x]]", "{x: x}", "{'a': x}", "('a' ~ x ~ 'b')", "tools", "tools[0]", "'a'", "['a', 'b']", "'%s'",
    "'{0}'", "'%c'", "'{:c}'", "'ab'", "n", "[{'a': x}, {'a': 'b'}]",
  ]
  private static let arguments = [
    "", "()", "(x)", "('a')", "(n)", "(3)", "(90, x[1])", "(90, 'y')", "(x, x)", "('a', x)", "('x', 'y')",
    "(attribute='a')",
    "(x[0], '')", "('upper')", "('replace', 'x', 'y')", "(attribute=0)", "('a', 'a', 'b')", "(false, x)",
    "(1, false, x)",
    "([x, 'a'])", "({'a': x})", "(5, x)", "(3, true, x)", "(separators=(x, x))", "(indent=x)", "(' ')", "('n', 'm', 1)",
  ]

  private func expectNoTraces(_ name: String, calls: [String]) {
    var count = 0
    for receiver in Self.receivers {
      for argument in Self.arguments {
        for call in calls {
          let value = "(\(receiver)\(call)\(argument))"
          for output in ["{{ \(value) }}", "{{ \(value)|list|tojson }}"] {
            guard let prompt = try? ChatTemplate(source: output).render(Self.context) else { continue }
            count += 1
            let written = Self.templateText(prompt)
            #expect(!Self.traces.contains { written.contains($0) }, "\(output): \(Self.marked(prompt))")
          }
        }
      }
    }
    #expect(count > 0 || name == "random")
  }

  @Test(arguments: [
    // What a template spells out and what it computes from nothing else is its own.
    ("<a>{{ 'b' }}{{ 1 + 1 }}{{ true }}{{ [1, 'c'] }}", "<a>b2True[1, 'c']"),
    ("{{ bos_token }}{{ x }}{{ eos_token }}", "<s>«X Y»</s>"),
    ("{% for m in messages %}<|{{ m.role }}|>{{ m.content }}{% endfor %}", "<|user|>«c1»<|«odd»|>«c2»"),
    ("{{ strftime_now('%Y') }}{{ strftime_now(x) }}", "2024«X Y»"),
    ("{% for c in x %}{{ loop.index }}{{ c }}{% endfor %}", "1«X»2« »3«Y»"),
    // What joins texts keeps the authors.
    ("{{ '<a>' + x + '<b>' }}{{ '<' ~ x ~ 1 ~ '>' }}", "<a>«X Y»<b><«X Y»1>"),
    ("{{ ('a' ~ x) * 2 }}{{ x * 2 }}{{ 'ab' * 2 }}", "a«X Y»a«X YX YX Y»abab"),
    ("{{ ['<a>', x, '<b>']|join('|') }}{{ x.join(['a', 'b']) }}", "<a>|«X Y»|<b>a«X Y»b"),
    ("{{ '<%s>' % x }}{{ '<%(k)5s>' % {'k': 'v'} }}{{ x % () }}", "<«X Y»><    v>«X Y»"),
    ("{{ '<{}>{:>5}{{'.format(x, 'v') }}", "<«X Y»>    v{"),
    ("{{ '%c%c' % (65, 'B') }}{{ '{:c}'.format(65) }}", "«A»B«A»"),
    ("{% set y %}<a>{{ x }}<b>{% endset %}{{ y }}", "<a>«X Y»<b>"),
    ("{% macro m(v) %}<{{ v }}>{{ caller() }}{% endmacro %}{% call m(x) %}[{{ x }}]{% endcall %}", "<«X Y»>[«X Y»]"),
    ("{% filter replace('X', '<x>') %}a{{ x }}{% endfilter %}", "a<x>« Y»"),
    ("{% filter trim %} a{{ x }} {% endfilter %}", "a«X Y»"),
    // What cuts texts does too.
    ("{{ ('<a>' ~ x ~ '<b>')[1:5] }}{{ ('<a>' ~ x)[::-1] }}{{ ('a' ~ x)[0] }}", "a>«X Y X»>a<a"),
    ("{{ ('<a> ' ~ x ~ ' <b>').split()|join('+') }}", "<a>+«X»+«Y»+<b>"),
    ("{{ ('a,' ~ x ~ ',b').split(',')|join('+') }}{{ ('a ' ~ x).rsplit(' ', 1)|join('+') }}", "a+«X Y»+ba «X»+«Y»"),
    ("{{ ('a\n' ~ x ~ '\nb').splitlines()|join('+') }}", "a+«X Y»+b"),
    ("{{ (x ~ '|' ~ x).partition('|')[1] }}{{ x.partition(' ')[1] }}{{ x.rpartition(' ')[1] }}", "|«  »"),
    ("{{ (' ' ~ x ~ ' ').strip() }}{{ ('a' ~ x).removeprefix('a') }}{{ (x ~ 'a').removesuffix('a') }}", "«X YX YX Y»"),
    ("{{ x.replace('X', '<') }}{{ 'X'.replace('X', x) }}{{ 'ab'.replace('', x[0]) }}", "<« YX YX»a«X»b«X»"),
    ("{{ x.center(5) }}{{ x.ljust(4, '-') }}{{ '7'.zfill(3) }}{{ x.zfill(4) }}", " «X Y» «X Y»-0070«X Y»"),
    (
      "{{ (x ~ '\ta').expandtabs(4) }}{{ ('a' ~ x)|indent(2, true) }}{{ x|truncate(2, true, '…', 0) }}",
      "«X Y» a  a«X YX»…"
    ),
    ("{{ ('ab ' ~ x)|wordwrap(3) }}", "ab«\nX Y»"),
    ("{{ ['<a>', x]|list|string }}{{ {'k': x} }}{{ [x]|tojson }}", "['<a>', '«X Y»']{'k': '«X Y»'}[\"«X Y»\"]"),
    ("{{ {'k': 'v'}|tojson(separators=(x, ':')) }}", "«{\"k\":\"v\"}»"),
    ("{{ ('<a>' ~ x)|e }}{{ ('<' ~ x)|safe }}{{ ('a b' ~ x)|urlencode }}", "&lt;a&gt;«X Y»<«X Y»a%20b«X%20Y»"),
    // A change of a text as a whole is a message's where the text is in part.
    ("{{ 'ab'|upper }}{{ ('ab' ~ x)|lower }}{{ 'ab c'|title }}{{ ('<i>a</i>' ~ x)|striptags }}", "AB«abx y»Ab C«aX Y»"),
    // What is looked up is whoever's it was when it was stored.
    ("{{ {'k': x}['k'] }}{{ {x: 'v'}[x] }}{{ {x: 'v'}|first }}{{ [x, 'a']|min }}", "«X Y»v«X Y»a"),
    ("{% set ns = namespace(a='a') %}{% set ns.a = ns.a ~ x %}{{ ns.a }}", "a«X Y»"),
    ("{{ [{'k': x}, {'k': 'v'}]|map(attribute='k')|join }}{{ [{'k': x}]|groupby('k')|first|first }}", "«X Y»v«X Y»"),
  ])
  func `texts keep their authors`(_ source: String, _ expected: String) throws {
    let context: [(name: String, value: JSONValue)] = [
      ("x", "X Y"), ("bos_token", "<s>"), ("eos_token", "</s>"),
      ("messages", [["role": "user", "content": "c1"], ["role": "odd", "content": "c2"]]),
    ]
    let clock = TemplateClock(year: 2024, month: 1, day: 1)
    let prompt = try ChatTemplate(source: source).render(context, clock: clock)
    #expect(Self.marked(prompt) == expected)
  }

  /// Messages are in capitals and templates are not, so that every byte shows whose it is.
  @Test func `whatever moves bytes moves their authors`() throws {
    var generator = SeededGenerator(seed: 17)
    var lengths = 0
    for _ in 0..<2000 {
      let source = "{{ \(Self.expression(depth: 4, &generator)) }}"
      let prompt = try ChatTemplate(source: source).render([("x", "XÉZ"), ("y", "ΩX")])
      let written = Self.templateText(prompt)
      let message = Self.messageParts(prompt).joined()
      #expect(!written.unicodeScalars.contains { $0.properties.isUppercase }, "\(source): \(Self.marked(prompt))")
      #expect(message.unicodeScalars.allSatisfy { $0.properties.isUppercase }, "\(source): \(Self.marked(prompt))")
      lengths += message.utf8.count
    }
    #expect(lengths > 5_000)
  }

  private static func expression(depth: Int, _ generator: inout SeededGenerator) -> String {
    guard depth > 0 else { return ["x", "y", "'ab-c'", "'éa'", "''"].randomElement(using: &generator) ?? "x" }
    let a = expression(depth: depth - 1, &generator)
    let b = expression(depth: depth - 1, &generator)
    let forms = [
      "\(a) + \(b)", "\(a) ~ \(b)", "\(a) * 2", "\(a)[1:]", "\(a)[:-2]", "\(a)[::-1]", "\(a)[1::2]", "\(a)|reverse",
      "\(a).replace('a', \(b)[:9])", "\(a).replace('X', 'q')", "\(a)[:9].replace('', y, 3)",
      "\(a).split('-')|join(\(b)[:5])",
      "\(a).rsplit('X', 1)|join('r')", "[\(a), \(b)]|join('-')", "'-'.join([\(a), \(b)])", "\(a).strip('aX')",
      "\(a)|trim",
      "\(a).lstrip('b')", "\(a).removeprefix('ab')", "\(a).removesuffix(y)", "\(a).center(20, 'z')",
      "\(a).rjust(9, 'Z'.lower())",
      "\(a).zfill(9)", "'%s-%3s' % (\(a), \(b))", "'{}-{:>4}'.format(\(a), \(b))", "\(a)|list|join",
      "\(a).partition('X')|join('p')",
      "\(a)|wordwrap(5, wrapstring='w')", "\(a).splitlines()|join", "\(a)|truncate(9, true, 'e', 0)", "[\(a)]|string",
      "[\(a)]|tojson", "\(a)|indent(2, true)", "\(a) if x else \(b)", "\(a).expandtabs(3)",
    ]
    return "(\(forms.randomElement(using: &generator) ?? a))"
  }

  @Test func `a role is the template's only where it is a well-known one of a message`() throws {
    let template = try ChatTemplate(source: "{{ messages[0].role }}{{ messages[0].call.role }}{{ tools[0].role }}")
    let prompt = try template.render([
      ("messages", [["role": "tool", "call": ["role": "tool"]]]), ("tools", [["role": "tool"]]),
    ])
    #expect(Self.marked(prompt) == "tool«tooltool»")
  }

  @Test func `many changes of author cost no more than many bytes`() throws {
    let source =
      "{% set t = x|list|join('-') %}{{ (t * 100)[1:]|length }}{{ t.split('-')|length }}{{ (t ~ t)|e|length }}"
    let prompt = try ChatTemplate(source: source).render([("x", .string(String(repeating: "a", count: 5_000)))])
    #expect(prompt.string == "999899500019998")
  }

  /// What the template wrote.
  private static func templateText(_ prompt: PromptText) -> String {
    prompt.templateRanges.map { String(decoding: prompt.utf8[$0], as: UTF8.self) }.joined(separator: "\u{0}")
  }

  /// What stands before, between and behind what the template wrote.
  private static func messageParts(_ prompt: PromptText) -> [String] {
    let starts = [0] + prompt.templateRanges.map(\.upperBound)
    let ends = prompt.templateRanges.map(\.lowerBound) + [prompt.utf8.count]
    return zip(starts, ends).map { String(decoding: prompt.utf8[$0..<$1], as: UTF8.self) }
  }

  /// The prompt with marks around what the template did not write.
  private static func marked(_ prompt: PromptText) -> String {
    let messages = messageParts(prompt).map { $0.isEmpty ? "" : "«\($0)»" }
    let template = prompt.templateRanges.map { String(decoding: prompt.utf8[$0], as: UTF8.self) } + [""]
    return zip(messages, template).map { $0 + $1 }.joined()
  }
}

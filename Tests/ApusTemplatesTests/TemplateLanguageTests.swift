internal import ApusJSON
internal import ApusTemplates
internal import ApusText
internal import Testing

/// What the reference cases leave open; the expected texts come from Jinja 3.1.6.
@Suite struct TemplateLanguageTests {
  static let context: [(name: String, value: JSONValue)] = [
    ("n", 7), ("s", "  pad  "), ("lst", [3, 1, 2]), ("d", ["k": "v", "z": [1, 2], "a": .null]),
    ("users", [["name": "Bob", "age": 30], ["name": "alice", "age": 25], ["name": "Carl", "age": 25]]),
    ("tree", [["n": "a", "c": [["n": "b", "c": []], ["n": "c", "c": [["n": "d", "c": []]]]]]]),
    ("html", "<a href=\"x\">&'</a>"), ("big", 9_007_199_254_740_993),
  ]

  @Test(arguments: [
    (
      "{{ -2 ** 2 }} {{ 2 ** 3 ** 2 }} {{ 2 ** -1 }} {{ 7 // -2 }} {{ -7.5 // 2 }} {{ -7.5 % 2 }}",
      "4 64 0.5 -4 -4.0 0.5"
    ),
    ("{{ 1 ~ 2 * 3 }} {{ 'a' ~ 'b' * 2 }} {{ -3|abs }}", "16 abb 3"),
    ("{{ 1 < 2 < 3 < 2 }} {{ 3 in [1,2,3] in [[1,2,3]] }} {{ not not 1 }} {{ not 1 == 2 }}", "False True True True"),
    ("{{ 1 if false }}|{{ 1 if false else 2 if false else 3 }}", "|3"),
    (
      "{{ 1_000_000 }} {{ 0xff }} {{ 0o17 }} {{ 0b101 }} {{ 1.5e-3 }} {{ 1e16 }} {{ 1e15 }}",
      "1000000 255 15 5 0.0015 1e+16 1000000000000000.0"
    ),
    (
      "{{ 'hello'[4:1:-1] }} {{ 'hello'[-100:100] }} {{ (1,2,3)[1:] }} {{ range(10)[::-1] }}",
      "oll hello (2, 3) range(9, -1, -1)"
    ),
    ("{{ {1: 'a', 1.0: 'b', true: 'c'} }} {{ {'a': 1, 'a': 2} }}", "{1: 'c'} {'a': 2}"),
    ("{{ ['it\\'s', 'say \"x\"', '\\n\\t\\\\', '\\x00\\u200b'] }}", #"["it's", 'say "x"', '\n\t\\', '\x00\u200b']"#),
    ("{{ 'e\\u0301' == '\\xe9' }} {{ 'e\\u0301'|length }} {{ '\\r\\n'|length }}", "False 2 2"),
    ("{{ big == 9007199254740992.0 }} {{ 1 == 1.0 }} {{ true == 1 }}", "False True True"),
    ("{{ 'ΑΣ'|lower }} {{ 'ß'|upper }} {{ \"it's a-b (c)\"|title }} {{ \"it's\".title() }}", "ας SS It's A-B (C) It'S"),
  ])
  func expressionsEvaluateAsInPython(_ source: String, _ expected: String) throws {
    #expect(try render(source) == expected)
  }

  @Test(arguments: [
    (
      "{% for t in tree recursive %}<{{ t.n }}{{ loop.depth }}{% if t.c %}({{ loop(t.c) }}){% endif %}>{% endfor %}",
      "<a1(<b2><c2(<d3>)>)>"
    ),
    ("{% for i in [1,2,3] %}{{ loop.previtem }}<{{ i }}>{{ loop.nextitem }};{% endfor %}", "<1>2;1<2>3;2<3>;"),
    ("{% for i in [1,1,2] %}{{ loop.changed(i) }}{{ loop.cycle('a','b') }}{% endfor %}", "TrueaFalsebTruea"),
    (
      "{% for i in range(9) %}{% if i == 2 %}{% continue %}{% elif i == 5 %}{% break %}{% endif %}{{ i }}{% endfor %}",
      "0134"
    ),
    (
      "{% set ns = namespace(f=false) %}{% for x in [1,2,3] if not ns.f %}{{ x }}{% if x == 2 %}{% set ns.f = true %}"
        + "{% endif %}{% endfor %}", "12"
    ),
    ("{% set x = 'o' %}{% for i in [1] %}{{ x }}{% set x = 'i' %}{{ x }}{% endfor %}{{ x }}", "oio"),
    ("{% macro m() %}{{ later }}{% endmacro %}{% set later = 5 %}{{ m() }}", "5"),
    (
      "{% macro m(a, b=a) %}{{ a }}{{ b }}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m(1, 2, 3, x=4) }}{{ m(5) }}",
      "12(3,){'x': 4}55(){}"
    ),
    (
      "{% macro m(x) %}{{ caller(x, 2) }}{% endmacro %}{% call(a, b) m(1) %}{{ a }}-{{ b }}-{{ n }}{% endcall %}",
      "1-2-7"
    ),
    (
      "{% with a = 1, b = 2 %}{% with a = b, b = a %}{{ a }}{{ b }}{% endwith %}{% endwith %}{{ a is defined }}",
      "21False"
    ),
    ("{% set x | replace('a','b') | upper %}abc{% endset %}{{ x }}", "BBC"),
    ("{% generation %}abc{% set z = 1 %}{% endgeneration %}{{ z is defined }}", "abcFalse"),
    ("{% set g = [1,2]|map('string') %}{{ g|list }}{{ g|list }}{{ 'x' if []|map('int') }}", "['1', '2'][]x"),
    ("a\n  {%- raw %}\n  x\n  {% endraw -%}\n  y", "a\n  x\ny"),
    ("  {%+ if true %}\n  y\n  {%+ endif %}\nz", "    y\n  z"),
  ])
  func statementsRunAsInJinja(_ source: String, _ expected: String) throws {
    #expect(try render(source) == expected)
  }

  @Test(arguments: [
    ("{{ users|sort(attribute='name')|map(attribute='name')|join(',') }}", "alice,Bob,Carl"),
    ("{% for g in users|groupby('age') %}{{ g.grouper }}:{{ g.list|length }};{% endfor %}", "25:2;30:1;"),
    ("{{ users|selectattr('age','eq',25)|map(attribute='name')|list }}", "['alice', 'Carl']"),
    ("{{ users|map(attribute='zip', default='?')|list }} {{ ['a','A']|unique|list }}", "['?', '?', '?'] ['a']"),
    (
      "{{ 2.675|round(2) }} {{ 1234.5|round(-2) }} {{ 42.55|round(1,'floor') }} {{ 2.5|round }}", "2.67 1200.0 42.5 2.0"
    ),
    ("{{ '0xff'|int(0,16) }} {{ '1e3'|int }} {{ 'inf'|int(5) }} {{ ' 1_0.5 '|float }}", "255 1000 5 10.5"),
    ("{{ 'foo bar baz qux'|truncate(9) }} {{ 'a\\nb'|indent('> ', true) }}", "foo... > a\n> b"),
    ("{{ html|e|e }} {{ ('<'|safe) + '<' }}", "&lt;a href=&#34;x&#34;&gt;&amp;&#39;&lt;/a&gt; <&lt;"),
    ("{{ '%5.1f|%-4d|%x|%r|%(a)s' if false else '%05.1f|%+d|%#x|%r' % (3.14159, 3, 255, 'a') }}", "003.1|+3|0xff|'a'"),
    (
      "{{ '{0} {a:>4} {b[k]!r} {:,.2f}'.format(1, a=2, b={'k': 'v'}) if false else '{:,.2f}|{:^5}|{x!r}'.format(1234.5, 'a', x='b') }}",
      "1,234.50|  a  |'b'"
    ),
    (
      "{{ {'b': 1, 'a': [1.0, {}]}|tojson(sort_keys=true, indent=1) }}", "{\n \"a\": [\n  1.0,\n  {}\n ],\n \"b\": 1\n}"
    ),
    ("{{ '\\xe9\\U0001F999\\x7f'|tojson(ensure_ascii=true) }}", #""\u00e9\ud83e\udd99\u007f""#),
    (
      "{{ ' a b '.rsplit(none, 1) }} {{ 'aaa'.rsplit('aa', 1) }} {{ 'a\\r\\nb\\x0bc'.splitlines() }}",
      "[' a', 'b'] ['a', ''] ['a', 'b', 'c']"
    ),
    (
      "{{ 'hello'.find('l', -2) }} {{ 'h\\xe9llo'.rfind('l') }} {{ 'abc'.count('') }} {{ '-5'.zfill(4) }}", "3 3 4 -005"
    ),
    (
      "{{ d.items() }} {{ d.get('q', 5) }} {{ d|dictsort|first }}",
      "dict_items([('k', 'v'), ('z', [1, 2]), ('a', None)]) 5 ('a', None)"
    ),
    ("{{ lst.append }}|{{ d.__class__ }}|{{ d.copy() == d }}", "||True"),
  ])
  func filtersAndMethodsGiveWhatPythonGives(_ source: String, _ expected: String) throws {
    #expect(try render(source) == expected)
  }

  @Test(arguments: [
    "{{ (1 }}", "{{ [1) }}", "{{ 1 2 }}", "{{ a. }}", "{{ 010 }}", "{{ f(a=1, 2) }}", "{{ 'abc }}", "{# x",
    "{% endif %}",
    "{% for x in y %}", "{% include 'x' %}", "{% break %}", "{% macro m(a=1, b) %}{% endmacro %}", "{{ '\\ud800' }}",
    "{{ 99999999999999999999 }}", "{% set 1 = 2 %}", "{{ $ }}",
  ])
  func whatIsNoTemplateIsASyntaxErrorWithItsLine(_ source: String) {
    expectError("\n" + source, .syntax)
  }

  @Test(arguments: [
    "{{ .Prompt }}", "{{.Prompt}}", "{{ if .System }}{{ .System }}{{ end }}",
    "{{- range .Messages }}{{ .Role }}{{- end }}",
    "{{- $last := 1 }}", "x {{ 1 }} {{- if and (eq .Role \"user\") $last }}", "{{- range $i, $_ := .Messages }}",
  ])
  func aTemplateInGosFormatIsCalledThat(_ source: String) {
    let error = #expect(throws: TemplateError.self) { try ChatTemplate(source: source) }
    #expect(error?.kind == .foreign && error?.description.contains("Go's format") == true, "\(error as Any)")
  }

  @Test func anotherErrorIsNotTakenForGosFormat() {
    for source in ["{{ if x }}", "{% if a %}{{ messages[0].content }}", "{{ range(. }}", "{{", "{{-"] {
      let error = #expect(throws: TemplateError.self) { try ChatTemplate(source: source) }
      #expect(error?.kind == .syntax, "\(source): \(error as Any)")
    }
  }

  @Test(arguments: [
    ("{% set n = namespace(q=[]) %}{{ n.q.append(1) }}{{ n.q.append([2]) }}{{ n.q }}", "None" + "None" + "[1, [2]]"),
    ("{% set n = namespace(q=[1, 2, 3]) %}{{ n.q.pop(0) }}{{ n.q.pop() }}{{ n.q.pop(-1) }}{{ n.q }}", "132[]"),
  ])
  func listsInANamespaceCanBeChanged(_ source: String, _ expected: String) throws {
    #expect(try ChatTemplate(source: source).render([]).string == expected)
  }

  @Test(arguments: [
    "{% set q = [] %}{{ q.append(1) }}", "{% set n = namespace(q=[]) %}{{ n.q.pop() }}",
    "{% set n = namespace(q=[1]) %}{{ n.q.pop('a') }}", "{% set n = namespace(q=[1]) %}{{ n.q.append() }}",
    "{% set n = namespace(q=[1]) %}{{ n.q.pop(-3) }}", "{% set n = namespace(q=[1]) %}{{ n.q.clear() }}",
  ])
  func otherChangesOfListsAreRefused(_ source: String) throws {
    #expect(throws: TemplateError.self) { try ChatTemplate(source: source).render([]) }
  }

  @Test(arguments: [
    "{{ nope.x }}", "{{ nope + 1 }}", "{{ 1 + 'a' }}", "{{ 'a' < 1 }}", "{{ lst.append(4) }}", "{{ d.update({}) }}",
    "{{ d.pop('k') }}", "{{ 5() }}", "{{ 1|nosuch }}", "{{ 1 is nosuch }}", "{{ {[1]: 2} }}", "{{ none|length }}",
    "{% for a, b in [1] %}{% endfor %}", "{{ ''.__class__.__mro__ }}", "{% set x.y = 1 %}", "{{ nope|tojson }}",
    "{{ [1]|random }}", "{{ '%d' % 'a' }}", "{{ '{}'.format() }}", "{{ 5[1:] }}", "{{ strftime_now('%Y') }}",
  ])
  func whatPythonRefusesIsARuntimeError(_ source: String) {
    expectError("\n" + source, .runtime)
  }

  @Test func theMessageOfRaiseExceptionArrivesWhole() {
    #expect(throws: TemplateError.self) { try render("{{ raise_exception('boom ' ~ n) }}") }
    do {
      _ = try ChatTemplate(source: "{{ raise_exception('boom ' ~ n) }}").render(Self.context)
    } catch {
      #expect(error.kind == .raised)
      #expect(error.message == "boom 7")
    }
  }

  @Test func theClockIsTheCallers() throws {
    let clock = TemplateClock(year: 2024, month: 2, day: 9, hour: 15, minute: 4, second: 5)
    let template = try ChatTemplate(source: "{{ strftime_now('%d %b %Y|%-d|%e|%A %j|%I:%M %p|%F %T|%y|%Z|%U %w|%%') }}")
    #expect(
      try template.render([], clock: clock).string
        == "09 Feb 2024|9| 9|Friday 040|03:04 PM|2024-02-09 15:04:05|24||05 5|%")
    #expect(TemplateClock(year: 2023, month: 2, day: 29) == nil)
  }

  @Test func aConversationIsRenderedByOneCall() throws {
    let source =
      "{{ bos_token }}{% for m in messages %}{{ m.role }}:{{ m.content }}{{ eos_token }}{% endfor %}"
      + "{{ tools is none }}{% if enable_thinking %}T{% endif %}{% if add_generation_prompt %}>{% endif %}"
    let template = try ChatTemplate(source: source)
    let prompt = try template.render(
      messages: [["role": "user", "content": "hi"]], addGenerationPrompt: true, bosToken: "<s>", eosToken: "</s>",
      variables: [("enable_thinking", true)])
    #expect(prompt.string == "<s>user:hi</s>TrueT>")
    #expect(throws: TemplateError.self) {
      try template.render(messages: [], addGenerationPrompt: true, variables: [("bos_token", "x")])
    }
    #expect(throws: TemplateError.self) { try template.render(messages: "x", addGenerationPrompt: true) }
  }

  private func render(_ source: String) throws(TemplateError) -> String {
    try ChatTemplate(source: source).render(Self.context).string
  }

  private func expectError(_ source: String, _ kind: TemplateError.Kind) {
    do {
      let output = try render(source)
      Issue.record("\(source) gave \(output)")
    } catch {
      #expect(error.kind == kind, "\(source): \(error)")
      #expect(error.line == 2, "\(source): \(error)")
    }
  }
}

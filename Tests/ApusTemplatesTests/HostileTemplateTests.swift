internal import ApusJSON
internal import ApusTemplates
internal import ApusTestSupport
internal import ApusText
internal import Foundation
internal import Testing

/// Templates written to exhaust the stack, the time or the memory, or to reach a trap.
@Suite struct HostileTemplateTests {
  private static func times(_ count: Int, _ text: String) -> String { String(repeating: text, count: count) }

  static let tooDeep: [String] = [
    "{{ " + times(60_000, "(") + "1" + times(60_000, ")") + " }}",
    "{{ " + times(60_000, "[") + times(60_000, "]") + " }}",
    "{{ " + times(60_000, "{1:") + "1" + times(60_000, "}") + " }}",
    "{{ " + times(20_000, "x[") + "1" + times(20_000, "]") + " }}",
    "{{ " + times(20_000, "range(") + "1" + times(20_000, ")") + " }}",
    "{{ " + times(20_000, "1 if 0 else ") + "1 }}",
    "{{ " + times(300, "1 or 1 and not 1 == 1 + 1 ~ 1 * 1 ** -(") + "1" + times(300, ")") + " }}",
    times(20_000, "{% if 1 %}") + times(20_000, "{% endif %}"),
    times(20_000, "{% for a in [1] %}") + times(20_000, "{% endfor %}"),
    times(20_000, "{% macro m() %}") + times(20_000, "{% endmacro %}"),
    "{% set " + times(20_000, "(") + "a" + times(20_000, ")") + " = 1 %}",
    "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "{% macro m(x) %}{% if 1 %}{% for i in [1] %}{% set y %}{{ [[[m(x)]]] }}{% endset %}{% endfor %}{% endif %}"
      + "{% endmacro %}{{ m(1) }}",
    "{% macro a() %}{{ b() }}{% endmacro %}{% macro b() %}{{ a() }}{% endmacro %}{{ a() }}",
    "{% macro m() %}{% call m() %}{% endcall %}{{ caller() }}{% endmacro %}{{ m() }}",
    "{% macro a(x=a()) %}{% endmacro %}{{ a() }}",
    "{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}",
    "{% set ns = namespace(s=[]) %}{% for i in range(99999) %}{% set ns.s = [ns.s] %}{% endfor %}",
    "{% set ns = namespace(s={}) %}{% for i in range(99999) %}{% set ns.s = {'a': ns.s} %}{% endfor %}",
    "{% set ns = namespace(s={}) %}{% for i in range(99999) %}{% set ns.s = {'a': ns.s.get} %}{% endfor %}",
    "{% set h = namespace(x=1) %}{% for i in range(60000) %}{% set h.x = namespace(a=[h.x]) %}{% endfor %}"
      + "{{ [h.x]|string }}",
    "{% set h = namespace(x=1) %}{% for i in range(9999) %}"
      + "{% set h.x = namespace(a=[[[[({'b': h.x},)]]]], c=h.x) %}{% endfor %}{{ h.x }}",
    "{% set h = namespace(x=1) %}{% for i in range(9999) %}{% set h.x = namespace(a=dict(b=h.x).items()) %}{% endfor %}"
      + "{{ h.x ~ '' }}",
  ]

  @Test(arguments: tooDeep.indices) func endlessNestingIsALimitError(_ index: Int) { expectLimit(Self.tooDeep[index]) }

  static let tooMuch: [String] = [
    "{% for i in range(1000000000000) %}{% endfor %}",
    "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}",
    "{% for i in range(99999) %}{% for j in range(99999) if false %}{% endfor %}{% endfor %}",
    "{{ 'x' * 10000000000 }}", "{{ [1] * 10000000000 }}", "{{ 'x' * 9223372036854775807 }}",
    "{% set ns = namespace(s='x') %}{% for i in range(99999) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}",
    "{% set ns = namespace(s=[1]) %}{% for i in range(99999) %}{% set ns.s = ns.s + ns.s %}{% endfor %}",
    "{% set ns = namespace(s=[1]) %}{% for i in range(100) %}{% set ns.s = [ns.s, ns.s] %}{% endfor %}{{ ns.s }}",
    "{% set ns = namespace(s=[1], t=[1]) %}{% for i in range(100) %}{% set ns.s = [ns.s, ns.s] %}"
      + "{% set ns.t = [ns.t, ns.t] %}{% endfor %}{{ ns.s == ns.t }}",
    "{% set ns = namespace(s=[]) %}{% for i in range(100) %}{% set ns.s = [ns.s, ns.s] %}{% endfor %}{{ ns.s|tojson }}",
    "{% set ns = namespace(s=(1,)) %}{% for i in range(100) %}{% set ns.s = (ns.s, ns.s) %}{% endfor %}{{ {ns.s: 1} }}",
    "{{ [1,[2]]|tojson(indent=10000000000) }}", "{{ [1,[2]]|tojson(indent=4000000) }}",
    "{% set s = 'x'*4000000 %}{{ [1,2,3]|tojson(separators=(s,s)) }}", "{{ ('\\x01'*4000000)|tojson }}",
    "{% set s = 'x'*4000000 %}{{ range(1000)|join(s) }}", "{% set s = 'x'*4000000 %}{{ s.join([s,s]) }}",
    "{% set s = 'x'*40000 %}{{ s.replace('x', s)|length }}", "{% set s = 'x'*40000 %}{{ s.replace('', s)|length }}",
    "{{ 'x'.center(10000000000) }}", "{{ 'x'.ljust(9223372036854775807) }}", "{{ 'x'.zfill(9223372036854775807) }}",
    "{{ 'x'|center(9223372036854775807) }}", "{{ '%9999999999d' % 1 }}", "{{ '%.9999999999f' % 1 }}",
    "{{ '{:9999999999}'.format(1) }}", "{{ '{:.99999999}'.format(1.5) }}", "{{ '%*d' % (9223372036854775807, 1) }}",
    "{% for i in range(90000) %}{% set x = '%.9999f' % 1.5e-300 %}{% endfor %}",
    "{{ 'a\\nb'|indent(9999999999) }}", "{{ ('\\n'*400000)|indent(400000, blank=true) }}",
    "{{ ('\\t'*4000000).expandtabs(1000) }}", "{{ ('{0}'*100000).format('x'*1000000) }}",
    "{{ [1]|batch(9999999999, 1)|list|length }}", "{{ [1]|slice(9999999999)|list|length }}",
    "{% set x = 'a'*900000 %}{% for i in range(99999) %}{% if 'b' in x %}{% endif %}{% endfor %}",
    "{% set x = 'é'*900000 %}{% for i in range(99999) %}{% set y = x.upper() %}{% endfor %}",
    "{% set ns = namespace() %}{% set ns.a = ns %}{% set p = 'a.'*100000 ~ 'a' %}"
      + "{{ ([ns]*200)|map(attribute=p)|list|length }}",
    "{% set l = [1]*90000 %}{% for i in range(9999) %}{% for a in l %}{% set y = 0 in loop %}{% break %}{% endfor %}"
      + "{% endfor %}",
    "{% set d = dict(range(9998)|batch(2)) %}{% for i in range(99999) %}{% set y = d.items() == d.items() %}"
      + "{% endfor %}",
    "{% set l = [1]*90000 %}{% for i in range(9999) %}{% set " + times(89_999, "a,") + "a = l %}{% endfor %}",
    "{% set s = '\t'*4000 %}{% for i in range(99999) %}{% set y = s.expandtabs(1000) %}{% endfor %}",
    "{% macro m(" + times(400_000, "x") + ") %}{% endmacro %}{% set l = [1]*9 %}"
      + "{% for i in range(99999) %}{% for j in l %}{{ m() }}{% endfor %}{% endfor %}",
    "{% for i in range(99999) %}{% set y = [1]|slice(99999)|list %}{% endfor %}",
    "{% for i in range(99999) %}{{ 'x'*100 }}{% endfor %}", "{{ strftime_now('%Y'*4000) }}",
  ]

  @Test(arguments: tooMuch.indices) func endlessWorkIsALimitError(_ index: Int) { expectLimit(Self.tooMuch[index]) }

  @Test(arguments: [
    "{{ (-9223372036854775807-1)//-1 }}", "{{ -(-9223372036854775807-1) }}", "{{ (-9223372036854775807-1)|abs }}",
    "{{ 9223372036854775807+1 }}", "{{ 9223372036854775807*2 }}", "{{ 2**9223372036854775807 }}", "{{ 2**64 }}",
    "{{ 10**10**10 }}", "{{ '99999999999999999999'|int }}", "{{ 1e300|int }}", "{{ 1e400|int }}", "{{ 1 % 0 }}",
    "{{ 1 // 0 }}", "{{ 1.5 // 0 }}", "{{ 1 / 0 }}", "{{ 'abc'[::0] }}", "{{ range(1, 2, 0) }}",
    "{{ [1]|slice(0)|list }}",
    "{{ 3 is divisibleby 0 }}", "{{ 1.5|round(999999999,'floor') }}", "{{ 10.0 ** 400 }}",
  ])
  func arithmeticBeyondItsRangeIsARuntimeError(_ source: String) {
    do {
      Issue.record("\(source) gave \(try render(source))")
    } catch {
      #expect(error.kind == .runtime, "\(source): \(error)")
    }
  }

  @Test(arguments: [
    ("{{ (-9223372036854775807-1)%-1 }}", "0"), ("{{ (-2)**63 }}", "-9223372036854775808"),
    ("{{ 'abc'[-9223372036854775807-1::-9223372036854775807-1] }}", ""),
    ("{{ [1,2][9223372036854775807:-9223372036854775807-1:-1] }}", "[2, 1]"),
    ("{{ (range(9223372036854775800,9223372036854775807)[::9223372036854775807])|list }}", "[9223372036854775800]"),
    ("{{ 'abc'[-9223372036854775807-1] }}{{ [1][9223372036854775807] }}{{ range(3)[-9223372036854775807-1] }}", ""),
    ("{{ (-9223372036854775807-1) in range(9223372036854775800, 9223372036854775807) }}", "False"),
    (
      "{% set r = range(-9223372036854775807-1, 9223372036854775807, 9223372036854775807) %}"
        + "{{ 9223372036854775806 in r }}{{ -1 in r }}{{ 0 in r }}{{ 9223372036854775806 in r[::2] }}{{ -1 in r[::2] }}",
      "TrueTrueFalseTrueFalse"
    ),
    (
      "{% set r = range(9223372036854775807, -9223372036854775807-1, -9223372036854775807) %}"
        + "{{ -9223372036854775807 in r }}{{ 0 in r }}{{ (-9223372036854775807-1) in r }}{{ 1 in r[:1] }}",
      "TrueTrueFalseFalse"
    ),
    ("{{ 5 in range(3, -9, -1) }}{{ (-9223372036854775807-1) in range(0, -5, -1) }}", "FalseFalse"),
    (
      "{{ range(-9223372036854775807-1, 9223372036854775807, 9223372036854775807)|list }}",
      "[-9223372036854775808, -1, 9223372036854775806]"
    ),
    ("{{ 1.5|round(9223372036854775807) }}{{ 1.5|round(-9223372036854775807-1) }}", "1.50.0"),
    ("{{ 'abc'|truncate(9223372036854775807, leeway=9223372036854775807) }}", "abc"),
    ("{% set ns = namespace() %}{% set ns.a = ns %}{% set ns.b = [ns] %}{{ ns|length if false else 1 }}", "1"),
  ])
  func oddBoundsAreWhatPythonMakesOfThem(_ source: String, _ expected: String) throws {
    #expect(try render(source) == expected)
  }

  @Test func longFlatChainsNeedNoDepth() throws {
    #expect(try render("{{ 1" + Self.times(20_000, "|string") + " }}") == "1")
    #expect(try render("{{ " + Self.times(50_000, "1+") + "1 }}") == "50001")
    #expect(try render("{{ " + Self.times(50_000, "not ") + "1 }}") == "True")
    #expect(try render("{{ " + Self.times(50_000, "-") + "1 }}") == "1")
    #expect(try render("{% if 0 %}" + Self.times(20_000, "{% elif 0 %}") + "{% endif %}x") == "x")
  }

  @Test func aNamespaceThatHoldsItselfCanBePrinted() throws {
    _ = try render("{% set ns = namespace() %}{% set ns.a = ns %}{% set ns.b = [ns] %}{{ ns }}")
    _ = try render("{% for i in range(9) %}{{ loop.changed(loop) }}{{ loop.changed([loop]) }}{{ loop }}{% endfor %}")
  }

  @Test func anErrorThatEndsAnIteratorLeavesTheRenderingWhereItWas() throws {
    #expect(try render("{% for i in range(999) %}{% set y = ['a']|map('abs') %}{% endfor %}x") == "x")
    let source = "{% for q in [0, 'a'] if q + 1 %}{% set y = [loop]|map('list') %}{{ q }}{% endfor %}{{ q }}x"
    #expect(try render(source) == "0x")
  }

  @Test func errorsNeverRepeatAConversation() {
    let secret = Self.times(2000, "secret ")
    for source in [
      "{{ x.y.z }}", "{{ x[x].y }}", "{{ {}[x].y }}", "{{ {}[x] + 1 }}", "{{ x + 1 }}", "{{ x|int / 0 }}",
      "{{ x % x }}",
      "{{ '%d' % x }}", "{{ [1]|map(x)|list }}", "{{ dict(**{x: 1}).a.b }}",
      "{{ raise_exception(x) }}",
      "{{ range(x) }}", "{{ x.index('q') }}", "{{ {'a': 1}|attr(x) + 1 }}",
    ] {
      do {
        _ = try ChatTemplate(source: source).render([("x", .string(secret))])
        Issue.record("\(source) did not fail")
      } catch {
        #expect(error.description.utf8.count <= 512, "\(source)")
        if error.kind != .raised {
          #expect(!error.description.contains("secret secret secret secret secret secret secret secret"), "\(source)")
        }
      }
    }
  }

  /// The smallest stack of a thread on the supported systems; unoptimised or instrumented code needs more.
  private static var smallStackByteCount: Int {
    #if DEBUG
      let isInstrumented = true
    #else
      let isInstrumented = unsafe dlsym(dlopen(nil, RTLD_NOW), "__asan_init") != nil
    #endif
    return (isInstrumented ? 4096 : 512) << 10
  }

  @Test func smallStacksAreEnough() {
    let done = DispatchSemaphore(value: 0)
    let thread = Thread {
      for source in Self.tooDeep { _ = try? Self.render(source) }
      done.signal()
    }
    thread.stackSize = Self.smallStackByteCount
    thread.start()
    done.wait()
  }

  @Test func damagedTemplatesNeverTrap() throws {
    var random = SeededGenerator(seed: 42)
    let conversation: JSONValue = [
      ["role": "system", "content": "s"], ["role": "user", "content": "hi"],
      ["role": "assistant", "content": "", "tool_calls": [["function": ["name": "f", "arguments": ["a": 1]]]]],
    ]
    let pieces = [
      "{{", "}}", "{%", "%}", "(", ")", "[", "]", "|", "'", "-", "loop", "not ", "in ", "**", "~", "\\", "é",
    ]
    for file in TestData.files(in: "chat_templates/templates", suffix: ".jinja") {
      let original = Array(try Data(contentsOf: file))
      for _ in 0..<60 {
        var bytes = original
        for _ in 0...(random.next() % 4) where !bytes.isEmpty {
          let position = Int(random.next() % UInt64(bytes.count))
          switch random.next() % 4 {
          case 0: bytes[position] = UInt8(truncatingIfNeeded: random.next())
          case 1: bytes.remove(at: position)
          case 2: bytes.insert(contentsOf: Array(pieces[Int(random.next() % UInt64(pieces.count))].utf8), at: position)
          default: bytes.removeSubrange(position..<min(bytes.count, position + Int(random.next() % 16)))
          }
        }
        do {
          let template = try ChatTemplate(source: String(decoding: bytes, as: UTF8.self))
          _ = try template.render(messages: conversation, addGenerationPrompt: true, bosToken: "<s>", eosToken: "</s>")
        } catch {
          #expect(error.description.utf8.count <= 512)
        }
      }
    }
  }

  private static func render(_ source: String) throws(TemplateError) -> String {
    try ChatTemplate(source: source).render([("x", [:])], clock: TemplateClock(year: 2024, month: 1, day: 1)).string
  }

  private func render(_ source: String) throws(TemplateError) -> String { try Self.render(source) }

  private func expectLimit(_ source: String) {
    do {
      let output = try render(source)
      Issue.record("\(source.prefix(80)) gave \(output.prefix(80))")
    } catch {
      #expect(error.kind == .limit, "\(source.prefix(80)): \(error)")
      #expect(error.description.utf8.count <= 512)
    }
  }
}

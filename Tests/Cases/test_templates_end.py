"""Any template ends within about a second, whatever it does to large values."""

import json
import os
import resource
import subprocess
import unittest

from program import APUS, ENVIRONMENT, SLACK, shared, temporary

TEXT = "{% set s = 'aB c' * 1000000 %}{% set t = s ~ '' %}{% set u = 'é' * 2000000 %}{% set w = ('ab ' * 99999).split() %}"

OPERATIONS = [
    # On large texts.
    "s == t", "s < t", "s in [t]", "{s: 1}[t]", "{s: 1, 'a': 2}.get(t)", "{'a': 1}[s]", "s is lower", "u is upper",
    "u is lower", "s.islower()", "u.isupper()", "s.endswith('x')", "s.endswith(s)", "s.startswith(t)",
    "s|truncate(2000000)", "'%s' % s", "'%.1s' % (s,)", "'%9s' % s", "'{:.1}'.format(s)", "'{0}{0!r}'.format(u[:99])",
    "dict({s: 1})", "dict(a=s)", "s[5]", "s[-9:]", "u[::2]", "s[::-1]", "u|reverse", "s|trim('a')", "u.strip('é')",
    "s|capitalize", "u|title", "u.swapcase()", "s|wordwrap(3)", "u|wordwrap(1)", "s|indent", "s|replace('c', 'd')",
    "s.replace('', 'x')", "s.count('c')", "s.find('zz')", "s.rfind('zz')", "s.split('c')", "s.split()", "s.splitlines()",
    "s.partition('zz')", "s|wordcount", "u|wordcount", "s|striptags", "s|urlencode", "u|urlencode", "s|escape",
    "s|tojson", "u|tojson(ensure_ascii=true)", "[s]|string", "[u]|string", "s|int", "s|float", "s|length", "u|length",
    "s is sameas t", "s is filter", "s is test", "s|list", "s.removesuffix('c')", "s.zfill(4000001)", "s ~ 1",
    "s|center(4000002)", "s.expandtabs()", "s|first", "s|last", "[s, t]|sort", "[s, t]|unique|list",
    "[s, t]|min", "[s]|map('lower')|list", "[s]|select('lower')|list", "[s]|join(t[:9])", "[{'a': s}]|groupby('a')",
    "namespace(a=s).a", "{'a': 1}|attr(s)", "[{'a': 1}]|map(attribute=s)|list", "loop.changed(s ~ i)",
    # On large containers.
    "w == w[:]", "w ~ ''", "w|tojson", "w|tojson(indent=2)", "w|sort", "w|unique|list", "w|batch(2)|list",
    "w|groupby(0)", "w|slice(5)|list", "w|map('upper')|list", "w|select('upper')|list", "w|select('in', w)|list",
    "w|reverse|list", "w[::2]", "w[::-1]", "w + w", "w|join(',')", "dict(w)", "w.count('zz')", "'zz' in w",
    "w|map('first')|list", "w|max", "w|list", "cycler(*w)", "dict(w|map('list'))", "range(99999)|sum",
    "range(99999)|list", "range(99999)|map('string')|list", "[1.5e300] * 9999 ~ ''", "w|map('truncate', 1)|list",
    # On nothing large.
    "1 + 1", "i|string", "'%.9999f' % 1.5e-300", "'{:,f}'.format(1e300)", "1e300|round(300)", "'%9999d' % 1",
    "[[[[i]]]]", "{'a': i, 'b': i}", "strftime_now('%c' * 2000)", "1.5e-300 ~ 1e300", "[i, 2, 3]|map('abs')|list",
]

WHOLE = {
    "recursive macros": "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(60) }}",
    "nested loops": "{% for a in range(99999) %}{% for b in range(99999) %}{{ loop.last }}{% endfor %}{% endfor %}",
    "a namespace that grows": "{% set ns = namespace(l=[]) %}{% for i in range(99999) %}"
                              "{% set ns.l = ns.l + [i] %}{% endfor %}",
    "a text that grows": "{% set ns = namespace(l='') %}{% for i in range(99999) %}{% set ns.l = ns.l ~ 'ab' * 40 %}"
                         "{% endfor %}",
    "an iterated text": "{% for i in range(999) %}{% for c in 'é' * 900000 %}{% endfor %}{% endfor %}",
    "a filtered loop": "{% for i in range(99999) %}{% for j in range(99999) if j == -1 %}{% endfor %}{% endfor %}",
    "names that are long": "{% set ns = namespace() %}{% for i in range(99999) %}{{ ns." + "x" * 500_000 + " }}"
                           "{% endfor %}",
    "a long name of a macro": "{% macro " + "x" * 500_000 + "() %}{% endmacro %}{% for i in range(99999) %}"
                              "{{ " + "x" * 500_000 + ".name|length }}{% endfor %}",
    "many parameters": "{% macro m(" + ",".join(f"a{i}" for i in range(50_000)) + ") %}{% endmacro %}"
                       "{% for i in range(99999) %}{{ m.arguments|length }}{% endfor %}",
    "many scopes": "".join("{% with %}" for _ in range(60)) + "{% for i in range(99999) %}{% for j in range(99) %}"
                   "{% set y = g and g and g %}{% set z = not g and not g %}{% endfor %}{% endfor %}"
                   + "".join("{% endwith %}" for _ in range(60)),
    "paths of many parts": "{% set ns = namespace() %}{% set ns.a = ns %}{% set p = 'a.' * 100000 ~ 'a' %}"
                           "{{ ([ns] * 200)|map(attribute=p)|list|length }}",
    "a loop as a value": "{% set l = [1] * 90000 %}{% for i in range(9999) %}{% for a in l %}{% set y = 0 in loop %}"
                         "{% break %}{% endfor %}{% endfor %}",
    "equal views": "{% set d = dict(range(99998)|batch(2)) %}{% for i in range(99999) %}"
                   "{% set y = d.items() == dict(d, a=1).items() %}{% endfor %}",
    "namespaces in lists": "{% set h = namespace(x=1) %}{% for i in range(60000) %}"
                           "{% set h.x = namespace(a=[h.x]) %}{% endfor %}{{ [h.x]|string }}",
    "many targets": "{% set l = [1] * 90000 %}{% for i in range(9999) %}{% set " + "a," * 89_999
                    + "a = l %}{% endfor %}",
    "wide tabs": "{% set s = '\\t' * 4000 %}{% for i in range(99999) %}{% set y = s.expandtabs(1000) %}{% endfor %}",
    "a search in a wide range": "{% set r = range(-9223372036854775807 - 1, 9223372036854775807, 184467440737097) %}"
                                "{% for i in range(99999) %}{% for j in range(99999) %}"
                                "{% set y = 9223372036854775806 in r %}{% endfor %}{% endfor %}",
    "many slices": "{% for i in range(99999) %}{% set y = [1]|slice(99999)|list %}{% endfor %}",
    "errors with long texts": "{% set s = 'x' * 4000000 %}{% for i in range(99999) %}"
                              "{% for a in [1, 2] if a == 1 or raise_exception(s) %}{% set y = [loop]|map('list') %}"
                              "{% break %}{% endfor %}{% endfor %}",
    "many keyword arguments": "{% set d = dict(range(60000)|map('string')|batch(2), a=1) %}{% for i in range(9999) %}"
                              "{% set y = ('{a}' * 9999).format(**d) %}{% endfor %}",
}

SOURCES = {
    "brackets": "{{ " + "[" * 500_000, "a chain": "{{ 1" + "|string" * 140_000 + " }}", "signs": "{{ " + "-" * 900_000 + "1 }}",
    "a sum": "{{ " + "1+" * 500_000 + "1 }}", "a list": "{{ [" + "1," * 500_000 + "] }}",
    "a dictionary": "{{ {" + "1:1," * 250_000 + "} }}", "names": "{{ " + "+".join(f"a{i}" for i in range(120_000)) + " }}",
    "branches": "{% if 0 %}" + "{% elif 0 %}" * 80_000 + "{% endif %}", "comments": "{# #}" * 200_000,
    "an open comment": "{#" * 500_000, "open blocks": "{% if 1 %}" * 100_000, "outputs": "{{1}}" * 200_000,
    "a text": "x" * 1_000_000, "braces": "{" * 1_000_000, "a string": "{{ '" + "\\n" * 500_000 + "' }}",
    "strings": "{{ " + "'a' " * 250_000 + " }}", "a number": "{{ " + "1" * 900_000 + " }}",
    "digits": "{{ 1." + "1" * 900_000 + " }}", "subscripts": "{{ a" + "[0]" * 300_000 + " }}",
    "attributes": "{{ a" + ".b" * 450_000 + " }}", "raw": "{% raw %}" + "{{ " * 300_000, "spaces": "{%" + " " * 900_000,
    "lines": "\n" * 900_000 + "{{ 1 }}", "stripping": "  {%- set a = 1 -%}  " * 40_000,
    "comparisons": "{{ " + "1 < " * 250_000 + "1 }}", "tuples": "{% set " + "a," * 400_000 + " = 1 %}",
    "parameters": "{% macro m(" + ",".join(f"{i:x}x".replace("0", "g") for i in range(0xa0000, 0xc0000)) + ") %}"
                  "{% endmacro %}",
    "macros": "{% macro m() %}{% endmacro %}" * 30_000, "or": "{{ " + "0 or " * 190_000 + "1 }}",
}


def seconds(template, messages="[]"):
    """The processor time that rendering takes, and what was said; the process's start is part of it."""
    path = temporary("template.jinja")
    with open(path, "w") as file:
        file.write(template)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    result = subprocess.run([APUS, "template", path], input=messages.encode(), capture_output=True, timeout=300,
                            env=ENVIRONMENT)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, result


class TemplatesEnd(unittest.TestCase):
    def ends(self, name, template):
        with self.subTest(name):
            time, result = seconds(template)
            self.assertIn(result.returncode, (0, 1), result.stderr[-300:])
            self.assertLess(time, 1.5 * SLACK)

    def test_every_operation_in_a_loop_ends(self):
        for operation in OPERATIONS:
            self.ends(operation, TEXT + "{% for i in range(99999) %}{% for j in range(99999) %}{% set y = " + operation
                      + " %}{% endfor %}{% endfor %}")

    def test_whole_templates_end(self):
        for name, template in WHOLE.items():
            self.ends(name, template)

    def test_a_long_conversation_does_not_help_a_hostile_template(self):
        messages = json.dumps([{"role": "user", "content": "aB c" * 1000} for _ in range(2000)])
        start = "{% set t = messages[0].content * 900 %}"
        for operation in ("t|upper", "t.split()", "messages|tojson", "messages == messages[:]", "t ~ i", "i + 1",
                          "messages|map(attribute='content')|list", "t|wordwrap(9)", "t|title",
                          "messages[i % 2000].content", "[i, 2]|map('string')|list", "{'a': i}.a"):
            with self.subTest(operation):
                time, result = seconds(start + "{% for i in range(99999) %}{% for j in range(99999) %}{% set y = "
                                       + operation + " %}{% endfor %}{% endfor %}", messages)
                self.assertIn(b"limit exceeded", result.stderr)
                self.assertRegex(result.stderr, rb"more than 1[0-9]*0000 steps|larger than")
                self.assertLess(time, 1.5 * SLACK)

    def test_every_source_compiles_or_fails_soon(self):
        for name, source in SOURCES.items():
            self.ends(name, source)

    def test_real_conversations_meet_no_limit(self):
        folder = os.path.join(shared("data/chat_templates"), "templates")
        many = [{"role": ("user", "assistant")[i % 2], "content": f"message {i}"} for i in range(2047)]
        long = [{"role": "user", "content": "A line of text, and so on.\n" * 11_000}]
        huge = [{"role": ("user", "assistant")[i % 2], "content": "Words of a long talk.\n" * 4_000} for i in range(41)]
        for file in sorted(os.listdir(folder)):
            with open(os.path.join(folder, file)) as template:
                source = template.read()
            for name, messages in (("many", many), ("long", long), ("huge", huge)):
                with self.subTest(f"{file}, {name}"):
                    _, result = seconds(source, json.dumps(messages))
                    self.assertNotIn(b"limit exceeded", result.stderr)

internal import ApusChat
internal import ApusJSON
internal import ApusTemplates
internal import Testing

/// Formats recognised from templates, also from such as no model has.
struct RecognitionTests {
  private func format(_ calls: String, thinking: String = "") throws -> TurnFormat {
    let source = """
      {%- if tools %}{{ tools | tojson }}{% endif -%}
      {%- for m in messages -%}<|im_start|>{{ m.role }}
      {{ m.content or '' }}\(calls)<|im_end|>
      {% endfor -%}
      {%- if add_generation_prompt %}<|im_start|>assistant
      \(thinking){% endif -%}
      """
    return TurnFormat(source: source, template: try ChatTemplate(source: source))
  }

  @Test func jsonBetweenMarks() throws {
    let format = try format(
      "{% for c in m.tool_calls %}<go>{\"fn\": \"{{ c.function.name }}\", \"in\": {{ c.function.arguments | tojson }}}</go>{% endfor %}"
    )
    var expected = CallSyntax(.object(.init(name: "fn", arguments: "in")))
    expected.call = .init("<go>", "</go>")
    #expect(format.calls == [expected])
    #expect(format.thinking == nil)
  }

  /// A name in an object of its own, whose arguments come behind it: no form that is known, and no trap.
  @Test func argumentsBehindTheObjectOfTheName() throws {
    for end in ["", "}", "</go>", " {{ c.function.name }}"] {
      _ = try format(
        "{% for c in m.tool_calls %}{\"name\": \"{{ c.function.name }}\"} \"arguments\": {{ c.function.arguments | tojson }}"
          + end + "{% endfor %}")
    }
  }

  @Test func aNameAsTheOnlyKeyInAList() throws {
    let format = try format(
      "{% if m.tool_calls %}<calls>[{% for c in m.tool_calls %}{\"{{ c.function.name }}\": {{ c.function.arguments | tojson }}}"
        + "{% if not loop.last %}, {% endif %}{% endfor %}]</calls>{% endif %}")
    var expected = CallSyntax(.object(.init(name: nil, arguments: "")))
    expected.section = .init("<calls>", "</calls>")
    expected.isList = true
    expected.separator = ", "
    #expect(format.calls == [expected])
  }

  @Test func tagsWithAttributes() throws {
    let format = try format(
      "{% if m.tool_calls %}<fc>\n{% for c in m.tool_calls %}<invoke name=\"{{ c.function.name }}\">\n"
        + "{% for k, v in c.function.arguments.items() %}<parameter name=\"{{ k }}\">{{ v }}</parameter>\n{% endfor %}"
        + "</invoke>\n{% endfor %}</fc>{% endif %}")
    let state = TurnState(
      [
        "Hm.\n<fc>\n<invoke name=\"f\">\n<parameter name=\"a\">x < y\n</parameter>\n<parameter name=\"n\">3</parameter>\n"
          + "</invoke>\n<invoke name=\"f\">\n<parameter name=\"a\">2</parameter></invoke>\n</fc>"
      ], parser(format))
    #expect(state.content == "Hm.")
    #expect(state.calls.map(\.arguments) == ["{\"a\":\"x < y\\n\",\"n\":3}", "{\"a\":\"2\"}"])
  }

  @Test func tagsWithMoreAttributes() throws {
    let format = try format(
      "{% if m.tool_calls %}<fc>{% for c in m.tool_calls %}<invoke name=\"{{ c.function.name }}\">"
        + "{% for k, v in c.function.arguments.items() %}<parameter name=\"{{ k }}\" string=\"true\">{{ v }}</parameter>"
        + "{% endfor %}</invoke>{% endfor %}</fc>{% endif %}")
    let state = TurnState(
      [
        "<fc><invoke name=\"f\"><parameter name=\"a\" string=\"true\">x</parameter>"
          + "<parameter name=\"n\" string=\"false\">3</parameter></invoke></fc>"
      ], parser(format))
    #expect(state.calls.map(\.arguments) == ["{\"a\":\"x\",\"n\":3}"])
  }

  @Test func namesInCodeFences() throws {
    let format = try format(
      "{% if m.tool_calls %}<tool_calls>\n{% for c in m.tool_calls %}<tool_call>{{ c.function.name }}\n```json\n"
        + "{{ c.function.arguments | tojson }}\n```</tool_call>\n{% endfor %}</tool_calls>{% endif %}")
    let call = "<tool_call>f\n```json\n{\"a\": \"```\"}\n```</tool_call>\n"
    let state = TurnState(["<tool_calls>\n\(call)\(call)</tool_calls>"], parser(format))
    #expect(state.calls.map(\.arguments) == ["{\"a\": \"```\"}", "{\"a\": \"```\"}"])
    #expect(state.content.isEmpty)
  }

  @Test func pythonInTags() throws {
    let format = try format(
      "{% if m.tool_calls %}<function_calls>\n{% for c in m.tool_calls %}{{ c.function.name }}("
        + "{% for k, v in c.function.arguments.items() %}{{ k }}={{ v | tojson }}{% if not loop.last %}, {% endif %}{% endfor %})\n"
        + "{% endfor %}</function_calls>{% endif %}")
    let state = TurnState(["<function_calls>\nf(a=\"x\", n=1)\nf(a='y')\n</function_calls>"], parser(format))
    #expect(state.calls.map(\.arguments) == ["{\"a\":\"x\",\"n\":1}", "{\"a\":\"y\"}"])
  }

  @Test func aPromptMayBeginTheThinking() throws {
    let format = try format("", thinking: "<think>\n")
    #expect(format.thinking == .init("<think>", "</think>"))
    #expect(format.startsInReasoning(after: "<|im_start|>assistant\n<think>\n"))
    #expect(!format.startsInReasoning(after: "<|im_start|>assistant\n<think>\n\n</think>\n\n"))
  }

  private func parser(_ format: TurnFormat) -> TurnParser {
    TurnParser(
      format,
      tools: [["name": "f", "parameters": ["properties": ["a": ["type": "string"], "n": ["type": "integer"]]]]],
      startsInReasoning: false)
  }
}

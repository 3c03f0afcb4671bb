internal import ApusJSON
package import ApusTemplates
internal import ApusText

extension TurnFormat {
  /// Recognises the format of a model from its chat template: from what that makes of a conversation with calls, and
  /// where it leaves them out from the marks in its text.
  ///
  /// Renders a few short conversations, bounded as every rendering is.
  package init(source: String, template: ChatTemplate, beginning: String? = nil, end: String? = nil) {
    self.init()
    let text = Array(source.utf8)
    func has(_ mark: String) -> Bool { text.position(of: Array(mark.utf8)) != nil }
    guard !has("<|channel|>") || !has("<|message|>") else {
      hasChannels = true
      calls = [Channels.callSyntax]
      return
    }
    thinking = Self.thinkingMarks.first { has($0.evidence) }?.marks
    answer = Self.answerMarks.first { has($0.open) }
    let probe = TemplateProbe(template: template, beginning: beginning, end: end)
    let derived = probe.callSyntax(thinking: thinking, answer: answer)
    calls = derived.map { [$0] } ?? Self.knownCalls.first { has($0.evidence) }?.calls ?? Self.commonCalls
    addVariants(hasPythonTag: has("<|python_tag|>"))
  }

  /// Marks around reasoning, and the text in a template that tells that its model writes them.
  private static let thinkingMarks: [(evidence: String, marks: CallSyntax.Marks)] = [
    ("[THINK]", .init("[THINK]", "[/THINK]")),
    ("<|START_THINKING|>", .init("<|START_THINKING|>", "<|END_THINKING|>")),
    ("<|channel>thought", .init("<|channel>thought\n", "<channel|>")),
    ("<seed:think>", .init("<seed:think>", "</seed:think>")),
    ("<|inner_prefix|>", .init("<|inner_prefix|>", "<|inner_suffix|>")),
    ("<think>", .init("<think>", "</think>")),
    ("<|tool_calls_section_begin|>", .init("<think>", "</think>")),
  ]

  private static let answerMarks: [CallSyntax.Marks] = [
    .init("<|START_RESPONSE|>", "<|END_RESPONSE|>"), .init("<response>", "</response>"),
  ]

  /// Ways to write calls that a template tells the model of, and does not write itself.
  private static let knownCalls: [(evidence: String, calls: [CallSyntax])] = [
    ("<|tool_list_start|>", [python]),
    ("keep_past_thinking", [python]),
    ("List of tools: [", [python]),
    ("<|tool|>", [list("<|tool_call|>", "<|/tool_call|>")]),
    ("<|tool_call|>", [list("<|tool_call|>"), list("<tool_call>")]),
    ("<TOOLCALL>", [list("<TOOLCALL>", "</TOOLCALL>")]),
    ("[TOOL_CALLS]", [list("[TOOL_CALLS]")]),
    ("functools[", [list("functools")]),
    ("<tool_call>", [tagged]),
  ]

  /// For models that know no tools: the form that most models were trained with, which our own message tells them.
  private static let commonCalls = [tagged, list("<tool_call>", "</tool_call>")]

  private static var tagged: CallSyntax {
    var syntax = CallSyntax(.object(.init()))
    syntax.call = .init("<tool_call>\n", "\n</tool_call>")
    syntax.separator = "\n"
    return syntax
  }

  private static func list(_ open: String, _ close: String = "") -> CallSyntax {
    var syntax = CallSyntax(.object(.init()))
    syntax.section = .init(open, close)
    syntax.isList = true
    syntax.separator = ", "
    return syntax
  }

  private static var python: CallSyntax {
    var syntax = CallSyntax(.named(.init(beforeArguments: "(", .value(.python))))
    syntax.section = .init("<|tool_call_start|>", "<|tool_call_end|>")
    syntax.isList = true
    syntax.separator = ", "
    return syntax
  }

  /// Adds ways of writing the same calls that models use besides the one they were shown.
  private mutating func addVariants(hasPythonTag: Bool) {
    guard var first = calls.first else { return }
    if case .named(let named) = first.shape, case .tagged = named.arguments, !named.beforeName.isEmpty,
      !first.call.open.isEmpty
    {
      var bare = first
      bare.call.open = ""
      calls.append(bare)
    }
    if case .named(let named) = first.shape, named.isNumbered, !first.section.open.isEmpty {
      var bare = first
      bare.section.open = ""
      calls.append(bare)
    }
    guard case .object(var keys) = first.shape, first.opener == "{" else { return }
    keys.mayBeWrapped = true
    first.shape = .object(keys)
    var list = CallSyntax(.named(.init(beforeArguments: "(", .value(.python))))
    list.isList = true
    calls = [first, list]
    guard hasPythonTag || keys.arguments == "parameters" else { return }
    first.call.open = "<|python_tag|>"
    var python = CallSyntax(.named(.init(beforeArguments: ".call(", .value(.python))))
    python.call.open = "<|python_tag|>"
    python.separator = nil
    calls += [first, python]
  }
}

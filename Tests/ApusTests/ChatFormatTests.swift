internal import Apus
internal import ApusJSON
internal import ApusModels
internal import ApusTestSupport
internal import ApusText
internal import ApusTokenizers
internal import Foundation
internal import Testing

@Suite struct `A chat format` {
  private let vocabulary: Vocabulary

  init() throws {
    vocabulary = try Vocabulary(VocabularyDescription(family: "llama", texts: ByteStrings(["<unk>", "<s>", "</s>"])))
  }

  private func makeFormat(_ template: String) -> ChatFormat? {
    ChatFormat(template: .text(template), vocabulary, localTime: { nil })
  }

  private func render(_ template: String, _ messages: ChatMessage...) throws -> String {
    try #require(makeFormat(template)).render(messages).string
  }

  @Test func `gives texts where the template reads texts, else parts, for each role by itself`() throws {
    let parts = "{% for p in m.content %}{{ p.text }}{% endfor %}"
    let loop = { (body: String) in "{% for m in messages %}\(body);{% endfor %}" }
    #expect(try render(loop("{{ m.content }}"), .system("a"), .user("b")) == "a;b;")
    #expect(try render(loop(parts), .system("a"), .user("b"), .assistant("c"), .user("d")) == "a;b;c;d;")
    let mixed = loop("{% if m.role == 'user' %}\(parts){% else %}{{ m.content }}{% endif %}")
    #expect(try render(mixed, .system("a"), .user("b"), .assistant("c")) == "a;b;c;")
    let either = loop("{% if m.content is string %}text{{ m.content }}{% else %}\(parts){% endif %}")
    #expect(try render(either, .user("b")) == "textb;")
  }

  @Test(arguments: [
    "", "{# #}", "hello", "{{ if .System }}", "{% for %}", "{{ messages[0].text }}",
    "{{ messages[0].content[:30] }}", "{{ raise_exception('no') }}", "{{ messages | length }}",
    "{% for i in range(10**9) %}x{% endfor %}",
  ])
  func `refuses a template that cannot carry what a user says`(_ template: String) throws {
    let format = try #require(makeFormat(template))
    guard case .refused(let reason) = format.support else { Issue.record("\(template) is taken"); return }
    #expect(reason.utf8.starts(with: "this model cannot chat: ".utf8))
    let error = #expect(throws: ApusError.self) {
      _ = try format.render([.user("Hello")])
    }
    #expect(error?.description == reason)
  }

  @Test func `refuses messages of roles that the template leaves out`() throws {
    let template = "{% for m in messages %}{% if m.role == 'user' %}{{ m.content }};{% endif %}{% endfor %}"
    #expect(makeFormat(template)?.droppedRoles == ["assistant", "system", "tool"])
    #expect(try render(template, .user("a"), .user("b")) == "a;b;")
    for role in [ChatMessage.Role.system, .assistant, .tool] {
      #expect(throws: ApusError.self) { _ = try render(template, ChatMessage(role: role, content: "c"), .user("a")) }
    }
  }

  @Test func `refuses messages that the template leaves out in one conversation only`() throws {
    let template = "{% for m in messages %}{% if m.content != 'secret' %}{{ m.content | trim }};{% endif %}{% endfor %}"
    #expect(try render(template, .user("  a b\n"), .user("?"), .user(" ")) == "a b;?;;")
    let error = #expect(throws: ApusError.self) { _ = try render(template, .user("a"), .user("secret")) }
    #expect(error?.description.contains("message 2 of 2 says (user)") == true)
  }

  @Test func `lets a template refuse messages in its own words`() throws {
    let template =
      "{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('no system') }}{% endif %}"
      + "{{ m.content }}{% endfor %}"
    #expect(makeFormat(template)?.support == .supported && makeFormat(template)?.droppedRoles == [])
    let error = #expect(throws: ApusError.self) { _ = try render(template, .system("a")) }
    #expect(error?.description.contains("no system") == true)
  }

  @Test func `is none where the file has no text for it, and ChatML where the vocabulary has its marks`() throws {
    let marks = ByteStrings(["<unk>", "<s>", "</s>", "<|im_start|>", "<|im_end|>"])
    let chatML = try Vocabulary(VocabularyDescription(family: "llama", texts: marks))
    for source in [ChatTemplateSource.absent, .blank] {
      #expect(ChatFormat(template: source, vocabulary, localTime: { nil }) == nil)
      #expect(ChatFormat(template: source, chatML, localTime: { nil })?.support == .supported)
      #expect(ModelWarning.all(about: chatML, source, path: "m").contains { $0.finding.contains("ChatML") })
    }
    for source in [ChatTemplateSource.onlyNamed(["rag"]), .unreadable(reason: "rag")] {
      guard case .refused(let reason)? = ChatFormat(template: source, chatML, localTime: { nil })?.support else {
        Issue.record("it is taken")
        continue
      }
      #expect(reason.contains("rag"))
    }
  }

  @Test func `leaves the last message open where the answer goes on with it`() throws {
    let template = """
      {% for m in messages %}<{{ m.role }}>{{ m.content | trim }}</{{ m.role }}>{% endfor %}\
      {% if add_generation_prompt %}<assistant>{% endif %}
      """
    let format = try #require(makeFormat(template))
    var options = PromptOptions()
    options.continuesLastMessage = true
    let messages = [ChatMessage.user("Once, Once"), .assistant(" Once ")]
    let prompt = try format.render(messages, options: options)
    #expect(prompt.string == "<user>Once, Once</user><assistant>Once")
    #expect(
      prompt.templateRanges.map { String(decoding: prompt.utf8[$0], as: UTF8.self) }.joined()
        == "<user></user><assistant>")
    #expect(throws: ApusError.self) { try format.render([.user("a"), .assistant("")], options: options) }
    options.continuesLastMessage = false
    options.addsGenerationPrompt = false
    #expect(try format.render([.user("a")], options: options).string == "<user>a</user>")
  }

  @Test func `tells the template how much to think, by all names of that, and what else a request says`() throws {
    let template = """
      {{ messages[0].content }}{% for m in messages[1:] %}{{ m.content }}{% endfor %}\
      {{ enable_thinking }} {{ thinking }} {{ reasoning_effort }} {{ citation_mode }}
      """
    let format = try #require(makeFormat(template))
    func text(_ thinking: PromptOptions.Thinking?, _ variables: JSONObject = JSONObject()) throws -> String {
      var options = PromptOptions()
      (options.thinking, options.variables) = (thinking, variables)
      return try format.render([.user("a")], options: options).string
    }
    #expect(try text(nil) == "a   ")
    #expect(try text(.off) == "aFalse False low ")
    #expect(try text(.on) == "aTrue True  ")
    #expect(try text(.effort("high")) == "aTrue True high ")
    let variables = JSONObject([("thinking", true), ("citation_mode", "fast")])
    #expect(try text(.off, variables) == "aFalse True low fast")
    var options = PromptOptions()
    options.variables = JSONObject([("thinking", true), ("messages", [])])
    #expect(options.refusedVariable == "messages")
  }

  /// Templates of the reference data that leave a role out; their makers meant it so.
  private static let dropping = [
    "Phi-3-medium.jinja": ["system", "tool"], "Phi-3-mini.jinja": ["system", "tool"], "Zephyr-7b-beta.jinja": ["tool"],
  ]
  /// Templates that need tools, or a variable that nobody gives.
  private static let refused: Set = [
    "NousResearch-Hermes-2-Pro-Llama-3-8B-tool_use.jinja", "fireworks-ai-llama-3-firefunction-v2.jinja",
  ]

  @Test func `keeps what is said by every template of the reference data`() throws {
    for file in TestData.files(in: "chat_templates/templates", suffix: ".jinja") {
      let format = try #require(makeFormat(String(contentsOf: file, encoding: .utf8)))
      let name = file.lastPathComponent
      #expect((format.support == .supported) != Self.refused.contains(name), "\(name)")
      #expect(format.droppedRoles == Self.dropping[name] ?? [], "\(name)")
    }
  }
}

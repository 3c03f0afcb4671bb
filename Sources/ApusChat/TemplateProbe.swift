internal import ApusJSON
internal import ApusTemplates
internal import ApusText

/// Renders short conversations, to see what a chat template makes of them.
struct TemplateProbe {
  /// How messages with calls are given to a template.
  struct Form: Sendable, Equatable {
    /// Whether arguments are JSON text, instead of an object.
    var hasTextArguments = false
    /// Whether a message without content has an empty text, instead of null.
    var hasEmptyContent = false

    static let all = [
      Form(), Form(hasEmptyContent: true), Form(hasTextArguments: true),
      Form(hasTextArguments: true, hasEmptyContent: true),
    ]

    init(hasTextArguments: Bool = false, hasEmptyContent: Bool = false) {
      self.hasTextArguments = hasTextArguments
      self.hasEmptyContent = hasEmptyContent
    }
  }

  /// The words that stand for what a call says; no template has them.
  enum Word {
    static let content = "apuscontent"
    static let id = "apusid001"
    static let first = "apusfirst"
    static let second = "apussecond"
    static let key = "apuskey"
    static let nextKey = "apusnext"
    static let value = "apusvalue"
    static let nextValue = "apusmore"
    static let description = "apusdescription"
  }

  /// Far more than a template needs for a short conversation, and little time.
  static let steps = 100_000

  let template: ChatTemplate
  let beginning: String?
  let end: String?

  /// The prompt for these messages and tools; nil where the template refuses them.
  func render(_ messages: [JSONValue], tools: [JSONValue]? = nil, addGenerationPrompt: Bool) -> String? {
    try? template.render(
      messages: .array(messages), tools: tools.map { .array($0) }, addGenerationPrompt: addGenerationPrompt,
      bosToken: beginning, eosToken: end, clock: TemplateClock(iso8601: "2024-07-26T12:34:56"), steps: Self.steps
    ).string
  }

  static let user: JSONValue = ["role": "user", "content": "apusquestion"]

  /// What the model says without calls.
  static let answer: JSONValue = ["role": "assistant", "content": .string(Word.content)]

  /// Tools with these names and a parameter.
  static let tools = [Word.first, Word.second].map(tool)

  private static func tool(_ name: String) -> JSONValue {
    let text: JSONValue = ["type": "string", "description": .string(Word.description)]
    let properties = JSONValue.object(JSONObject([(Word.key, text), (Word.nextKey, text)]))
    return [
      "type": "function",
      "function": [
        "name": .string(name), "description": .string(Word.description),
        "parameters": ["type": "object", "properties": properties, "required": []],
      ],
    ]
  }

  /// A message with calls of these tools.
  static func calls(_ names: [String], _ form: Form) -> JSONValue {
    let arguments = JSONObject([(Word.key, .string(Word.value)), (Word.nextKey, .string(Word.nextValue))])
    let calls = names.enumerated().map { index, name -> JSONValue in
      let given = JSONValue.object(arguments)
      return [
        "id": .string(index == 0 ? Word.id : "apusid002"), "type": "function",
        "function": [
          "name": .string(name),
          "arguments": form.hasTextArguments
            ? .string("{\"\(Word.key)\": \"\(Word.value)\", \"\(Word.nextKey)\": \"\(Word.nextValue)\"}") : given,
        ],
      ]
    }
    return ["role": "assistant", "content": form.hasEmptyContent ? "" : .null, "tool_calls": .array(calls)]
  }
}

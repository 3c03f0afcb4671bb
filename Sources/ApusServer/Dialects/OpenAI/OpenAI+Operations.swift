internal import ApusJSON

/// What OpenAI's paths take and give; Docs/Fields.md and Docs/API.md have every field.
extension Operation {
  static let models = Operation(
    id: "models", summary: "The models that the key may use.",
    reply: .json(
      Schema.full([("object", Schema.one(of: "list")), ("data", Schema.list(of: Schema.shared("Model")))])))

  static let model = Operation(id: "model", summary: "One model.", reply: .json(Schema.shared("Model")))

  static let completions = Operation(
    id: "completions", summary: "Goes on with a text.",
    body: Schema.object(
      Schema.generation + [
        (
          "prompt",
          Schema.any(
            of: Schema.text(), Schema.list(of: Schema.text(), least: 1, most: 8),
            Schema.list(of: Schema.int(0), least: 1))
        ),
        ("echo", Schema.bool), ("logprobs", Schema.int(0, 20)), ("best_of", Schema.int(1, 8)),
        ("suffix", Schema.text()),
      ], required: ["prompt"]),
    reply: .jsonOrEvents(
      Schema.answer("text_completion", choices: [("text", Schema.text()), ("logprobs", Schema.anything)])))

  static let chat = Operation(
    id: "chatCompletions", summary: "Answers a conversation.",
    body: Schema.object(
      Schema.generation + [
        ("messages", Schema.list(of: Schema.shared("Message"), least: 1, most: 2048)), ("logprobs", Schema.bool),
        ("top_logprobs", Schema.int(0, 20)), ("max_completion_tokens", Schema.int(1)),
        ("tools", Schema.list(of: tool, most: 128)), ("tool_choice", Schema.one(of: "auto", "none")),
        ("reasoning_effort", Schema.text()),
        ("prediction", Schema.full([("type", Schema.one(of: "content")), ("content", Schema.text())])),
        ("response_format", Schema.full([("type", Schema.one(of: "text", "json_object"))])),
      ], required: ["messages"]),
    reply: .jsonOrEvents(
      Schema.answer(
        "chat.completion",
        choices: [
          (
            "message",
            Schema.object(
              [("role", Schema.one(of: "assistant")), ("content", Schema.orNull(Schema.text()))],
              required: ["role", "content"])
          )
        ])))

  static let embeddings = Operation(
    id: "embeddings", summary: "A vector for each text.",
    body: Schema.object(
      [
        ("model", Schema.text([("maxLength", 256)])),
        ("input", Schema.any(of: Schema.text(), Schema.list(of: Schema.text(), least: 1, most: 2048))),
        ("encoding_format", Schema.one(of: "float", "base64")), ("dimensions", Schema.int(1)),
        ("pooling", Schema.one(of: "mean", "first", "cls", "last")), ("normalize", Schema.bool),
      ], required: ["input"]),
    reply: .json(
      Schema.full([
        ("object", Schema.one(of: "list")), ("model", Schema.text()), ("usage", Schema.shared("Usage")),
        (
          "data",
          Schema.list(
            of: Schema.full([
              ("object", Schema.one(of: "embedding")), ("index", Schema.int(0)),
              ("embedding", Schema.any(of: Schema.list(of: Schema.number()), Schema.text())),
            ]))
        ),
      ])))

  static let responses = Operation(
    id: "responses", summary: "Answers a conversation, in OpenAI's newer form.",
    body: Schema.object(
      [
        ("model", Schema.text([("maxLength", 256)])),
        ("input", Schema.any(of: Schema.text(), Schema.list(of: item, least: 1))),
        ("instructions", Schema.text()), ("max_output_tokens", Schema.int(1)), ("stream", Schema.bool),
        ("temperature", Schema.number(0, 2)), ("top_p", Schema.number(0, 1)),
      ], required: ["input"]),
    reply: .jsonOrEvents(
      Schema.full([
        ("id", Schema.text()), ("object", Schema.one(of: "response")),
        ("status", Schema.text()), ("output", Schema.list(of: Schema.object([]))),
        ("usage", Schema.orNull(Schema.object([]))),
      ])))

  static let keptResponse = Operation(
    id: "response", summary: "An answer that was kept.", reply: .json(Schema.object([("id", Schema.text())])))

  static let dropResponse = Operation(
    id: "dropResponse", summary: "Drops a kept answer.",
    reply: .json(Schema.full([("id", Schema.text()), ("object", Schema.text()), ("deleted", Schema.bool)])))

  static let inputItems = Operation(
    id: "inputItems", summary: "What stood before a kept answer.",
    query: [
      ("order", Schema.one(of: "asc", "desc")), ("limit", Schema.int(1, 100)), ("after", Schema.text()),
    ],
    reply: .json(Schema.object([("data", Schema.list(of: Schema.object([])))], required: ["data"])))

  private static let tool = Schema.full([
    ("type", Schema.one(of: "function")),
    (
      "function",
      Schema.object(
        [("name", Schema.text([("pattern", "^[a-zA-Z0-9_-]{1,64}$")])), ("description", Schema.text())],
        required: ["name"])
    ),
  ])

  private static let item = Schema.object(
    [
      ("type", Schema.one(of: "message")), ("role", Schema.one(of: "system", "developer", "user", "assistant")),
      ("content", Schema.text()),
    ], required: ["role", "content"])
}

internal import ApusJSON

extension Schema {
  /// Schemas that several operations share.
  static let components: JSONMembers = [
    (
      "Error",
      full([
        (
          "error",
          full([
            ("message", text()), ("type", text()), ("param", orNull(text())), ("code", orNull(any(of: text(), int()))),
          ])
        )
      ])
    ),
    (
      "Usage",
      object(
        [("prompt_tokens", int(0)), ("completion_tokens", int(0)), ("total_tokens", int(0))],
        required: ["prompt_tokens", "total_tokens"])
    ),
    ("Message", message),
    ("Model", full([("id", text()), ("object", one(of: "model")), ("created", int()), ("owned_by", text())])),
  ]

  /// A turn of a chat, as a request has it.
  private static let message = object(
    [
      ("role", one(of: "system", "developer", "user", "assistant", "tool")),
      ("content", any(of: text(), list(of: full([("type", one(of: "text")), ("text", text())])))),
    ], required: ["role", "content"])

  /// What completions and chats share.
  static let generation: JSONMembers = [
    ("model", text([("maxLength", 256)])), ("max_tokens", int(1)), ("n", int(1, 8)), ("stream", bool),
    ("seed", int(0)), ("temperature", number(0, 2)), ("top_p", number(0, 1)), ("top_k", int(0, 1_000_000)),
    ("min_p", number(0, 1)), ("presence_penalty", number(-2, 2)), ("frequency_penalty", number(-2, 2)),
    (
      "stop",
      any(
        of: text([("minLength", 1), ("maxLength", 64)]),
        list(of: text([("minLength", 1), ("maxLength", 64)]), most: 16))
    ),
    ("ignore_eos", bool), ("user", text()),
  ]

  /// A whole answer of this kind, whose choices have these members.
  static func answer(_ kind: String, choices: JSONMembers) -> JSONValue {
    full([
      ("id", text()), ("object", one(of: kind)), ("created", int()), ("model", text()),
      ("choices", list(of: full([("index", int(0)), ("finish_reason", orNull(text()))] + choices), least: 1)),
      ("usage", shared("Usage")),
    ])
  }
}

internal import ApusJSON
internal import ApusStore

/// What the server's own paths take and give.
extension Operation {
  static let root = Operation(
    id: "root", summary: "The chat page where a browser asks for it; else one line that says whether the server works.",
    reply: .bytes(["text/html", "text/plain"]))

  static let health = Operation(
    id: "health", summary: "Whether the engine works, and how busy it is.", reply: .json(busyness))

  static let ready = Operation(
    id: "ready", summary: "Whether to send requests here.", reply: .json(busyness))

  private static let busyness = Schema.full([
    ("status", Schema.one(of: "ok")), ("running", Schema.int(0)), ("queued", Schema.int(0)),
    ("parallel", Schema.int(0)), ("requests", Schema.int(0)), ("limit", Schema.int(0)),
  ])

  static let metrics = Operation(
    id: "metrics", summary: "What is measured, for Prometheus.", reply: .bytes(["text/plain"]))

  static let status = Operation(
    id: "status", summary: "How each model does.",
    reply: .json(
      Schema.full([
        (
          "models",
          Schema.list(
            of: Schema.object(
              [
                ("name", Schema.text()), ("loaded", Schema.bool), ("running", Schema.int(0)),
                ("waiting", Schema.int(0)),
                ("context", Schema.int(0)), ("kv_blocks", Schema.int(0)), ("kv_blocks_used", Schema.int(0)),
                ("kv_blocks_cached", Schema.int(0)), ("prompt_tokens", Schema.int(0)),
                ("completion_tokens", Schema.int(0)),
              ], required: ["name", "loaded", "completion_tokens"]))
        )
      ])))

  static let usage = Operation(
    id: "usage", summary: "What each key has used, and what it costs; for admin keys.",
    reply: .json(
      Schema.full([
        ("object", Schema.one(of: "usage")), ("since", Schema.int()),
        ("started", Schema.int()), ("kept", Schema.bool), ("keys", Schema.list(of: account)),
        ("total", account), ("cost", Schema.orNull(Schema.object([]))),
      ])))

  private static let account = Schema.full([
    ("key", Schema.orNull(Schema.text())), ("requests", Schema.int(0)), ("refusals", Schema.int(0)),
    ("prompt_tokens", Schema.int(0)), ("cached_prompt_tokens", Schema.int(0)), ("completion_tokens", Schema.int(0)),
    ("seconds", Schema.number(0)), ("dollars", Schema.orNull(Schema.number(0))),
  ])

  static func conversations(_ kind: DocumentKind) -> Operation {
    let entry = Schema.full([("id", Schema.text()), ("title", Schema.text()), ("updated", Schema.int())])
    return Operation(
      id: "\(kind.rawValue)s", summary: "The last of what was kept of this kind, newest first.",
      query: [("before", Schema.int())], reply: .json(Schema.full([("\(kind.rawValue)s", Schema.list(of: entry))])))
  }

  static func conversation(_ kind: DocumentKind) -> Operation {
    Operation(
      id: kind.rawValue, summary: "One of them.", pathPart: conversationID,
      reply: .json(Schema.object(kind == .conversation ? [("messages", Schema.list(of: Schema.anything))] : [])))
  }

  static let keepConversation = Operation(
    id: "keepConversation", summary: "Keeps a conversation, in place of the one with its id.", pathPart: conversationID,
    body: conversationForm, reply: .nothing)

  static func dropConversation(_ kind: DocumentKind) -> Operation {
    Operation(id: "drop_\(kind.rawValue)", summary: "Drops one of them.", pathPart: conversationID, reply: .nothing)
  }

  private static let conversationID = Schema.text([("pattern", "^[A-Za-z0-9_-]{1,64}$")])

  private static let conversationForm = Schema.object(
    [("messages", Schema.list(of: Schema.anything)), ("title", Schema.text([("maxLength", 40)]))],
    required: ["messages"])
}

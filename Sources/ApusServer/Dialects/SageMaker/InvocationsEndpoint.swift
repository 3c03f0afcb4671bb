internal import Apus
internal import ApusJSON
internal import HTTPTypes
internal import Hummingbird

/// `POST /invocations`: what a container is asked, in whichever of the bodies that containers know.
struct InvocationsEndpoint: AnsweringEndpoint {
  /// The model, where something beside the body says which one.
  let model: String?

  var dialect: any Dialect { OpenAIDialect() }
  var promptField: String { "prompt" }
  var nestedFields: [String] { KnownFields.nested }

  /// A body of plain text is a prompt, one of JSON lines a request on its only line.
  func object(of body: HeldBody, _ request: Request, _ reader: JSONBody) throws(Refusal) -> JSONObject {
    let type = request.headers[.contentType] ?? ""
    guard type.hasPrefix("text/plain") else {
      let isLines = type.hasPrefix("application/jsonlines") || type.hasPrefix("application/x-jsonlines")
      guard !isLines || body.bytes.hasOneLine else {
        throw .invalid(nil, "a body of JSON lines may have one line here: send a request for each")
      }
      return try reader.object(of: body)
    }
    guard let text = String(validating: body.bytes, as: UTF8.self) else {
      throw .invalid(nil, "the request body must be text in UTF-8")
    }
    return JSONObject([("prompt", .string(text))])
  }

  func target(_ fields: RequestFields, _ request: Request) throws(Refusal) -> RequestTarget {
    let body = try fields.target()
    return RequestTarget(
      model: model ?? body.model, isStreamed: body.isStreamed, variant: request.targetVariant)
  }

  func task(_ fields: RequestFields, _ setting: JobSetting) throws -> AnswerTask {
    if fields["messages"] != nil { return try ChatEndpoint().task(fields, setting) }
    if fields["prompt"] != nil { return try CompletionEndpoint().task(fields, setting) }
    if fields["input"] != nil { return try EmbeddingEndpoint().task(fields, setting) }
    if fields["text_inputs"] != nil { return .vectors(try JumpStart.vectors(fields, setting)) }
    if fields["inputs"] != nil, setting.model.information.purpose != .generation || fields["pooling"] != nil {
      return .vectors(try Self.vectors(fields, setting))
    }
    if case .string? = fields["inputs"] {
      // They are read where they stand, not beside the prompt.
      fields.accept(try fields.members("parameters")?.keys ?? [])
      return try TGIEndpoint(form: .either).task(fields, setting)
    }
    if case .array(let dialogs)? = fields["inputs"], case .array? = dialogs.first {
      return .generation(try JumpStart.job(fields, setting))
    }
    throw Refusal.invalid(
      "inputs",
      "the request body needs one of these: messages, prompt, inputs, or input, inputs or text_inputs for vectors")
  }

  /// Vectors as Hugging Face's server for embeddings gives them: a list with one for each text.
  private static func vectors(_ fields: RequestFields, _ setting: JobSetting) throws -> ReplyWork {
    let request = VectorRequest(
      texts: try fields.embeddingTexts("inputs", setting), options: try fields.embeddingOptions(setting.limits),
      dimensions: try fields.int("dimensions", in: 1...Int(Int32.max)), names: ("inputs", "dimensions"))
    let side = try fields.string("truncation_direction")
    guard side == nil || side?.lowercased() == "right" || !request.options.truncates else {
      throw Refusal.unsupported("truncation_direction", "a truncation_direction but Right")
    }
    return try request.work(setting) { .array($0.embeddings.map(\.json)) }
  }
}

/// `POST /endpoints/{name}/invocations`: the same through the runtime's API.
struct RuntimeEndpoint: AnsweringEndpoint {
  let invocations: InvocationsEndpoint

  var dialect: any Dialect { SageMakerDialect() }
  var promptField: String { invocations.promptField }
  var nestedFields: [String] { invocations.nestedFields }

  /// A body that says nothing of streams is known to want none, before it is read.
  func isShared(_ body: HeldBody) -> Bool { body.bytes.firstRange(of: Array("\"stream\"".utf8)) == nil }

  func object(of body: HeldBody, _ request: Request, _ reader: JSONBody) throws(Refusal) -> JSONObject {
    try invocations.object(of: body, request, reader)
  }

  func target(_ fields: RequestFields, _ request: Request) throws(Refusal) -> RequestTarget {
    try invocations.target(fields, request)
  }

  func task(_ fields: RequestFields, _ setting: JobSetting) throws -> AnswerTask {
    try invocations.task(fields, setting)
  }
}

/// `POST /endpoints/{name}/invocations-response-stream`: the bytes of the same answer in parts.
struct RuntimeStreamEndpoint: AnsweringEndpoint {
  let invocations: InvocationsEndpoint

  var dialect: any Dialect { SageMakerDialect(framing: .eventStream) }
  var promptField: String { invocations.promptField }
  var nestedFields: [String] { invocations.nestedFields }

  func object(of body: HeldBody, _ request: Request, _ reader: JSONBody) throws(Refusal) -> JSONObject {
    try invocations.object(of: body, request, reader)
  }

  func target(_ fields: RequestFields, _ request: Request) throws(Refusal) -> RequestTarget {
    RequestTarget(
      model: try invocations.target(fields, request).model, isStreamed: true, variant: request.targetVariant)
  }

  func task(_ fields: RequestFields, _ setting: JobSetting) throws -> AnswerTask {
    switch try invocations.task(fields, setting) {
    case .generation(let job):
      let encoder: any AnswerEncoder = try fields.target().isStreamed ? job.encoder : WholeStream(encoder: job.encoder)
      return .generation(GenerationJob(plan: job.plan, encoder: PayloadParts(encoder: encoder)))
    case .reply(let work): return .reply(work)
    }
  }
}

extension [UInt8] {
  /// Whether at most one line holds more than its end; makes nothing of the bytes, which may be very many lines.
  fileprivate var hasOneLine: Bool {
    let end = UInt8(ascii: "\n")
    func isEnd(_ byte: UInt8) -> Bool { byte == end || byte == UInt8(ascii: "\r") }
    guard let start = firstIndex(where: { !isEnd($0) }), let stop = self[start...].firstIndex(of: end)
    else { return true }
    return self[stop...].allSatisfy(isEnd)
  }
}

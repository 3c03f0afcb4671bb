internal import Apus
internal import ApusJSON
internal import ApusText
internal import Hummingbird

/// `POST /embedding` and `/embeddings` of llama.cpp: a list with one entry for each text.
struct LlamaEmbeddingEndpoint: ReplyEndpoint {
  var dialect: any Dialect { LlamaDialect() }
  var promptField: String { "content" }
  var operation: String? { "embeddings" }

  func field(_ name: String) -> String { name == "input" ? promptField : name }

  func target(_ fields: RequestFields, _ request: Request) throws(Refusal) -> RequestTarget {
    RequestTarget(model: try fields.target().model, isStreamed: false)
  }

  func work(_ fields: RequestFields, _ setting: JobSetting) throws -> ReplyWork {
    let norm = try fields.int("embd_normalize", in: -1...Int(Int32.max)) ?? 2
    guard norm == -1 || norm == 2 else { throw Refusal.unsupported("embd_normalize", "an embd_normalize but -1 and 2") }
    let texts = try fields.embeddingTexts(fields["input"] == nil ? "content" : "input", setting)
    let options = EmbeddingOptions(pooling: try fields.pooling(), isNormalized: norm == 2)
    return try VectorRequest(texts: texts, options: options, names: (promptField, "dimensions")).work(setting) {
      .array($0.embeddings.enumerated().map { ["index": .int($0), "embedding": [$1.json]] })
    }
  }
}

/// `POST /apply-template`: the prompt that the messages of a chat become, as text.
struct ApplyTemplateEndpoint: ReplyEndpoint {
  var dialect: any Dialect { LlamaDialect() }
  var promptField: String { "messages" }

  func target(_ fields: RequestFields, _ request: Request) throws(Refusal) -> RequestTarget { try fields.target() }

  func work(_ fields: RequestFields, _ setting: JobSetting) throws -> ReplyWork {
    let messages = try ChatRequest.messages(fields, setting.limits)
    let tools = try ToolFields(fields, setting.limits).use
    let prompt = try setting.model.chatPrompt(
      messages, tools: tools.definitions, options: try fields.promptOptions(), shouldStop: setting.shouldStop)
    let text = JSONValue.string(prompt.string)
    return { WholeReply(["prompt": text]) }
  }
}

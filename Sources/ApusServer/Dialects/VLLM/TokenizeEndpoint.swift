internal import Apus
internal import ApusJSON
internal import Hummingbird

/// `POST /tokenize` of vLLM, llama.cpp and TGI, told apart by the field that has the text.
struct TokenizeEndpoint: ReplyEndpoint {
  var dialect: any Dialect { OpenAIDialect() }
  var promptField: String { "prompt" }

  func target(_ fields: RequestFields, _ request: Request) throws(Refusal) -> RequestTarget { try fields.target() }

  func work(_ fields: RequestFields, _ setting: JobSetting) throws -> ReplyWork {
    let reply = WholeReply(try body(fields, setting))
    return { reply }
  }

  private func body(_ fields: RequestFields, _ setting: JobSetting) throws -> JSONValue {
    if fields["content"] != nil { return try LlamaTokenList(fields, setting).json }
    if fields["inputs"] != nil { return try TGITokenList(fields, setting).json }
    return try own(fields, setting)
  }

  /// vLLM's: a prompt, or the messages of a chat, which become the tokens that an answer to them would have.
  private func own(_ fields: RequestFields, _ setting: JobSetting) throws -> JSONValue {
    let model = setting.model
    let tokens: [Token]
    let adds = try fields.bool("add_special_tokens")
    if fields["messages"] != nil {
      // BOS is there where the model wants it, and never twice, so that the count is the one that an answer reports.
      tokens = try chat(fields, setting)
    } else {
      guard let text = try fields.string("prompt") else { throw fields.mismatch("prompt", "a text") }
      tokens = try model.tokens(of: text, addSpecial: adds ?? true, setting.shouldStop)
    }
    let limit = setting.limits.replyTokens
    guard tokens.count <= limit else { throw Refusal.manyTokens(limit, field: promptField) }
    var texts = JSONValue.null
    if try fields.bool("return_token_strs") ?? false {
      guard tokens.count <= setting.limits.replyTexts else {
        throw Refusal.manyTokens(setting.limits.replyTexts, field: "return_token_strs")
      }
      texts = .array(tokens.map { .string(model.distinctText(of: $0)) })
    }
    return [
      "count": .int(tokens.count), "max_model_len": .int(model.information.contextLength),
      "tokens": .array(tokens.map { .int(Int($0)) }), "token_strs": texts,
    ]
  }

  private func chat(_ fields: RequestFields, _ setting: JobSetting) throws -> [Token] {
    let input = ChatInput(
      messages: try ChatRequest.messages(fields, setting.limits), tools: try ToolFields(fields, setting.limits).use,
      options: GenerationOptions(), form: try fields.promptOptions())
    if fields["chat_template"] != nil { throw Refusal.unsupported("chat_template", "chat_template") }
    do {
      return try input.prompt(setting).tokens
    } catch {
      throw Refusal(error, prompt: "messages")
    }
  }
}

/// `POST /detokenize` of vLLM, which reads `prompt`, and of llama.cpp, which reads `content`.
struct DetokenizeEndpoint: ReplyEndpoint {
  var dialect: any Dialect { OpenAIDialect() }
  var promptField: String { "tokens" }

  func target(_ fields: RequestFields, _ request: Request) throws(Refusal) -> RequestTarget { try fields.target() }

  func work(_ fields: RequestFields, _ setting: JobSetting) throws -> ReplyWork {
    guard fields["tokens"] != nil else { throw fields.mismatch("tokens", "an array of token ids") }
    let tokens = try fields.tokens(
      "tokens", vocabularySize: setting.model.information.vocabularySize, limit: setting.limits.replyTexts)
    let text = JSONValue.string(setting.model.detokenize(tokens, renderSpecial: true))
    return { WholeReply(["prompt": text, "content": text]) }
  }
}

extension Model {
  /// The tokens of a raw text, in which the names of control tokens count.
  func tokens(
    of text: String, addSpecial: Bool, parseSpecial: Bool = true, _ shouldStop: @escaping Preparation.ShouldStop
  ) throws(ApusError) -> [Token] {
    // An empty prompt would get a token to begin with; an empty text has none.
    guard addSpecial || !text.isEmpty else { return [] }
    if addSpecial, parseSpecial { return try rawPrompt(text, shouldStop).tokens }
    return try promptTokens(text, addSpecial: addSpecial, parseSpecial: parseSpecial, shouldStop: shouldStop)
  }
}

extension Refusal {
  /// More tokens than a reply may name.
  static func manyTokens(_ limit: Int, field: String) -> Refusal {
    .invalid(field, "a reply names at most \(limit) tokens: send a shorter text")
  }
}

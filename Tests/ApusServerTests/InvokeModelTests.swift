internal import ApusJSON
internal import ApusServer
internal import ApusTestSupport
internal import HTTPTypes
internal import Testing

/// A family of models, and where its answers have their text.
private struct Family: Sendable, CustomTestStringConvertible {
  let model: String
  /// Fields of a body that asks for eight tokens behind `hello`.
  let body: String
  /// The text of a whole answer, and of a chunk.
  let text: @Sendable (JSONValue) -> JSONValue?
  let end: @Sendable (JSONValue) -> JSONValue?

  var testDescription: String { model }

  static let all = [
    Family(
      model: "meta.llama2-13b-chat-v1", body: #"{"prompt":"hello","max_gen_len":8,"seed":3}"#,
      text: { $0["generation"] }, end: { $0["stop_reason"] }),
    Family(
      model: "mistral.mistral-7b-instruct-v0:2", body: #"{"prompt":"hello","max_tokens":8,"seed":3}"#,
      text: { $0["outputs"]?.elements?.first?["text"] }, end: { $0["outputs"]?.elements?.first?["stop_reason"] }),
    Family(
      model: "deepseek.r1-v1:0", body: #"{"prompt":"hello","max_tokens":8,"seed":3}"#,
      text: { $0["choices"]?.elements?.first?["text"] }, end: { $0["choices"]?.elements?.first?["stop_reason"] }),
    Family(
      model: "amazon.titan-text-express-v1",
      body: #"{"inputText":"hello","textGenerationConfig":{"maxTokenCount":8,"seed":3}}"#,
      text: { $0["results"]?.elements?.first?["outputText"] ?? $0["outputText"] },
      end: { $0["results"]?.elements?.first?["completionReason"] ?? $0["completionReason"] }),
    Family(
      model: "anthropic.claude-instant-v1", body: #"{"prompt":"hello","max_tokens_to_sample":8,"seed":3}"#,
      text: { $0["completion"] }, end: { $0["stop_reason"] }),
  ]
}

@Suite struct `Invoking models of Bedrock` {
  @Test(arguments: Family.all)
  fileprivate func `goes on with a text as completions do, whole and streamed`(_ family: Family) async throws {
    let server = try TestServer(await TestModel.quick())
    let completion = try await server.post("/v1/completions", #"{"prompt":"hello","max_tokens":8,"seed":3}"#)
    let expected = completion.json["choices"]?.elements?.first?["text"]
    let whole = try await server.post("/model/\(family.model)/invoke", family.body)
    #expect(whole.status == 200 && family.text(whole.json) == expected, "\(whole.text)")
    #expect(whole.headers[.contentType] == "application/json")
    let count = HTTPField.Name("X-Amzn-Bedrock-Input-Token-Count").flatMap { whole.headers[$0] }
    #expect(count.flatMap { Int($0) }.map(JSONValue.int) == completion.json["usage"]?["prompt_tokens"])

    let stream = try await server.post("/model/\(family.model)/invoke-with-response-stream", family.body)
    let chunks = stream.messages.map(\.chunk)
    #expect(stream.messages.allSatisfy { $0.event == "chunk" } && chunks.count > 1)
    #expect(.string(chunks.compactMap { family.text($0)?.text }.joined()) == expected)
    #expect(chunks.last.flatMap(family.end) == family.end(whole.json))
    #expect(chunks.dropLast().allSatisfy { family.end($0) == .null })
    #expect(chunks.last?["amazon-bedrock-invocationMetrics"]?["outputTokenCount"] == 8)
  }

  @Test func `tells a prompt's tokens with the first chunk of Llama, and only there`() async throws {
    let server = try TestServer(await TestModel.quick())
    let body = #"{"prompt":"hello","max_gen_len":8,"seed":3,"ignore_eos":true}"#
    let whole = try await server.post("/model/meta.llama2-13b-chat-v1/invoke", body)
    let stream = try await server.post("/model/meta.llama2-13b-chat-v1/invoke-with-response-stream", body)
    let counts: [JSONValue] = stream.messages.compactMap { $0.chunk["prompt_token_count"] }
    let count = try #require(whole.json["prompt_token_count"], "\(whole.text)")
    #expect(counts.count > 1 && counts.count == stream.messages.count && count != .null)
    #expect(counts == [count] + Array(repeating: .null, count: max(0, counts.count - 1)))
  }

  @Test(arguments: [
    ("meta.llama2-13b-chat-v1", #""prompt":"a""#), ("mistral.mistral-7b-instruct-v0:2", #""prompt":"a""#),
    ("anthropic.claude-v2", #""prompt":"a","max_tokens_to_sample":1"#),
    ("anthropic.claude-3-haiku-20240307-v1:0", #""messages":[{"role":"user","content":"a"}],"max_tokens":1"#),
  ])
  func `takes temperatures up to 1`(_ model: String, _ fields: String) async throws {
    let server = try TestServer(await TestModel.quick())
    for (temperature, status) in [(1.0, 200), (1.01, 400)] {
      let body = "{\(fields),\"stop_sequences\":[\"a\"],\"temperature\":\(temperature)}"
      let reply = try await server.post("/model/\(model)/invoke", body)
      #expect(reply.status == status, "\(reply.text)")
      if status != 200 { #expect(reply.json["message"]?.text?.hasPrefix("temperature must be at most 1") == true) }
    }
    // What other makers have on Bedrock goes further.
    let open = try await server.post(
      "/model/deepseek.r1-v1:0/invoke", #"{"prompt":"a","max_tokens":1,"temperature":2}"#)
    #expect(open.status == 200, "\(open.text)")
  }

  @Test func `takes as many stop texts as Bedrock does`() async throws {
    let limit = RequestLimits().bedrockStops
    #expect(limit == 2500)
    let server = try TestServer(await TestModel.quick())
    let claude = "/model/anthropic.claude-3-haiku-20240307-v1:0/"
    let messages = #""messages":[{"role":"user","content":[{"type":"text","text":"a"}]}]"#
    for (count, status) in [(limit - 1, 200), (limit, 200), (limit + 1, 400)] {
      let stops = (0..<count).map { "\"stop\($0)\"" }.joined(separator: ",")
      let invoked = try await server.post(
        claude + "invoke", "{\(messages),\"max_tokens\":1,\"stop_sequences\":[\(stops)]}")
      #expect(invoked.status == status, "\(count): \(invoked.text)")
      let conversed = try await server.post(
        claude + "converse",
        #"{"messages":[{"role":"user","content":[{"text":"a"}]}],"#
          + "\"inferenceConfig\":{\"maxTokens\":1,\"stopSequences\":[\(stops)]}}")
      #expect(conversed.status == status, "\(count): \(conversed.text)")
    }
  }

  @Test func `answers Claude's conversations as chats`() async throws {
    let server = try TestServer(await TestModel.quick())
    let chat = try await server.post(
      "/v1/chat/completions",
      #"{"messages":[{"role":"system","content":"be kind"},{"role":"user","content":"a"},"#
        + #"{"role":"assistant","content":"b"},{"role":"user","content":"c"}],"max_tokens":6,"seed":3}"#)
    let prompt = #"be kind\n\nHuman: a\n\nAssistant: b\n\nHuman: c\n\nAssistant:"#
    let reply = try await server.post(
      "/model/anthropic.claude-v2/invoke",
      #"{"prompt":"\#(prompt)","max_tokens_to_sample":6,"stop_sequences":["\n\nHuman:"],"seed":3}"#)
    #expect(reply.json["completion"] == chat.json["choices"]?.elements?.first?["message"]?["content"], "\(reply.text)")
  }

  @Test func `has several results and the score of each token with Jurassic, and no stream`() async throws {
    let server = try TestServer(await TestModel.quick(parallel: 2))
    let body = #"{"prompt":"hello","maxTokens":5,"numResults":2,"ignore_eos":true}"#
    let reply = try await server.post("/model/ai21.j2-mid-v1/invoke", body)
    let completions = try #require(reply.json["completions"]?.elements, "\(reply.text)")
    #expect(completions.count == 2 && reply.json["prompt"]?["text"] == "hello")
    #expect(completions.allSatisfy { $0["data"]?["tokens"]?.elements?.first?["generatedToken"]?["logprob"] != nil })
    #expect(completions.allSatisfy { $0["finishReason"]?["reason"] != nil })
    let stream = try await server.post("/model/ai21.j2-mid-v1/invoke-with-response-stream", body)
    #expect(stream.status == 400 && stream.json["message"] == "The model is unsupported for streaming")
  }

  @Test func `speaks Claude's messages`() async throws {
    let server = try TestServer(await TestModel.quick())
    let messages = #""max_tokens":6,"messages":[{"role":"user","content":"hi"}],"seed":3"#
    let own = try await server.post("/v1/messages", "{\(messages)}")
    let path = "/model/anthropic.claude-3-haiku-20240307-v1:0/invoke"
    let body = "{\(messages),\"anthropic_version\":\"bedrock-2023-05-31\"}"
    let whole = try await server.post(path, body)
    #expect(whole.status == 200 && whole.json["content"] == own.json["content"], "\(whole.text)")
    #expect(whole.json["stop_reason"] == own.json["stop_reason"])
    let chunks = try await server.post(path + "-with-response-stream", body).messages.map(\.chunk)
    #expect(chunks.first?["type"] == "message_start" && chunks.last?["type"] == "message_stop")
    #expect(chunks.last?["amazon-bedrock-invocationMetrics"]?["outputTokenCount"] == 6)
    let pieces = chunks.compactMap { $0["delta"]?["text"]?.text }.joined()
    #expect(.string(pieces) == whole.json["content"]?.elements?.first?["text"])
    let wrong = try await server.post(path, #"{"messages":[],"max_tokens":1}"#)
    #expect(wrong.status == 400 && wrong.awsError == "ValidationException")
  }

  @Test func `speaks Nova's and OpenAI's chats`() async throws {
    let server = try TestServer(await TestModel.quick())
    let chat = #"{"messages":[{"role":"user","content":"hi"}],"max_tokens":6,"seed":3}"#
    let direct = try await server.post("/v1/chat/completions", chat)
    let text = direct.json["choices"]?.elements?.first?["message"]?["content"]
    let open = try await server.post("/model/openai.gpt-oss-20b-1:0/invoke", chat)
    #expect(open.json["choices"] == direct.json["choices"], "\(open.text)")
    let opened = try await server.post("/model/openai.gpt-oss-20b-1:0/invoke-with-response-stream", chat)
    let pieces = opened.messages.compactMap { $0.chunk["choices"]?.elements?.first?["delta"]?["content"]?.text }
    #expect(.string(pieces.joined()) == text)

    let body =
      #"{"schemaVersion":"messages-v1","messages":[{"role":"user","content":[{"text":"hi"}]}],"#
      + #""inferenceConfig":{"max_new_tokens":6,"seed":3}}"#
    let nova = try await server.post("/model/us.amazon.nova-lite-v1:0/invoke", body)
    #expect(nova.json["output"]?["message"]?["content"]?.elements?.first?["text"] == text, "\(nova.text)")
    let chunks = try await server.post("/model/us.amazon.nova-lite-v1:0/invoke-with-response-stream", body).messages
    let deltas = chunks.compactMap { $0.chunk["contentBlockDelta"]?["delta"]?["text"]?.text }
    #expect(.string(deltas.joined()) == text && chunks.first?.chunk["messageStart"] != nil)
    #expect(chunks.last?.chunk["metadata"]?["usage"]?["outputTokens"] == 6)
  }

  @Test func `says why Mistral's chats ended as they do on Bedrock`() async throws {
    let server = try TestServer(await TestModel.quick())
    let chat = #"{"messages":[{"role":"user","content":"hi"}],"max_tokens":6,"seed":3}"#
    let direct = try await server.post("/v1/chat/completions", chat).json["choices"]?.elements?.first
    let path = "/model/mistral.mistral-large-2407-v1:0/invoke"
    let reply = try await server.post(path, chat)
    let choice = reply.json["choices"]?.elements?.first
    #expect(choice?["message"] == direct?["message"] && choice?["message"] != nil, "\(reply.text)")
    #expect(choice?["stop_reason"] == direct?["finish_reason"] && choice?["finish_reason"] == choice?["stop_reason"])
    let count = HTTPField.Name("X-Amzn-Bedrock-Output-Token-Count").flatMap { reply.headers[$0] }
    #expect(count == "6")
    let chunks = try await server.post(path + "-with-response-stream", chat).messages.map(\.chunk)
    let reasons = chunks.compactMap { $0["choices"]?.elements?.first?["stop_reason"] }.filter { $0 != .null }
    #expect(reasons == [direct?["finish_reason"] ?? .null])
  }

  @Test func `tells the tokens of newer models' chats as OpenAI's path does`() async throws {
    let server = try TestServer(await TestModel.quick())
    let chat =
      #"{"messages":[{"role":"user","content":"hi"}],"max_tokens":6,"seed":3,"return_token_ids":true,"logprobs":true,"#
      + #""return_tokens_as_token_ids":true}"#
    let direct = try await server.post("/v1/chat/completions", chat).json
    let reply = try await server.post("/model/openai.gpt-oss-20b-1:0/invoke", chat)
    #expect(reply.json["prompt_token_ids"] == direct["prompt_token_ids"], "\(reply.text)")
    #expect(reply.json["choices"] == direct["choices"] && direct["prompt_token_ids"] != nil)
    #expect(reply.text.contains("token_id:"), "\(reply.text)")
  }

  @Test(arguments: [
    ("openai.gpt-oss-20b-1:0", #"{"messages":[{"role":"user","content":"a"}],"prompt_logprobs":1}"#, "prompt_logprobs"),
    ("meta.llama3-8b-instruct-v1:0", #"{"max_gen_len":8}"#, "prompt"),
    ("meta.llama3-8b-instruct-v1:0", #"{"prompt":"a","max_gen_len":0}"#, "max_gen_len"),
    ("mistral.mistral-7b-instruct-v0:2", #"{"prompt":["a"]}"#, "prompt"),
    ("amazon.titan-text-lite-v1", #"{"inputText":"a","textGenerationConfig":3}"#, "textGenerationConfig"),
    ("amazon.nova-micro-v1:0", #"{"messages":"a"}"#, "messages"),
    ("ai21.j2-ultra-v1", #"{"prompt":"a","numResults":1000}"#, "numResults"),
  ])
  func `refuses by the field's name`(_ model: String, _ body: String, _ field: String) async throws {
    let server = try TestServer(await TestModel.quick())
    let reply = try await server.post("/model/\(model)/invoke", body)
    #expect(reply.status == 400 && reply.awsError == "ValidationException", "\(reply.text)")
    #expect(reply.json["message"]?.text?.contains(field) == true, "\(reply.text)")
  }
}

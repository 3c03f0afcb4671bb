internal import ApusJSON
internal import ApusServer
internal import Testing

/// How much a model thinks, in the words of each dialect; each answer of this model begins with thinking.
struct ThinkingTests {
  private let end = #""max_tokens":40,"temperature":0,"ignore_eos":true"#
  private let chat = #""messages":[{"role":"user","content":"the"}]"#

  private func thought(_ reply: Reply) -> JSONValue? {
    reply.json["usage"]?["completion_tokens_details"]?["reasoning_tokens"]
  }

  @Test(arguments: [
    ("", 40), (#","thinking_token_budget":5"#, 5), (#","thinking_budget":5,"enable_thinking":true"#, 5),
    (#","reasoning_budget_tokens":-1"#, 40), (#","thinking_budget_tokens":0"#, 0),
    (#","thinking":{"type":"enabled","budget_tokens":5},"reasoning_effort":"high""#, 5),
    (#","reasoning_effort":"none""#, 0), (#","enable_thinking":false"#, 0), (#","thinking":{"type":"disabled"}"#, 0),
    (#","chat_template_kwargs":{"enable_thinking":false}"#, 0), (#","reasoning_effort":"minimal""#, 40),
  ])
  func `Chat completions think as much as they are told`(_ fields: String, _ count: Int) async throws {
    let server = try TestServer(await TestModel.reasoning())
    let reply = try await server.post("/v1/chat/completions", "{\(chat),\(end)\(fields)}")
    #expect(reply.status == 200 && reply.ignoredFields == nil, "\(reply.text)")
    #expect(thought(reply) == .int(count))
    let message = reply.json["choices"]?.elements?.first?["message"]
    #expect((message?["content"] == "") == (count == 40))
    #expect((message?["reasoning_content"] == nil) == (count == 0))
    let stream = try await server.post(
      "/v1/chat/completions", #"{\#(chat),\#(end)\#(fields),"stream":true,"stream_options":{"include_usage":true}}"#)
    let usage = stream.events.last?["usage"]
    #expect(usage?["completion_tokens_details"]?["reasoning_tokens"] == .int(count))
  }

  @Test(arguments: [
    (#""thinking_token_budget":-2"#, "thinking_token_budget"), (#""thinking_budget":"a""#, "thinking_budget"),
    (#""thinking_budget":1,"thinking_token_budget":2"#, "thinking_budget"),
    (#""thinking_budget":1,"thinking":{"type":"enabled","budget_tokens":2}"#, "thinking"),
    (#""thinking":{"type":"enabled","budget_tokens":-1}"#, "thinking.budget_tokens"),
    (#""reasoning_effort":"none","enable_thinking":true"#, "reasoning_effort"),
  ])
  func `What contradicts itself is refused`(_ fields: String, _ parameter: String) async throws {
    let server = try TestServer(await TestModel.reasoning())
    let reply = try await server.post("/v1/chat/completions", "{\(chat),\(fields)}")
    #expect(reply.status == 400)
    #expect(reply.json["error"]?["param"] == .string(parameter), "\(reply.text)")
  }

  @Test func `Messages keep their budget`() async throws {
    let server = try TestServer(await TestModel.reasoning())
    func kinds(_ fields: String) async throws -> [JSONValue?]? {
      let reply = try await server.post("/v1/messages", "{\(chat),\(end)\(fields)}")
      return reply.json["content"]?.elements?.map { $0["type"] }
    }
    #expect(try await kinds("") == ["thinking"])
    #expect(try await kinds(#","thinking":{"type":"enabled","budget_tokens":5}"#) == ["thinking", "text"])
    #expect(try await kinds(#","thinking":{"type":"disabled"}"#) == ["text"])
  }

  @Test(arguments: [
    ("", 40), (#","reasoning":{"effort":"none"}"#, 0), (#","reasoning":{"effort":"low"},"thinking_token_budget":5"#, 5),
  ])
  func `Responses count what was thought`(_ fields: String, _ count: Int) async throws {
    let server = try TestServer(await TestModel.reasoning())
    let reply = try await server.post(
      "/v1/responses", #"{"input":"the","max_output_tokens":40,"temperature":0,"ignore_eos":true\#(fields)}"#)
    #expect(reply.json["usage"]?["output_tokens_details"]?["reasoning_tokens"] == .int(count), "\(reply.text)")
    #expect(reply.ignoredFields == nil)
  }

  @Test func `Ollama and Converse have the same switch`() async throws {
    let server = try TestServer(await TestModel.reasoning())
    let options = #""stream":false,"options":{"num_predict":40,"temperature":0}"#
    let on = try await server.post("/api/chat", #"{\#(chat),\#(options),"think":true}"#)
    #expect(on.json["message"]?["thinking"] != nil && on.json["message"]?["content"] == "", "\(on.text)")
    let off = try await server.post("/api/chat", #"{\#(chat),\#(options),"think":false}"#)
    #expect(off.json["message"]?["thinking"] == nil && off.json["message"]?["content"] != "", "\(off.text)")
    let body =
      #"{"messages":[{"role":"user","content":[{"text":"the"}]}],"#
      + #""inferenceConfig":{"maxTokens":40,"temperature":0},"#
    for (fields, count) in [
      (#""thinking":{"type":"enabled","budget_tokens":5}"#, 2), (#""reasoning_config":{"type":"disabled"}"#, 1),
      (#""reasoning_effort":"none""#, 1),
    ] {
      let reply = try await server.post(
        "/model/tiny/converse", body + #""additionalModelRequestFields":{"ignore_eos":true,\#(fields)}}"#)
      #expect(reply.json["output"]?["message"]?["content"]?.elements?.count == count, "\(reply.text)")
      #expect(reply.ignoredFields == nil)
    }
  }
}

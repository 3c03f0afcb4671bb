internal import Apus
internal import ApusJSON
internal import ApusServer
internal import Testing

struct ChatTests {
  private let path = "/v1/chat/completions"

  @Test func `An answer has OpenAI's shape, and a stream the same text`() async throws {
    let server = try TestServer(await TestModel.quick())
    let fields = #""messages":[{"role":"user","content":"hello"}],"max_tokens":20,"seed":2,"ignore_eos":true"#
    let whole = try await server.post(path, "{\(fields)}")
    #expect(whole.status == 200)
    #expect(whole.json["object"] == "chat.completion")
    let choice = try #require(whole.json["choices"]?.elements?.first)
    #expect(choice["message"]?["role"] == "assistant")
    #expect(choice["message"]?["refusal"] == .null)
    #expect(choice["finish_reason"] == "length")
    let stream = try await server.post(path, #"{\#(fields),"stream":true}"#)
    let deltas = stream.events.compactMap { $0["choices"]?.elements?.first }
    #expect(deltas.first?["delta"] == ["role": "assistant", "content": ""])
    #expect(deltas.last?["delta"] == [:])
    #expect(deltas.last?["finish_reason"] == "length")
    #expect(deltas.dropLast().allSatisfy { $0["finish_reason"] == .null })
    let text = deltas.reduce(into: "") { text, choice in
      if case .string(let piece)? = choice["delta"]?["content"] { text += piece }
    }
    #expect(choice["message"]?["content"] == .string(text))
    #expect(stream.events.allSatisfy { $0["usage"] == nil && $0["object"] == "chat.completion.chunk" })
    #expect(stream.text.hasSuffix("data: [DONE]\n\n"))
  }

  @Test func `Content may come in parts, which become lines`() async throws {
    let server = try TestServer(await TestModel.quick())
    let end = #","max_tokens":8,"temperature":0}"#
    let parts = #"[{"type":"text","text":"he"},{"type":"text","text":"in"}]"#
    let first = try await server.post(path, #"{"messages":[{"role":"user","content":"# + parts + "}]" + end)
    let second = try await server.post(path, #"{"messages":[{"role":"user","content":"he\nin"}]"# + end)
    #expect(first.status == 200)
    #expect(first.json["choices"] == second.json["choices"])
    #expect(first.json["usage"]?["prompt_tokens"] == second.json["usage"]?["prompt_tokens"])
  }

  @Test func `A prediction changes no answer, and its tokens are counted`() async throws {
    let server = try TestServer(await TestModel.quick())
    let fields = #""messages":[{"role":"user","content":"hello"}],"max_tokens":20,"seed":2,"ignore_eos":true"#
    let plain = try await server.post(path, "{\(fields)}")
    let counts = plain.json["usage"]?["completion_tokens_details"]
    #expect(counts?["accepted_prediction_tokens"] == 0 && counts?["rejected_prediction_tokens"] == 0)
    for content in [#""one two""#, #"[{"type":"text","text":"one two"}]"#, #""""#] {
      let reply = try await server.post(path, #"{\#(fields),"prediction":{"type":"content","content":\#(content)}}"#)
      #expect(reply.status == 200 && reply.ignoredFields == nil)
      #expect(reply.json["choices"] == plain.json["choices"])
      let told = reply.json["usage"]?["completion_tokens_details"]
      guard case .int(let accepted)? = told?["accepted_prediction_tokens"],
        case .int(let rejected)? = told?["rejected_prediction_tokens"]
      else { Issue.record("no counts: \(reply.text)"); return }
      let count = content == #""""# ? 0 : server.model.tokenize("one two", addSpecial: false).count
      #expect(accepted + rejected == count)
    }
  }

  @Test(arguments: [
    (#"{"type":"text","content":"a"}"#, "prediction.type"), (#"{"content":"a"}"#, "prediction.type"),
    (#"{"type":"content"}"#, "prediction.content"), (#"{"type":"content","content":7}"#, "prediction.content"),
    (#""a""#, "prediction"),
  ])
  func `A prediction must be content`(_ prediction: String, _ parameter: String) async throws {
    let server = try TestServer(await TestModel.quick())
    let reply = try await server.post(
      path, #"{"messages":[{"role":"user","content":"a"}],"max_tokens":1,"prediction":\#(prediction)}"#)
    #expect(reply.status == 400)
    #expect(reply.json["error"]?["param"] == .string(parameter))
  }

  @Test func `Log probabilities name token, bytes and alternatives`() async throws {
    let server = try TestServer(await TestModel.quick())
    let request = #"{"messages":[{"role":"user","content":"a"}],"max_tokens":5,"logprobs":true,"top_logprobs":2,"#
    let whole = try await server.post(path, request + #""ignore_eos":true,"seed":1}"#)
    let content = try #require(whole.json["choices"]?.elements?.first?["logprobs"]?["content"]?.elements)
    #expect(content.count == 5)
    for entry in content {
      #expect(entry["top_logprobs"]?.elements?.count == 2)
      #expect(entry["bytes"]?.elements != nil)
      #expect(entry["token"] != nil && entry["logprob"] != nil)
    }
    let stream = try await server.post(path, request + #""ignore_eos":true,"seed":1,"stream":true}"#)
    let streamed = stream.events.flatMap { event in
      event["choices"]?.elements?.first?["logprobs"]?["content"]?.elements ?? []
    }
    #expect(streamed == content)
  }

  @Test(arguments: [
    #""tools":[{"type":"function","function":{"name":"f"}}],"tool_choice":"none""#, #""tools":[]"#, #""tools":null"#,
    #""response_format":{"type":"text"}"#, #""n":2"#, #""stop":["x"],"user":"u","store":true,"metadata":{}"#,
    #""unknown_field":{"a":[1]}"#, #""temperature":null,"max_tokens":null,"max_completion_tokens":3"#,
    #""logit_bias":{"5":-100}"#, #""top_k":5,"min_p":0.1,"typical_p":0.9,"repeat_penalty":1.1,"repeat_last_n":8"#,
    #""mirostat":2,"mirostat_tau":4"#, #""dry_multiplier":0.8,"xtc_probability":0.2"#, #""n":2.0,"seed":-1"#,
  ])
  func `What clients send beside the messages is accepted`(_ fields: String) async throws {
    let server = try TestServer(await TestModel.quick())
    let reply = try await server.post(
      path, #"{"messages":[{"role":"system","content":"a"},{"role":"user","content":"b"}],"# + fields + "}")
    #expect(reply.status == 200)
  }

  @Test(arguments: [
    (#""prompt_logprobs":-1"#, "prompt_logprobs"),
    (#""chat_template":"x""#, "chat_template"), (#""best_of":4"#, "best_of"),
  ])
  func `What does not exist yet is refused by its name`(_ fields: String, _ parameter: String) async throws {
    let server = try TestServer(await TestModel.quick())
    let reply = try await server.post(path, #"{"messages":[{"role":"user","content":"b"}],"# + fields + "}")
    #expect(reply.status == 400)
    #expect(reply.json["error"]?["param"] == .string(parameter))
    #expect(reply.json["error"]?["code"] == "unsupported_parameter")
  }
}

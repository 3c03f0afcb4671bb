internal import Apus
internal import ApusJSON
internal import ApusServer
internal import HTTPTypes
internal import Testing

/// llama.cpp's own paths.
struct LlamaTests {
  private static let path = "/completion"

  private func refusal(_ reply: Reply) -> [JSONValue?] {
    guard case .object(let error)? = reply.json["error"] else { return [] }
    #expect(error.keys.prefix(3) == ["code", "message", "type"])
    return [error["code"], error["type"]]
  }

  @Test func `A completion is the one of OpenAI's path, with llama.cpp's members`() async throws {
    let server = try TestServer(await TestModel.quick())
    let fields = #""prompt":"the","seed":7,"ignore_eos":true"#
    let other = try await server.post("/v1/completions", #"{\#(fields),"max_tokens":20}"#)
    for path in ["/completion", "/completions"] {
      let reply = try await server.post(path, #"{\#(fields),"n_predict":20,"return_tokens":true}"#)
      let json = reply.json
      #expect(reply.status == 200 && json["content"].map { [$0] } == other.texts.map(JSONValue.string))
      #expect(json["stop"] == true && json["stop_type"] == "limit" && json["stopping_word"] == "")
      #expect(json["tokens_predicted"] == 20 && json["tokens"]?.elements?.count == 20)
      #expect(json["tokens_evaluated"] == other.json["usage"]?["prompt_tokens"])
      #expect(json["generation_settings"]?["seed"] == 7 && json["generation_settings"]?["top_k"] == 40)
      #expect(json["timings"]?["predicted_n"] == 20 && json["truncated"] == false)
      #expect(json["prompt"] == "<s> the" && reply.ignoredFields == nil, "\(reply.text) \(reply.ignoredFields ?? "")")
    }
  }

  @Test func `A stream has the same text, and no frame that only OpenAI's has`() async throws {
    let server = try TestServer(await TestModel.quick())
    let fields = #""prompt":"the","seed":7,"ignore_eos":true,"n_predict":20"#
    let whole = try await server.post(Self.path, "{\(fields)}")
    let stream = try await server.post(Self.path, #"{\#(fields),"stream":true,"return_progress":true}"#)
    #expect(!stream.text.contains("[DONE]"))
    let frames = stream.events
    let text = frames.reduce(into: "") { if case .string(let piece)? = $1["content"] { $0 += piece } }
    #expect(whole.json["content"] == .string(text))
    #expect(frames.dropLast().allSatisfy { $0["stop"] == false && $0["timings"] == nil })
    #expect(frames.last?["stop"] == true && frames.last?["timings"] != nil && frames.last?["tokens_predicted"] == 20)
    #expect(frames.first?["prompt_progress"]?["total"] == whole.json["tokens_evaluated"])
    #expect(frames.flatMap { $0["tokens"]?.elements ?? [] }.count == 20)
  }

  @Test func `A prompt may be texts and tokens in one list, or a list of prompts`() async throws {
    let server = try TestServer(await TestModel.quick())
    let end = #","n_predict":4,"temperature":0,"ignore_eos":true}"#
    let ids = server.model.tokenize("sea", addSpecial: false).map(String.init).joined(separator: ",")
    let mixed = try await server.post(Self.path, #"{"prompt":["the",\#(ids)]"# + end)
    let count = server.model.tokenize("the").count + server.model.tokenize("sea", addSpecial: false).count
    #expect(mixed.json["tokens_evaluated"] == .int(count))
    let several = try await server.post(Self.path, #"{"prompt":["the",[5,6],{"prompt_string":"sea"}]"# + end)
    #expect(several.json.elements?.map { $0["index"] } == [0, 1, 2])
    #expect(several.json.elements?[1]["tokens_evaluated"] == 2)
    let choices = try await server.post(Self.path, #"{"prompt":"the","n_cmpl":2"# + end)
    #expect(choices.json.elements?.count == 2)
  }

  @Test func `Endings, probabilities and chosen members are told`() async throws {
    let server = try TestServer(await TestModel.quick())
    let fields = #""prompt":"the","seed":7,"ignore_eos":true,"n_predict":20"#
    guard case .string(let text)? = try await server.post(Self.path, "{\(fields)}").json["content"] else {
      Issue.record()
      return
    }
    let stop = String(text.unicodeScalars.dropFirst(4).prefix(2).map(Character.init))
    let stopped = try await server.post(
      Self.path, JSONParser.parse(Array(#"{\#(fields)}"#.utf8)).adding("stop", [.string(stop)]))
    #expect(stopped.json["stop_type"] == "word" && stopped.json["stopping_word"] == .string(stop))
    let likely = try await server.post(Self.path, #"{\#(fields),"n_probs":3}"#)
    let entries = likely.json["completion_probabilities"]?.elements ?? []
    #expect(entries.count == 20)
    #expect(entries.allSatisfy { $0["id"] != nil && $0["bytes"] != nil && $0["top_logprobs"]?.elements?.count == 3 })
    let picked = try await server.post(
      Self.path, #"{\#(fields),"response_fields":["stop_type","generation_settings/top_k","x"]}"#)
    #expect(picked.json == ["stop_type": "limit", "top_k": 40])
  }

  @Test func `A bias may name texts, and forbid`() async throws {
    let server = try TestServer(await TestModel.quick())
    let end = #""n_predict":8,"temperature":0,"ignore_eos":true,"return_tokens":true}"#
    let free = try await server.post(Self.path, #"{"prompt":"the",\#(end)"#)
    let first = try #require(free.json["tokens"]?.elements?.first)
    let bound = try await server.post(
      Self.path, #"{"prompt":"the","logit_bias":[[\#(first.text ?? "0"),false]],\#(end)"#)
    #expect(bound.status == 200 && bound.json["tokens"]?.elements?.contains(first) == false)
    #expect(try await server.post(Self.path, #"{"prompt":"the","logit_bias":[["z",5]],\#(end)"#).status == 200)
    #expect(
      try await server.post(Self.path, #"{"prompt":"a","samplers":["top_k","temperature"],\#(end)"#).status == 200)
    #expect(try await server.post(Self.path, #"{"prompt":"a","samplers":"kpt",\#(end)"#).status == 200)
  }

  @Test(arguments: [
    ("{}", 400), (#"{"prompt":[]}"#, 400), (#"{"prompt":[[]]}"#, 400), (#"{"prompt":[null]}"#, 400),
    (#"{"prompt":{"x":1}}"#, 400), (#"{"prompt":[1.5]}"#, 400), (#"{"prompt":"a","n_predict":"x"}"#, 400),
    (#"{"prompt":"a","logit_bias":[[1,101]]}"#, 400), (#"{"prompt":"a","logit_bias":[[1]]}"#, 400),
    (#"{"prompt":"a","logit_bias":[[-1,1]]}"#, 400), (#"{"prompt":"a","logit_bias":[1]}"#, 400),
    (#"{"prompt":"a","samplers":["x"]}"#, 400), (#"{"prompt":"a","samplers":[1]}"#, 400),
    (#"{"prompt":"a","samplers":["top_k","top_k"]}"#, 400), (#"{"prompt":"a","n_probs":21}"#, 400),
    (#"{"prompt":"a","response_fields":[1]}"#, 400), (#"{"prompt":"a","post_sampling_probs":true}"#, 501),
    (#"{"prompt":"a","t_max_predict_ms":5}"#, 501), (#"{"prompt":"a","image_data":[]}"#, 501), ("[", 400),
  ])
  func `Wrong requests are refused in llama.cpp's words`(_ body: String, _ status: Int) async throws {
    let server = try TestServer(await TestModel.quick())
    let reply = try await server.post(Self.path, body)
    #expect(reply.status == status)
    #expect(refusal(reply) == [.int(status), status == 400 ? "invalid_request_error" : "not_supported_error"])
  }

  @Test func `All other refusals have its words, too`() async throws {
    let server = try TestServer(await TestModel.quick()) { $0.apiKeys = ["k"] }
    let unknown = try await server.post(Self.path, "{}")
    #expect(unknown.status == 401 && refusal(unknown) == [401, "authentication_error"])
    let key: HTTPFields = [.authorization: "Bearer k"]
    let long = try await server.post(
      Self.path, #"{"prompt":"\#(String(repeating: "long ", count: 500))"}"#, headers: key)
    #expect(refusal(long) == [400, "exceed_context_size_error"])
    #expect(long.json["error"]?["n_ctx"] == 256 && long.json["error"]?["n_prompt_tokens"] != nil)
    let infill = try await server.post("/infill", #"{"input_prefix":"a","input_suffix":"b"}"#, headers: key)
    #expect(infill.status == 501)
    #expect(refusal(try await server.post("/slots/0?action=save", "{}", headers: key)) == [501, "not_supported_error"])
    let method = try await server.send(.get, "/apply-template", headers: key)
    #expect(method.status == 405 && method.json["error"]?["code"] == 405)
    #expect(try await server.send(.get, "/v1/health").status == 200)
  }

  @Test func `Templates, settings, slots, adapters and vectors are told`() async throws {
    let server = try TestServer(await TestModel.adapted("style"))
    let prompt = try await server.post("/apply-template", #"{"messages":[{"role":"user","content":"hi"}]}"#)
    #expect(prompt.json == ["prompt": "user: hi\n"])
    #expect(try await server.post("/apply-template", "{}").status == 400)
    let props = try await server.send(.get, "/props").json
    #expect(props["total_slots"] == 4 && props["bos_token"] == "<s>" && props["chat_template"] != "")
    #expect(props["default_generation_settings"]?["params"]?["temperature"] == .double(0.8))
    let slots = try await server.send(.get, "/slots?fail_on_no_slot=1").json
    let chat = #"{"messages":[{"role":"user","content":"a"}],"max_tokens":1}"#
    #expect(try await server.post("/chat/completions", chat).json["object"] == "chat.completion")
    #expect(slots.elements?.count == 4 && slots.elements?.first?["is_processing"] == false)
    #expect(try await server.send(.get, "/lora-adapters").json == [["id": 0, "path": "style", "scale": 0]])
    let vectors = try await server.post("/embedding", #"{"content":["a","b"],"pooling":"mean"}"#)
    #expect(vectors.json.elements?.count == 2)
    #expect(vectors.json.elements?[1]["embedding"]?.elements?.first?.elements?.count == 64)
    #expect(try await server.post("/embeddings", #"{"content":"a"}"#).status == 400)
    let ranking = try TestServer(await TestModel.ranking())
    let ranked = try await ranking.post("/reranking", #"{"query":"a","documents":["b","c"]}"#)
    #expect(ranked.json["results"]?.elements?.count == 2)
  }
}

extension JSONValue {
  /// The digits of a whole number.
  fileprivate var text: String? { if case .int(let value) = self { String(value) } else { nil } }

  /// The object with one more member.
  fileprivate func adding(_ name: String, _ value: JSONValue) -> JSONValue {
    guard case .object(var members) = self else { return self }
    members[name] = value
    return .object(members)
  }
}

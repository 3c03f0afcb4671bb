internal import Apus
internal import ApusJSON
internal import ApusServer
internal import Testing

/// What vLLM adds to OpenAI's paths: which tokens may come, what is told of prompts, and the best of several.
struct TokenRuleTests {
  private static let path = "/v1/completions"

  private func ids(_ reply: Reply, _ model: Model) -> [Token] { reply.texts.flatMap { model.tokenize($0) } }

  @Test func `Only allowed tokens come, and forbidden words do not`() async throws {
    let server = try TestServer(await TestModel.quick())
    let letters = "ab".utf8.flatMap { server.model.tokenize(String(UnicodeScalar($0)), addSpecial: false).suffix(1) }
    let list = letters.map(String.init).joined(separator: ",")
    let fields = #""prompt":"the","max_tokens":24,"seed":3,"ignore_eos":true"#
    let allowed = try await server.post(Self.path, #"{\#(fields),"allowed_token_ids":[\#(list)]}"#).texts[0]
    let expected = Set(letters.map { String(decoding: server.model.bytes(of: $0), as: UTF8.self) }.joined())
    #expect(!allowed.isEmpty && Set(allowed).isSubset(of: expected))
    let listed = try await server.post(Self.path, "{\(fields),\"logprobs\":0}")
    let free = listed.texts[0]
    let tokens = listed.json["choices"]?.elements?.first?["logprobs"]?["tokens"]?.elements ?? []
    let word = try #require(
      tokens.first { if case .string(let text) = $0 { text.allSatisfy(\.isLetter) } else { false } })
    let body: JSONValue = ["prompt": "the", "max_tokens": 24, "seed": 3, "ignore_eos": true, "bad_words": [word]]
    let bound = try await server.post(Self.path, body).texts[0]
    #expect(bound != free, "\(word) \(free)")
  }

  @Test func `A completion does not end by itself before it has as many tokens as asked for`() async throws {
    let server = try TestServer(await TestModel.quick())
    let end = server.model.tokenizerDescription.end?.id ?? 2
    let bias = #""logit_bias":{"\#(end)":100},"temperature":0,"max_tokens":20"#
    let short = try await server.post(Self.path, #"{"prompt":"the",\#(bias)}"#)
    #expect(short.json["usage"]?["completion_tokens"] == 0)
    let long = try await server.post(Self.path, #"{"prompt":"the","min_tokens":7,\#(bias)}"#)
    #expect(long.json["usage"]?["completion_tokens"] == 7)
    #expect(long.json["choices"]?.elements?.first?["finish_reason"] == "stop")
    let fitting = try await server.post(
      Self.path, #"{"prompt":"the","min_tokens":15,"max_tokens":20,"guided_choice":["yes","no"]}"#)
    #expect(["yes", "no"].contains(fitting.texts[0]))
  }

  @Test func `What is told of a prompt are the library's scores`() async throws {
    let server = try TestServer(await TestModel.quick())
    let tokens = server.model.tokenize("the sea")
    let scores = try await server.model.score(tokens: tokens, top: 2)
    let reply = try await server.post(
      Self.path, #"{"prompt":"the sea","max_tokens":2,"prompt_logprobs":2,"temperature":0}"#)
    let choice = try #require(reply.json["choices"]?.elements?.first)
    let entries = choice["prompt_logprobs"]?.elements ?? []
    #expect(choice["logprobs"] == .null && entries.count == tokens.count && entries.first == .null)
    for ((token, score), entry) in zip(zip(tokens.dropFirst(), scores), entries.dropFirst()) {
      let own = entry["\(token)"]
      #expect(own?["logprob"] == .double(score.chosen) && own?["rank"] == .int(score.rank))
      #expect(own?["decoded_token"] != nil)
      for (index, other) in score.top.enumerated() { #expect(entry["\(other.token)"]?["rank"] == .int(index + 1)) }
    }
    let chat = try await server.post(
      "/v1/chat/completions", #"{"messages":[{"role":"user","content":"a"}],"max_tokens":1,"prompt_logprobs":0}"#)
    #expect(chat.json["prompt_logprobs"]?.elements?.first == .null)
    #expect(chat.json["prompt_logprobs"]?.elements.map { .int($0.count) } == chat.json["usage"]?["prompt_tokens"])
  }

  @Test func `Of a prompt its end may be kept`() async throws {
    let server = try TestServer(await TestModel.quick())
    let long = String(repeating: "long ", count: 500)
    let end = #""max_tokens":1,"ignore_eos":true"#
    let cut = try await server.post(Self.path, #"{"prompt":"\#(long)","truncate_prompt_tokens":5,\#(end)}"#)
    #expect(cut.json["usage"]?["prompt_tokens"] == 5)
    let most = try await server.post(Self.path, #"{"prompt":"\#(long)","truncate_prompt_tokens":-1,\#(end)}"#)
    #expect(most.json["usage"]?["prompt_tokens"] == 255)
    let chat = try await server.post(
      "/v1/chat/completions",
      #"{"messages":[{"role":"user","content":"\#(long)"}],"truncate_prompt_tokens":9,\#(end)}"#)
    #expect(chat.json["usage"]?["prompt_tokens"] == 9)
  }

  @Test func `Of a prompt its beginning may be kept, and the tokenizer may put nothing before it`() async throws {
    let server = try TestServer(await TestModel.quick())
    let all = server.model.tokenize("the sea and the wind").map { JSONValue.int(Int($0)) }
    let fields = #""prompt":"the sea and the wind","max_tokens":1,"return_token_ids":true"#
    for (side, kept) in [("right", Array(all.prefix(5))), ("left", Array(all.suffix(5)))] {
      let reply = try await server.post(
        Self.path, #"{\#(fields),"truncate_prompt_tokens":5,"truncation_side":"\#(side)"}"#)
      #expect(reply.json["choices"]?.elements?.first?["prompt_token_ids"] == .array(kept), "\(reply.text)")
    }
    #expect(try await server.post(Self.path, #"{\#(fields),"truncation_side":"up"}"#).status == 400)
    let bare = server.model.tokenize("the sea and the wind", addSpecial: false).map { JSONValue.int(Int($0)) }
    let reply = try await server.post(Self.path, #"{\#(fields),"add_special_tokens":false}"#)
    #expect(reply.json["choices"]?.elements?.first?["prompt_token_ids"] == .array(bare), "\(reply.text)")
  }

  @Test func `Tokens are told by their numbers, whole and streamed`() async throws {
    let server = try TestServer(await TestModel.quick())
    let wanted = #""max_tokens":6,"seed":3,"ignore_eos":true,"return_token_ids":true"#
    let prompt = #""prompt":"the","logprobs":0,"return_tokens_as_token_ids":true"#
    let whole = try await server.post(Self.path, "{\(prompt),\(wanted)}")
    let choice = try #require(whole.json["choices"]?.elements?.first, "\(whole.text)")
    let ids = try #require(choice["token_ids"]?.elements)
    #expect(ids.count == 6)
    #expect(choice["prompt_token_ids"] == .array(server.model.tokenize("the").map { .int(Int($0)) }))
    let names = ids.map { id in if case .int(let number) = id { JSONValue.string("token_id:\(number)") } else { id } }
    #expect(choice["logprobs"]?["tokens"] == .array(names), "\(whole.text)")
    let frames = try await server.post(Self.path, "{\(prompt),\(wanted),\"stream\":true}").events
    let choices = frames.compactMap { $0["choices"]?.elements?.first }
    #expect(choices.flatMap { $0["token_ids"]?.elements ?? [] } == ids)
    let told: [JSONValue] = choices.compactMap { $0["prompt_token_ids"] }
    #expect(told == [choice["prompt_token_ids"] ?? .null])

    let chat = #""messages":[{"role":"user","content":"a"}],"logprobs":true,"return_tokens_as_token_ids":true"#
    let path = "/v1/chat/completions"
    let reply = try await server.post(path, "{\(chat),\(wanted)}")
    let said = try #require(reply.json["choices"]?.elements?.first, "\(reply.text)")
    #expect(reply.json["prompt_token_ids"]?.elements.map { .int($0.count) } == reply.json["usage"]?["prompt_tokens"])
    let listed = said["logprobs"]?["content"]?.elements?.compactMap { $0["token"] } ?? []
    #expect(said["token_ids"]?.elements?.count == 6 && listed.count == 6)
    let streamed = try await server.post(path, "{\(chat),\(wanted),\"stream\":true}").events
    let numbers = streamed.compactMap { $0["choices"]?.elements?.first }.flatMap { $0["token_ids"]?.elements ?? [] }
    #expect(.array(numbers) == said["token_ids"])
    let prompts: [JSONValue] = streamed.compactMap { $0["prompt_token_ids"] }
    #expect(prompts == [reply.json["prompt_token_ids"] ?? .null])
    let plain = try await server.post(Self.path, #"{"prompt":"the","max_tokens":1}"#)
    #expect(plain.json["choices"]?.elements?.first?["token_ids"] == nil)
  }

  @Test func `The text that ended an answer stands at its end where that is wanted`() async throws {
    let server = try TestServer(await TestModel.quick())
    let letters = "ab".utf8.flatMap { server.model.tokenize(String(UnicodeScalar($0)), addSpecial: false).suffix(1) }
    var body: JSONObject = JSONObject([
      ("prompt", "the"), ("max_tokens", 12), ("seed", 3), ("ignore_eos", true),
      ("allowed_token_ids", .array(letters.map { .int(Int($0)) })),
    ])
    let free = try await server.post(Self.path, .object(body)).texts[0]
    let stop = String(free.prefix(1))
    #expect(!stop.isEmpty)
    body["stop"] = .string(stop)
    #expect(try await server.post(Self.path, .object(body)).texts == [""])
    body["include_stop_str_in_output"] = true
    let whole = try await server.post(Self.path, .object(body))
    #expect(whole.texts == [stop], "\(whole.text)")
    #expect(whole.json["choices"]?.elements?.first?["stop_reason"] == .string(stop))
    body["stream"] = true
    let frames = try await server.post(Self.path, .object(body)).events
    let text = frames.compactMap { frame -> String? in
      if case .string(let text)? = frame["choices"]?.elements?.first?["text"] { text } else { nil }
    }
    #expect(text.joined() == stop)
  }

  @Test func `The best of several completions are those with the most likely tokens`() async throws {
    let server = try TestServer(await TestModel.quick(parallel: 4))
    let fields = #""prompt":"the","max_tokens":8,"seed":5,"ignore_eos":true,"logprobs":0"#
    let all = try await server.post(Self.path, #"{\#(fields),"n":4}"#)
    let means = (all.json["choices"]?.elements ?? []).map { choice in
      let values = (choice["logprobs"]?["token_logprobs"]?.elements ?? []).compactMap(\.value)
      return values.reduce(0, +) / Double(values.count)
    }
    let order = means.indices.sorted { means[$0] > means[$1] }
    let best = try await server.post(Self.path, #"{\#(fields),"n":2,"best_of":4}"#)
    #expect(best.texts == order.prefix(2).map { all.texts[$0] })
    #expect(best.json["choices"]?.elements?.map { $0["index"] } == [0, 1])
    #expect(best.json["usage"]?["completion_tokens"] == 32)
    let bare = try await server.post(
      Self.path, #"{"prompt":"the","max_tokens":8,"seed":5,"ignore_eos":true,"best_of":4}"#)
    #expect(bare.texts == [all.texts[order[0]]])
    #expect(bare.json["choices"]?.elements?.first?["logprobs"] == .null)
  }

  @Test func `An answer may go on with the last message, and without a new turn`() async throws {
    let server = try TestServer(await TestModel.quick())
    let messages = #""messages":[{"role":"user","content":"a"},{"role":"assistant","content":"Once upon"}]"#
    let fields = #""max_tokens":6,"temperature":0,"ignore_eos":true"#
    let chat = try await server.post(
      "/v1/chat/completions", #"{\#(messages),"continue_final_message":true,"add_generation_prompt":false,\#(fields)}"#)
    let raw = try await server.post(Self.path, #"{"prompt":"user: a\nassistant: Once upon",\#(fields)}"#)
    #expect(chat.json["choices"]?.elements?.first?["message"]?["content"] == .string(raw.texts[0]))
    #expect(
      chat.json["usage"]?["completion_tokens_details"]
        == ["reasoning_tokens": 0, "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0])
    let both = try await server.post(
      "/v1/chat/completions", #"{\#(messages),"continue_final_message":true,"add_generation_prompt":true}"#)
    #expect(both.status == 400)
    let unknown = try await server.post(
      "/v1/chat/completions", #"{\#(messages),"chat_template_kwargs":{"messages":[]}}"#)
    #expect(unknown.status == 400 && unknown.json["error"]?["param"] == "chat_template_kwargs")
    let known = try await server.post(
      "/v1/chat/completions",
      #"{\#(messages),"chat_template_kwargs":{"enable_thinking":false},"reasoning_effort":"low",\#(fields)}"#)
    #expect(known.status == 200 && known.ignoredFields == nil)
  }
}

internal import Apus
internal import ApusJSON
internal import ApusServer
internal import HTTPTypes
internal import Testing

/// `/tokenize` and `/detokenize` in the forms of vLLM, llama.cpp and TGI, and what else clients ask of a tokenizer.
struct TokenizeTests {
  private func ids(_ value: JSONValue?) -> [Token] {
    (value?.elements ?? []).compactMap { if case .int(let id) = $0 { Token(id) } else { nil } }
  }

  @Test func `vLLM's form counts what a completion would`() async throws {
    let server = try TestServer(await TestModel.quick())
    let text = "the häppy 🐕</s>"
    let reply = try await server.post("/tokenize", ["prompt": .string(text), "return_token_strs": true])
    let tokens = ids(reply.json["tokens"])
    #expect(reply.json["count"] == .int(tokens.count))
    #expect(reply.json["max_model_len"] == .int(server.model.information.contextLength))
    #expect(reply.json["token_strs"]?.elements?.count == tokens.count)
    #expect(tokens == server.model.tokenize(text, parseSpecial: true))
    let bare = try await server.post("/tokenize", ["prompt": .string(text), "add_special_tokens": false])
    #expect(ids(bare.json["tokens"]) == Array(tokens.dropFirst()) && bare.json["token_strs"] == .null)
    let empty = try await server.post("/tokenize", ["prompt": "", "add_special_tokens": false])
    #expect(empty.json["count"] == 0)
  }

  @Test func `The messages of a chat become the tokens that their answer reports`() async throws {
    let server = try TestServer(await TestModel.quick())
    let messages: JSONValue = [["role": "user", "content": "hello"]]
    let reply = try await server.post("/tokenize", ["messages": messages])
    let answer = try await server.post("/v1/chat/completions", ["messages": messages, "max_tokens": 1])
    #expect(reply.json["count"] == answer.json["usage"]?["prompt_tokens"])
    let wrong = try await server.post("/tokenize", ["messages": [["role": "user"]]])
    #expect(wrong.status == 400 && wrong.json["error"]?["param"] == "messages[0].content")
  }

  @Test func `llama.cpp's form takes texts and tokens, and may tell the pieces`() async throws {
    let server = try TestServer(await TestModel.quick())
    let plain = try await server.post("/tokenize", ["content": "<s>the"])
    #expect(ids(plain.json["tokens"]) == server.model.tokenize("<s>the", addSpecial: false, parseSpecial: true))
    let mixed = try await server.post("/tokenize", ["content": ["the", 5, 6, "sea"], "add_special": true])
    let expected =
      server.model.tokenize("the") + [5, 6] + server.model.tokenize("sea", addSpecial: false)
    #expect(ids(mixed.json["tokens"]) == expected)
    let pieces = try await server.post(
      "/tokenize", ["content": "é🐕", "parse_special": false, "with_pieces": true])
    let entries = pieces.json["tokens"]?.elements ?? []
    #expect(entries.contains { $0["piece"]?.elements != nil } && entries.allSatisfy { $0["id"] != nil })
  }

  @Test func `TGI's form says which characters a token stands for`() async throws {
    let server = try TestServer(await TestModel.quick())
    let text = "the häppy sea"
    let entries = try await server.post("/tokenize", ["inputs": .string(text)]).json.elements ?? []
    #expect(entries.first?["start"] == 0 && entries.first?["stop"] == 0)
    #expect(entries.last?["stop"] == .int(text.unicodeScalars.count))
    for (entry, next) in zip(entries, entries.dropFirst()) { #expect(entry["stop"] == next["start"]) }
  }

  @Test func `Tokens become text under both names`() async throws {
    let server = try TestServer(await TestModel.quick())
    let tokens = server.model.tokenize("the <s> häppy 🐕", addSpecial: false, parseSpecial: true)
    let reply = try await server.post("/detokenize", ["tokens": .array(tokens.map { .int(Int($0)) })])
    #expect(reply.json["prompt"] == .string(server.model.detokenize(tokens, renderSpecial: true)))
    #expect(reply.json["content"] == reply.json["prompt"])
    #expect(try await server.post("/detokenize", ["tokens": []]).json["prompt"] == "")
  }

  @Test(arguments: [
    ("/tokenize", "{}"), ("/tokenize", #"{"prompt":1}"#), ("/tokenize", #"{"prompt":["a"]}"#), ("/tokenize", "[]"),
    ("/tokenize", #"{"content":[null]}"#), ("/tokenize", #"{"content":[1.5]}"#), ("/tokenize", #"{"content":[-1]}"#),
    ("/tokenize", #"{"content":{}}"#), ("/tokenize", #"{"inputs":[]}"#), ("/tokenize", #"{"messages":[]}"#),
    ("/tokenize", #"{"prompt":"a","add_special_tokens":"x"}"#), ("/detokenize", "{}"),
    ("/detokenize", #"{"tokens":"a"}"#), ("/detokenize", #"{"tokens":[99999]}"#), ("/detokenize", #"{"tokens":[-1]}"#),
    ("/detokenize", #"{"tokens":[[1]]}"#), ("/tokenize", "{\"prompt\":\"\\ud800\"}"),
    ("/tokenize", #"{"messages":[{"role":"user","content":"a"}],"chat_template":"x"}"#),
  ])
  func `Wrong requests are refused`(_ path: String, _ body: String) async throws {
    let server = try TestServer(await TestModel.quick())
    let reply = try await server.post(path, body)
    #expect(reply.status == 400 && reply.isAPIError)
  }

  @Test func `Replies are bounded`() async throws {
    let server = try TestServer(await TestModel.quick()) {
      $0.limits.replyTokens = 20
      $0.limits.replyTexts = 10
    }
    let text = JSONValue.string(String(repeating: "z", count: 15))
    #expect(try await server.post("/tokenize", ["content": text]).status == 200)
    #expect(try await server.post("/tokenize", ["content": text, "with_pieces": true]).status == 400)
    #expect(try await server.post("/tokenize", ["inputs": text]).status == 400)
    #expect(try await server.post("/tokenize", ["prompt": .string(String(repeating: "z", count: 30))]).status == 400)
    let ids = JSONValue.array(Array(repeating: 5, count: 11))
    #expect(try await server.post("/detokenize", ["tokens": ids]).status == 400)
  }

  @Test func `The tokenizer, the version and the load are told`() async throws {
    let server = try TestServer(await TestModel.quick()) { $0.version = "1.2" }
    let tokenizer = try await server.send(.get, "/tokenizer_info").json
    #expect(tokenizer["eos_token"] == "</s>" && tokenizer["bos_token"] == "<s>")
    #expect(tokenizer["chat_template"] != .null)
    #expect(try await server.send(.get, "/version").json == ["version": "1.2"])
    #expect(try await server.send(.get, "/load").json == ["server_load": 0])
    #expect(try await server.send(.get, "/tokenize").status == 405)
    #expect(try await server.send(.get, "/tokenizer_info?model=x").status == 200)
    let strict = try TestServer(await TestModel.quick()) { $0.hasStrictModels = true }
    #expect(try await strict.send(.get, "/tokenizer_info?model=x").status == 404)
  }
}

internal import Apus
internal import ApusJSON
internal import ApusServer
internal import HTTPTypes
internal import Testing

/// The paths of Text Generation Inference.
struct TGITests {
  private static let parameters = #""parameters":{"do_sample":true,"seed":7,"max_new_tokens":12"#

  private func tokens(_ value: JSONValue?) -> Int { value?.elements?.count ?? 0 }

  @Test func `A text is the one of OpenAI's path`() async throws {
    let server = try TestServer(await TestModel.quick())
    let other = try await server.post("/v1/completions", #"{"prompt":"the","seed":7,"max_tokens":12}"#)
    let reply = try await server.post("/generate", #"{"inputs":"the",\#(Self.parameters)}}"#)
    #expect(reply.status == 200 && reply.json == ["generated_text": .string(other.texts[0])])
    let list = try await server.post("/", #"{"inputs":"the",\#(Self.parameters),"return_full_text":true}}"#)
    #expect(list.json == [["generated_text": .string("the" + other.texts[0])]])
  }

  @Test func `Without sampling the most likely token is taken`() async throws {
    let server = try TestServer(await TestModel.quick())
    let greedy = try await server.post("/v1/completions", #"{"prompt":"the","temperature":0,"max_tokens":9}"#)
    for fields in ["", #","do_sample":false"#, #","seed":3"#] {
      let reply = try await server.post("/generate", #"{"inputs":"the","parameters":{"max_new_tokens":9\#(fields)}}"#)
      #expect(reply.json["generated_text"] == .string(greedy.texts[0]))
    }
    let bare = try await server.post("/generate", #"{"inputs":"the"}"#)
    #expect(bare.status == 200)
  }

  @Test func `Details tell each token, the prompt's too`() async throws {
    let server = try TestServer(await TestModel.quick())
    let reply = try await server.post(
      "/generate",
      #"{"inputs":"the",\#(Self.parameters),"details":true,"decoder_input_details":true,"top_n_tokens":2}}"#)
    let details = try #require(reply.json["details"])
    #expect(details["seed"] == 7 && details["generated_tokens"] == .int(tokens(details["tokens"])))
    #expect(tokens(details["prefill"]) == server.model.tokenize("the").count)
    #expect(details["prefill"]?.elements?.first?["logprob"] == .null)
    #expect(tokens(details["top_tokens"]) == tokens(details["tokens"]))
    #expect(details["top_tokens"]?.elements?.allSatisfy { tokens($0) == 2 } == true)
    let last = details["tokens"]?.elements?.last
    #expect((details["finish_reason"] == "eos_token") == (last?["special"] == true))
  }

  @Test func `A stream has a frame for each token, and the text with the last`() async throws {
    let server = try TestServer(await TestModel.quick())
    for seed in 1...6 {
      let parameters = #""parameters":{"do_sample":true,"seed":\#(seed),"max_new_tokens":12,"details":true}"#
      let whole = try await server.post("/generate", #"{"inputs":"the",\#(parameters)}"#)
      for (path, more) in [("/generate_stream", ""), ("/", #","stream":true"#)] {
        let frames = try await server.post(path, #"{"inputs":"the",\#(parameters)\#(more)}"#).events
        #expect(frames.count == tokens(whole.json["details"]?["tokens"]))
        #expect(frames.map { $0["index"] } == (1...frames.count).map { .int($0) })
        #expect(frames.map { $0["token"]?["id"] } == whole.json["details"]?["tokens"]?.elements?.map { $0["id"] })
        #expect(frames.dropLast().allSatisfy { $0["generated_text"] == .null && $0["details"] == .null })
        #expect(frames.last?["generated_text"] == whole.json["generated_text"])
        #expect(frames.last?["details"]?["finish_reason"] == whole.json["details"]?["finish_reason"])
        let text = frames.reduce(into: "") { text, frame in
          guard frame["token"]?["special"] == false, case .string(let piece)? = frame["token"]?["text"] else { return }
          text += piece
        }
        #expect(.string(text) == whole.json["generated_text"])
      }
    }
  }

  @Test func `Prompts are cut, texts end and fit, and the best of several is told`() async throws {
    let server = try TestServer(await TestModel.quick())
    let cut = try await server.post(
      "/generate", #"{"inputs":"the sea and the ice","parameters":{"truncate":3,"max_new_tokens":2,"details":true}}"#)
    #expect(cut.json["details"]?["input_length"] == 3)
    let fitting = try await server.post(
      "/generate",
      #"{"inputs":"the","parameters":{"max_new_tokens":40,"grammar":{"type":"regex","value":"ab|cd"}}}"#)
    #expect(["ab", "cd"].contains(fitting.json["generated_text"]))
    let schema = #"{"type":"json","value":{"enum":[1]}}"#
    let object = try await server.post("/generate", #"{"inputs":"a","parameters":{"grammar":\#(schema)}}"#)
    #expect(object.json["generated_text"] == "1")
    let best = try await server.post(
      "/generate", #"{"inputs":"the",\#(Self.parameters),"best_of":3,"details":true}}"#)
    #expect(tokens(best.json["details"]?["best_of_sequences"]) == 2)
  }

  @Test(arguments: [
    "{}", #"{"inputs":1}"#, #"{"inputs":["a"]}"#, #"{"inputs":"a","parameters":1}"#,
    #"{"inputs":"a","parameters":{"max_new_tokens":-1}}"#, #"{"inputs":"a","parameters":{"temperature":"x"}}"#,
    #"{"inputs":"a","parameters":{"top_p":2}}"#, #"{"inputs":"a","parameters":{"seed":-5}}"#,
    #"{"inputs":"a","parameters":{"stop":[1]}}"#, #"{"inputs":"a","parameters":{"truncate":0}}"#,
    #"{"inputs":"a","parameters":{"watermark":true}}"#, #"{"inputs":"a","parameters":{"adapter_id":"x"}}"#,
    #"{"inputs":"a","parameters":{"grammar":{"type":"xml","value":"a"}}}"#,
    #"{"inputs":"a","parameters":{"grammar":{"type":"regex","value":"("}}}"#,
    #"{"inputs":"a","parameters":{"top_n_tokens":99}}"#, "[", "null",
  ])
  func `Wrong requests are refused in TGI's words`(_ body: String) async throws {
    let server = try TestServer(await TestModel.quick())
    for path in ["/generate", "/generate_stream", "/"] {
      let reply = try await server.post(path, body)
      #expect(reply.status == 422 && reply.json["error_type"] == "validation", "\(path) \(body)")
      guard case .string(let text)? = reply.json["error"] else { Issue.record(); return }
      #expect(text.hasPrefix("Input validation error: "))
    }
  }

  @Test func `What is too long, what needs a key, and what the model is, is told`() async throws {
    let server = try TestServer(await TestModel.quick()) { $0.apiKeys = ["k"] }
    let key: HTTPFields = [.authorization: "Bearer k"]
    let long = try await server.post(
      "/generate", #"{"inputs":"\#(String(repeating: "long ", count: 500))"}"#, headers: key)
    #expect(long.status == 422 && long.text.contains("`inputs` tokens + `max_new_tokens` must be <= 256"))
    #expect(try await server.post("/", #"{"inputs":"a"}"#).status == 401)
    #expect(try await server.send(.get, "/").status == 200)
    let information = try await server.send(.get, "/info", headers: key).json
    #expect(information["max_total_tokens"] == 256 && information["model_device_type"] == "cpu")
  }
}

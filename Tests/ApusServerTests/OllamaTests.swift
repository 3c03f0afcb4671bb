internal import ApusJSON
internal import ApusServer
internal import HTTPTypes
internal import Testing

/// `/api/generate` and `/api/chat`.
struct OllamaTests {
  private static let generate = "/api/generate"
  private static let chat = "/api/chat"
  private static let hello = #""messages":[{"role":"user","content":"hello"}]"#
  /// Ends nowhere but at its length.
  private static let long = #""options":{"num_predict":20,"seed":3,"logit_bias":{"2":-100}}"#

  @Test func `A stream is lines of JSON, and the last says how it ended`() async throws {
    let server = try TestServer(await TestModel.quick())
    let stream = try await server.post(Self.chat, #"{"model":"m",\#(Self.hello),\#(Self.long)}"#)
    #expect(stream.status == 200)
    #expect(stream.headers[.contentType] == "application/x-ndjson")
    let lines = stream.lines
    #expect(stream.text.hasSuffix("\n") && lines.count > 1)
    let last = try #require(lines.last)
    #expect(last["done"] == true && last["done_reason"] == "length")
    #expect(last["message"] == ["role": "assistant", "content": ""])
    #expect(last["eval_count"] == 20)
    for name in ["total_duration", "load_duration", "prompt_eval_count", "prompt_eval_duration", "eval_duration"] {
      #expect(last[name]?.whole ?? -1 >= 0, "\(name)")
    }
    for line in lines.dropLast() {
      #expect(line["done"] == false && line["done_reason"] == nil && line["error"] == nil)
      #expect(line["model"] == "m" && line["message"]?["role"] == "assistant")
    }
    let whole = try await server.post(Self.chat, #"{"model":"m",\#(Self.hello),\#(Self.long),"stream":false}"#)
    #expect(whole.headers[.contentType] == "application/json")
    #expect(whole.json["message"]?["content"] == .string(stream.pieces("message")))
    #expect(whole.json["done"] == true && whole.json["eval_count"] == 20)
  }

  @Test func `Times of day have a fraction and a zone`() async throws {
    let server = try TestServer(await TestModel.quick())
    let reply = try await server.post(Self.chat, #"{\#(Self.hello),\#(Self.long)}"#)
    for line in reply.lines {
      let time = line["created_at"]?.string ?? ""
      #expect(time.hasPrefix("2023-11-14T22:13:2") && time.hasSuffix("Z") && time.utf8.count == 27)
    }
  }

  @Test func `The time of day has the fraction of its second, so that it never runs backwards`() async throws {
    let start = ContinuousClock.now
    let server = try TestServer(await TestModel.quick()) {
      $0.clock = { .seconds(1_700_000_000) + .milliseconds(900) + start.duration(to: .now) }
    }
    var times: [String] = []
    for _ in 0..<3 {
      let reply = try await server.post(Self.chat, #"{\#(Self.hello),\#(Self.long)}"#)
      times += reply.lines.compactMap { $0["created_at"]?.string }
    }
    #expect(times.count > 3 && times == times.sorted())
    // Later than the whole second in which the clock began.
    #expect(times.allSatisfy { $0 > "2023-11-14T22:13:20.9" })
  }

  @Test func `A question is answered as in OpenAI's chat, by each path`() async throws {
    let server = try TestServer(await TestModel.quick())
    let more = #""max_tokens":20,"seed":3,"logit_bias":{"2":-100}"#
    let other = try await server.post("/v1/chat/completions", "{\(Self.hello),\(more)}")
    let expected = try #require(other.json["choices"]?.list.first?["message"]?["content"]?.string)
    #expect(!expected.isEmpty)
    let chat = try await server.post(Self.chat, "{\(Self.hello),\(Self.long)}")
    #expect(chat.pieces("message") == expected)
    let generated = try await server.post(Self.generate, #"{"prompt":"hello",\#(Self.long),"stream":false}"#)
    #expect(generated.json["response"] == .string(expected))
    // With a system message.
    let instructed = try await server.post(
      "/v1/chat/completions", #"{"messages":[{"role":"system","content":"s"},{"role":"user","content":"a"}],\#(more)}"#)
    let system = try await server.post(
      Self.generate, #"{"system":"s","prompt":"a",\#(Self.long),"stream":false}"#)
    #expect(system.json["response"] == instructed.json["choices"]?.list.first?["message"]?["content"])
  }

  @Test func `A raw prompt is completed as in OpenAI's completions`() async throws {
    let server = try TestServer(await TestModel.quick())
    let other = try await server.post(
      "/v1/completions", #"{"prompt":"Once","max_tokens":20,"seed":3,"logit_bias":{"2":-100}}"#)
    let raw = try await server.post(Self.generate, #"{"prompt":"Once","raw":true,\#(Self.long)}"#)
    #expect(raw.pieces("response") == other.json["choices"]?.list.first?["text"]?.string)
    #expect(raw.lines.allSatisfy { $0["context"] == nil })
    for field in [#""system":"s""#, #""context":[5]"#] {
      let refused = try await server.post(Self.generate, #"{"prompt":"a","raw":true,\#(field)}"#)
      #expect(refused.status == 400)
      #expect(refused.json["error"] == "raw mode does not support template, system, or context")
    }
  }

  @Test func `A client goes on from the context that it was told`() async throws {
    let server = try TestServer(await TestModel.quick())
    let first = try await server.post(Self.generate, #"{"prompt":"a",\#(Self.long)}"#)
    let context = try #require(first.lines.last?["context"]?.list)
    let prompt = try #require(first.lines.last?["prompt_eval_count"]?.whole)
    #expect(context.count >= prompt + 20)
    let whole = try await server.post(Self.generate, #"{"prompt":"a",\#(Self.long),"stream":false}"#)
    #expect(whole.json["context"] == .array(context))
    let second = try await server.post(
      Self.generate,
      ["prompt": "b", "context": .array(context), "stream": false, "options": ["num_predict": 3, "seed": 1]])
    #expect(second.status == 200)
    let alone = try await server.post(
      Self.generate, #"{"prompt":"b","stream":false,"options":{"num_predict":3,"seed":1}}"#)
    let (long, short) = (second.json["prompt_eval_count"]?.whole, alone.json["prompt_eval_count"]?.whole)
    // The beginning of a text stands there once.
    #expect(try #require(long) == context.count + #require(short) - 1)
  }

  @Test(arguments: ["/api/generate", "/api/chat"])
  func `Where nothing is asked, the model is loaded or goes`(_ path: String) async throws {
    let server = try TestServer(await TestModel.quick())
    for body in [#"{"model":"m"}"#, #"{"model":"m","prompt":"","messages":[],"keep_alive":"5m"}"#] {
      let load = try await server.post(path, body)
      #expect(load.status == 200 && load.lines.count == 1)
      #expect(load.lines.first?["done"] == true && load.lines.first?["done_reason"] == "load")
      let whole = try await server.post(path, String(body.dropLast()) + #","stream":false}"#)
      #expect(whole.json["done_reason"] == "load")
    }
    let unload = try await server.post(path, #"{"model":"m","keep_alive":0}"#)
    #expect(unload.status == 200 && unload.json["done_reason"] == "unload")
  }

  @Test func `Log probabilities come with each piece, as the whole answer has them`() async throws {
    let server = try TestServer(await TestModel.quick())
    let body = #"{\#(Self.hello),\#(Self.long),"logprobs":true,"top_logprobs":2"#
    let whole = try await server.post(Self.chat, body + #","stream":false}"#)
    let listed = try #require(whole.json["logprobs"]?.list)
    #expect(listed.count == 20)
    #expect(listed.allSatisfy { $0["top_logprobs"]?.list.count == 2 && $0["token"] != nil && $0["logprob"] != nil })
    let stream = try await server.post(Self.chat, body + "}")
    #expect(stream.lines.flatMap { $0["logprobs"]?.list ?? [] } == listed)
    let without = try await server.post(Self.chat, "{\(Self.hello),\(Self.long)}")
    #expect(without.lines.allSatisfy { $0["logprobs"] == nil })
  }

  @Test func `A format is kept: any object, or a schema`() async throws {
    let server = try TestServer(await TestModel.quick())
    for (format, more) in [(#""json""#, 200), (#"{"type":"string","maxLength":4}"#, 20)] {
      let body = #"{\#(Self.hello),"format":\#(format),"stream":false,"options":{"num_predict":\#(more),"seed":1}}"#
      let reply = try await server.post(Self.chat, body)
      #expect(reply.status == 200)
      let text = try #require(reply.json["message"]?["content"]?.string)
      if reply.json["done_reason"] == "stop" { #expect((try? JSONParser.parse(text)) != nil) }
    }
    let wrong = try await server.post(Self.chat, #"{\#(Self.hello),"format":{"type":"nothing"}}"#)
    #expect(wrong.status == 400 && wrong.json["error"]?.string != nil)
  }

  @Test(arguments: [
    #""think":false"#, #""think":null"#, #""truncate":true,"shift":false"#, #""keep_alive":-1"#,
    #""keep_alive":"1h30m""#,
    #""options":{}"#, #""options":{"num_ctx":4096,"num_gpu":99,"num_thread":8,"use_mmap":true,"low_vram":false}"#,
    #""options":{"top_k":5,"top_p":0.5,"min_p":0.1,"typical_p":0.9,"repeat_last_n":8,"repeat_penalty":1.1}"#,
    #""options":{"mirostat":2,"mirostat_tau":4,"seed":-7,"stop":["x"],"tfs_z":1,"penalize_newline":true}"#,
    #""images":[],"suffix":"","template":"""#, #""format":"""#, #""format":null"#,
    #""logprobs":false,"top_logprobs":3"#,
  ])
  func `What clients send beside the prompt is accepted`(_ fields: String) async throws {
    let server = try TestServer(await TestModel.quick())
    for (path, prompt) in [(Self.chat, Self.hello), (Self.generate, #""prompt":"a""#)] {
      let reply = try await server.post(path, "{\(prompt),\(fields),\"stream\":false}")
      #expect(reply.status == 200, "\(reply.text)")
      #expect(reply.headers[try #require(HTTPField.Name("X-Apus-Ignored-Fields"))] == nil)
    }
  }

  @Test func `What nobody knows is named as ignored`() async throws {
    let server = try TestServer(await TestModel.quick())
    let reply = try await server.post(
      Self.chat, #"{\#(Self.hello),"new":1,"options":{"newer":2,"num_predict":1},"stream":false}"#)
    #expect(reply.status == 200)
    let name = try #require(HTTPField.Name("X-Apus-Ignored-Fields"))
    #expect(reply.headers[name] == "new, options.newer")
  }
}

extension Reply {
  /// The lines of a stream.
  var lines: [JSONValue] { text.split(separator: "\n").compactMap { try? JSONParser.parse(String($0)) } }

  /// The text of a stream, which stands in each line's `response`, or in its message.
  func pieces(_ member: String) -> String {
    lines.map { ($0[member]?["content"] ?? $0[member])?.string ?? "" }.joined()
  }
}

extension JSONValue {
  /// The elements of an array; none of anything else.
  var list: [JSONValue] { if case .array(let values) = self { values } else { [] } }
  /// The text, where this is one.
  var string: String? { if case .string(let text) = self { text } else { nil } }
  /// The whole number, where this is one.
  var whole: Int? { if case .int(let number) = self { number } else { nil } }
}

internal import Apus
internal import ApusJSON
internal import ApusServer
internal import HTTPTypes
internal import Testing

struct CompletionTests {
  private let path = "/v1/completions"

  @Test func `A completion has OpenAI's shape, and usage that adds up`() async throws {
    let server = try TestServer(await TestModel.quick())
    let reply = try await server.post(path, #"{"model":"x","prompt":"hello","max_tokens":7,"ignore_eos":true}"#)
    #expect(reply.status == 200)
    let json = reply.json
    #expect(json["object"] == "text_completion")
    #expect(json["model"] == "x")
    #expect(json["created"] == 1_700_000_000)
    let choice = try #require(json["choices"]?.elements?.first)
    #expect(choice["index"] == 0)
    #expect(choice["finish_reason"] == "length")
    #expect(choice["logprobs"] == .null)
    let prompt = server.model.tokenize("hello").count
    #expect(json["usage"]?["prompt_tokens"] == .int(prompt))
    #expect(json["usage"]?["completion_tokens"] == 7)
    #expect(json["usage"]?["total_tokens"] == .int(prompt + 7))
  }

  @Test func `The same seed gives the same text, and choices of one prompt differ`() async throws {
    let server = try TestServer(await TestModel.quick())
    let request = #"{"prompt":"the","max_tokens":24,"seed":5,"n":3,"ignore_eos":true}"#
    let first = try await server.post(path, request).texts
    let second = try await server.post(path, request).texts
    #expect(first.count == 3)
    #expect(first == second)
    #expect(Set(first).count > 1)
  }

  @Test func `Prompts may be texts or tokens, and choices are numbered prompt by prompt`() async throws {
    let server = try TestServer(await TestModel.quick())
    let tokens = server.model.tokenize("and").map { JSONValue.int(Int($0)) }
    let options: [(String, JSONValue)] = [("max_tokens", 4), ("temperature", 0), ("n", 2)]
    func answer(_ prompt: JSONValue) async throws -> Reply {
      try await server.post(path, .object(JSONObject([("prompt", prompt)] + options)))
    }
    let text = try await answer("and").texts
    #expect(try await answer(.array(tokens)).texts == text)
    #expect(try await answer([.array(tokens), .array(tokens)]).texts == text + text)
    let both = try await answer(["and", "the"])
    #expect(both.json["choices"]?.elements?.compactMap { $0["index"] } == [0, 1, 2, 3])
    #expect(Array(both.texts.prefix(2)) == text)
  }

  @Test func `An echoed prompt stands before the completion, also where nothing is produced`() async throws {
    let server = try TestServer(await TestModel.quick())
    let echo = try await server.post(path, #"{"prompt":"here","max_tokens":0,"echo":true}"#)
    #expect(echo.status == 200)
    #expect(echo.texts == ["here"])
    #expect(echo.json["usage"]?["completion_tokens"] == 0)
    let longer = try await server.post(path, #"{"prompt":"here","max_tokens":3,"echo":true}"#)
    #expect(longer.texts.first?.hasPrefix("here") == true)
  }

  @Test func `A stop text ends the completion and is not part of it`() async throws {
    let server = try TestServer(await TestModel.quick())
    let base: [(String, JSONValue)] = [("prompt", "in"), ("max_tokens", 40), ("seed", 3), ("ignore_eos", true)]
    let whole = try #require(try await server.post(path, .object(JSONObject(base))).texts.first)
    let characters = Array(whole.unicodeScalars)
    let stop = String(String.UnicodeScalarView(characters[(characters.count / 2)...].prefix(3)))
    let reply = try await server.post(path, .object(JSONObject(base + [("stop", .string(stop))])))
    let text = try #require(reply.texts.first)
    #expect(whole.utf8.starts(with: text.utf8))
    #expect(text.utf8.count < whole.utf8.count)
    let choice = try #require(reply.json["choices"]?.elements?.first)
    #expect(choice["finish_reason"] == "stop")
    #expect(choice["stop_reason"] == .string(stop))
  }

  @Test func `Log probabilities come in four arrays of equal length, the chosen token among the likely ones`()
    async throws
  {
    let server = try TestServer(await TestModel.quick())
    let reply = try await server.post(path, #"{"prompt":"an","max_tokens":6,"logprobs":3,"ignore_eos":true}"#)
    let values = try #require(reply.json["choices"]?.elements?.first?["logprobs"])
    let texts = try #require(values["tokens"]?.elements)
    let chosen = try #require(values["token_logprobs"]?.elements)
    let top = try #require(values["top_logprobs"]?.elements)
    #expect(texts.count == 6)
    #expect(chosen.count == 6 && top.count == 6 && values["text_offset"]?.elements?.count == 6)
    #expect(values["text_offset"]?.elements?.first == 2)
    for (index, text) in texts.enumerated() {
      guard case .string(let name) = text else { continue }
      #expect(top[index][name] == chosen[index])
    }
  }

  @Test func `An echo has the log probabilities of the prompt, then those of the completion and its end`() async throws
  {
    let server = try TestServer(await TestModel.quick())
    let tokens: [Token] = [5, 6, 7, 8, 9]
    let fields = #""prompt":[5,6,7,8,9],"temperature":0,"echo":true,"logprobs":2"#
    let scores = try await server.model.score(tokens: tokens).map { JSONValue.double($0.chosen) }
    let whole = try await server.post(path, #"{\#(fields),"max_tokens":0}"#)
    #expect(whole.status == 200)
    #expect(whole.logProbabilities("token_logprobs") == [.null] + scores)
    #expect(whole.logProbabilities("top_logprobs").first == .null)
    #expect(whole.logProbabilities("text_offset").first == 0)
    for name in ["tokens", "top_logprobs", "text_offset"] { #expect(whole.logProbabilities(name).count == 5) }
    for (index, token) in whole.logProbabilities("tokens").enumerated().dropFirst() {
      guard case .string(let name) = token else { continue }
      #expect(whole.logProbabilities("top_logprobs")[index][name] == scores[index - 1])
    }
    let longer = try await server.post(path, #"{\#(fields),"max_tokens":3,"ignore_eos":true}"#)
    let values = longer.logProbabilities("token_logprobs")
    #expect(values.count == 8 && Array(values.prefix(5)) == [.null] + scores)
    let next = try await server.model.stream(tokens: tokens, options: .greedy).completion().tokens.first
    let stop = try #require(next).id
    let ended = try await server.post(path, #"{\#(fields),"max_tokens":1,"stop_token_ids":[\#(stop)]}"#)
    #expect(ended.json["usage"]?["completion_tokens"] == 0)
    #expect(ended.logProbabilities("token_logprobs") == Array(values.prefix(6)))
    let one = try await server.post(path, #"{"prompt":[5],"echo":true,"logprobs":0,"max_tokens":0}"#)
    #expect(one.logProbabilities("token_logprobs") == [.null])
  }

  @Test func `More log probabilities of echoed prompts than an answer may have are refused`() async throws {
    let server = try TestServer(await TestModel.quick())
    let prompts = Array(repeating: "[" + Array(repeating: "5", count: 200).joined(separator: ",") + "]", count: 8)
    let fields = #""n":8,"logprobs":20,"echo":true,"max_tokens":0"#
    let reply = try await server.post(path, "{\"prompt\":[\(prompts.joined(separator: ","))],\(fields)}")
    #expect(reply.status == 400 && reply.isAPIError)
    #expect(reply.json["error"]?["param"] == "logprobs")
  }

  @Test func `An echoed text does not list what the tokenizer puts before it`() async throws {
    let server = try TestServer(await TestModel.quick())
    let reply = try await server.post(path, #"{"prompt":"here and there","echo":true,"logprobs":0,"max_tokens":0}"#)
    #expect(reply.texts == ["here and there"])
    let added = server.model.tokenize("").count
    let tokens = server.model.tokenize("here and there")
    #expect(reply.logProbabilities("tokens").count == tokens.count - added)
    #expect(reply.json["usage"]?["prompt_tokens"] == .int(tokens.count))
    let scores = try await server.model.score(tokens: tokens).map { JSONValue.double($0.chosen) }
    #expect(Array(reply.logProbabilities("token_logprobs").dropFirst()) == Array(scores.dropFirst(added)))
  }

  @Test func `A stream holds the same text as the whole answer, then usage, then the end`() async throws {
    let server = try TestServer(await TestModel.quick())
    let fields = #""prompt":["the","and"],"n":2,"max_tokens":16,"seed":9,"ignore_eos":true"#
    let whole = try await server.post(path, "{\(fields)}")
    let stream = try await server.post(
      path, #"{\#(fields),"stream":true,"stream_options":{"include_usage":true}}"#)
    #expect(stream.headers[.contentType] == "text/event-stream")
    #expect(stream.text.hasSuffix("data: [DONE]\n\n"))
    #expect(!stream.text.contains("\"error\""))
    var texts = ["", "", "", ""]
    for event in stream.events {
      for choice in event["choices"]?.elements ?? [] {
        guard case .int(let index)? = choice["index"], case .string(let text)? = choice["text"] else { continue }
        texts[index] += text
      }
    }
    #expect(texts == whole.texts)
    #expect(stream.events.last?["choices"] == [])
    #expect(stream.events.last?["usage"]?["completion_tokens"] == whole.json["usage"]?["completion_tokens"])
    #expect(stream.events.dropLast().allSatisfy { $0["usage"] == .null })
  }
}

extension Reply {
  /// A list of the first choice's log probabilities.
  fileprivate func logProbabilities(_ name: String) -> [JSONValue] {
    json["choices"]?.elements?.first?["logprobs"]?[name]?.elements ?? []
  }

  /// The texts of all choices of a completion.
  var texts: [String] {
    (json["choices"]?.elements ?? []).compactMap { choice in
      if case .string(let text)? = choice["text"] { text } else { nil }
    }
  }
}

extension JSONValue {
  /// The elements of an array.
  var elements: [JSONValue]? { if case .array(let elements) = self { elements } else { nil } }

  /// The number that this is.
  var value: Double? {
    switch self {
    case .int(let value): Double(value)
    case .double(let value): value
    default: nil
    }
  }
}

internal import Apus
internal import ApusJSON
internal import ApusServer
internal import ApusTestSupport
internal import HTTPTypes
internal import Testing

/// What becomes of fields: honoured, refused, or named in the answer.
struct FieldTests {
  @Test(arguments: [
    #""max_new_tokens":2"#, #""n_predict":2"#, #""num_predict":2"#, #""max_token":2"#, #""max_output_tokens":2"#,
    #""max_tokens_to_sample":2"#, #""max_tokens":2,"n_predict":2"#, #""options":{"num_predict":2}"#,
    #""parameters":{"max_new_tokens":2},"user":"x""#, #""extra_body":{"max_tokens":2},"store":null,"x":null"#,
  ])
  func `Limits by any of their names are honoured`(_ fields: String) async throws {
    let server = try TestServer(await TestModel.quick())
    let reply = try await server.post("/v1/completions", #"{"prompt":"a","ignore_eos":true,\#(fields)}"#)
    #expect(reply.status == 200)
    #expect(reply.json["usage"]?["completion_tokens"] == 2)
    #expect(reply.ignoredFields == nil)
  }

  @Test(arguments: [
    (#""max_tokens":2,"num_predict":3"#, "num_predict"), (#""stop":"a","stop_sequences":["b"]"#, "stop_sequences"),
    (#""seed":1,"random_seed":2"#, "random_seed"),
    (#""repeat_penalty":1.2,"repetition_penalty":1.3"#, "repeat_penalty"),
    (#""temperature":1,"options":{"temperature":0.5}"#, "temperature"),
  ])
  func `Two names with different values are refused`(_ fields: String, _ parameter: String) async throws {
    let server = try TestServer(await TestModel.quick())
    let reply = try await server.post("/v1/completions", #"{"prompt":"a",\#(fields)}"#)
    #expect(reply.status == 400)
    #expect(reply.json["error"]?["param"] == .string(parameter))
  }

  @Test func `Sampling that is not named is as in the library`() async throws {
    let server = try TestServer(await TestModel.quick())
    let reply = try await server.post(
      "/v1/completions", #"{"prompt":"the","max_tokens":20,"seed":7,"ignore_eos":true}"#)
    let options = GenerationOptions(maxTokens: 20, seed: 7, ignoreEOS: true)
    #expect(reply.texts == [try await server.model.complete("the", options: options).text])
  }

  @Test func `What is not read is named, once and without control characters`() async throws {
    let server = try TestServer(await TestModel.quick())
    let message = #"{"role":"user","content":[{"type":"text","text":"a","x":1}],"name":"n","id":"i"}"#
    let fields = #""max_tokens":1,"a b\n":1,"suffix":"s","metadata":{"any":1}"#
    let reply = try await server.post("/v1/chat/completions", #"{"messages":[\#(message),\#(message)],\#(fields)}"#)
    #expect(reply.status == 200)
    let names = try #require(reply.ignoredFields).split(separator: ", ").map(String.init)
    #expect(Set(names) == ["a?b?", "suffix", "messages[].name", "messages[].content[].x"])
    #expect(names.count == 4)
  }

  @Test func `Many names are cut`() async throws {
    let server = try TestServer(await TestModel.quick())
    let fields = (0..<50_000).map { #""field\#($0)":1"# }.joined(separator: ",")
    let reply = try await server.post("/v1/completions", #"{"prompt":"a","max_tokens":1,\#(fields)}"#)
    let names = try #require(reply.ignoredFields)
    #expect(names.hasSuffix(", ..."))
    #expect(names.utf8.count < 300)
  }

  @Test(arguments: [
    ("18446744073709551615", "\"18446744073709551615\""), ("9223372036854775808", "\"9223372036854775808\""),
    ("7", "\"7\""), ("7.0", "7"), ("0", "\"-0\""),
  ])
  func `Seeds may be numbers or texts`(_ first: String, _ second: String) async throws {
    let server = try TestServer(await TestModel.quick())
    var texts: [[String]] = []
    for seed in [first, second] {
      let reply = try await server.post(
        "/v1/completions", #"{"prompt":"a","max_tokens":24,"ignore_eos":true,"seed":\#(seed)}"#)
      #expect(reply.status == 200)
      texts.append(reply.texts)
    }
    #expect(texts[0] == texts[1])
  }

  @Test(arguments: [
    ("18446744073709551616", "at most"), ("1e40", "at most"), ("-2", "at least"), ("-1e40", "at least"),
    ("\"-2\"", "at least"), ("\"99999999999999999999\"", "at most"), ("0.5", "whole"), ("\"\"", "whole"),
    ("\"1x\"", "whole"),
  ])
  func `A seed out of range is refused with the bound that it breaks`(_ seed: String, _ words: String) async throws {
    let server = try TestServer(await TestModel.quick())
    let reply = try await server.post("/v1/completions", #"{"prompt":"a","seed":\#(seed)}"#)
    #expect(reply.status == 400)
    guard case .string(let message)? = reply.json["error"]?["message"] else { Issue.record(); return }
    #expect(message.contains(words))
  }

  @Test func `The numbers of a prompt that is too long are true, and name its field`() async throws {
    let server = try TestServer(await TestModel.quick())
    let text = String(repeating: "hello ", count: 3000)
    let count = server.model.tokenize(text, parseSpecial: true).count
    let reply = try await server.post("/v1/completions", #"{"prompt":["a","\#(text)"],"max_tokens":9}"#)
    #expect(reply.json["error"]?["param"] == "prompt")
    guard case .string(let message)? = reply.json["error"]?["message"] else { Issue.record(); return }
    #expect(message.contains("requested \(count + 9) tokens (\(count) in the prompt, 9 in the completion)"))
    let chat = try await server.post("/v1/chat/completions", #"{"messages":[{"role":"user","content":"\#(text)"}]}"#)
    #expect(chat.json["error"]?["param"] == "messages")
  }

  @Test func `A chat that is too long for its template is told as one that does not fit`() async throws {
    let server = try TestServer(await TestModel.quick())
    let text = String(repeating: "hello ", count: 800_000)
    let body = #"{"messages":[{"role":"user","content":"\#(text)"}],"max_tokens":9}"#
    let chat = try await server.post("/v1/chat/completions", body)
    #expect(chat.status == 400 && chat.json["error"]?["code"] == "context_length_exceeded", "\(chat.text)")
    #expect(
      chat.json["error"]?["message"]?.text?.hasPrefix("This model's maximum context length is 256 tokens") == true)
    let message = try await server.post("/v1/messages", body)
    #expect(message.json["error"]?["message"]?.text?.hasPrefix("prompt is too long: ") == true, "\(message.text)")
  }

  @Test(arguments: ["gzip", "GZIP", "identity, br", "x", "deflate,identity"])
  func `An encoded body is refused by its encoding`(_ encoding: String) async throws {
    let server = try TestServer(await TestModel.quick())
    for path in ["/v1/completions", "/v1/chat/completions"] {
      let reply = try await server.post(path, #"{"prompt":"a"}"#, headers: [.contentEncoding: encoding])
      #expect(reply.status == 415)
      #expect(reply.isAPIError)
      #expect(reply.headers[.acceptEncoding] == "identity")
    }
    let plain = try await server.post(
      "/v1/completions", #"{"prompt":"a","max_tokens":1}"#, headers: [.contentEncoding: "Identity"])
    #expect(plain.status == 200)
  }

  @Test func `Bodies together are bounded, and small ones always have room`() async throws {
    let server = try TestServer(await TestModel.quick()) { $0.limits.heldBodyByteCount = 100_000 }
    for (byteCount, status) in [(60_000, 200), (150_000, 200), (200_000, 429), (150_000, 200)] {
      let text = String(repeating: "x", count: byteCount)
      let reply = try await server.post("/v1/completions", #"{"prompt":"a","max_tokens":1,"x":"\#(text)"}"#)
      #expect(reply.status == status)
    }
  }
}

internal import Apus
internal import ApusJSON
internal import ApusServer
internal import HTTPTypes
internal import Testing

/// Every malformed request gets its 4xx, and the next request is answered as if nothing had been.
struct MalformedRequestTests {
  private static let completions = "/v1/completions"
  private static let chat = "/v1/chat/completions"
  private static let hello = #""messages":[{"role":"user","content":"hi"}]"#

  private func expectRefusal(_ reply: Reply, of body: some StringProtocol) {
    let start = String(body.prefix(120))
    #expect((400...431).contains(reply.status), "\(start)")
    #expect(reply.isAPIError, "\(start)")
    #expect(reply.status != 409 && reply.status != 422, "\(start)")
  }

  private func expectCanary(_ server: TestServer) async throws {
    let reply = try await server.post(Self.completions, #"{"prompt":"a","max_tokens":1}"#)
    #expect(reply.status == 200)
    #expect(try await server.send(.get, "/health").status == 200)
    // The engine says what runs once its step is over, which may be after the answer.
    for _ in 0..<200 where server.model.engine.health.running != 0 { try await Task.sleep(for: .milliseconds(10)) }
    #expect(server.model.engine.health.running == 0)
  }

  @Test func `Bodies that are no JSON object are refused`() async throws {
    let server = try TestServer(await TestModel.quick())
    for body in MalformedRequests.bodies {
      for path in [Self.completions, Self.chat] {
        expectRefusal(try await server.send(.post, path, body: body), of: String(decoding: body, as: UTF8.self))
      }
    }
    try await expectCanary(server)
  }

  @Test func `Fields of a wrong type or out of range are refused by name`() async throws {
    let server = try TestServer(await TestModel.quick())
    for (field, parameter) in MalformedRequests.fields {
      for (path, prompt) in [(Self.completions, #""prompt":"a""#), (Self.chat, Self.hello)] {
        let reply = try await server.post(path, "{\(prompt),\(field)}")
        expectRefusal(reply, of: field)
        #expect(reply.json["error"]?["param"] == .string(parameter), "\(field.prefix(120))")
      }
    }
    try await expectCanary(server)
  }

  @Test func `Wrong prompts and messages are refused`() async throws {
    let server = try TestServer(await TestModel.quick())
    for prompt in MalformedRequests.prompts {
      expectRefusal(try await server.post(Self.completions, #"{"prompt":\#(prompt)}"#), of: prompt)
    }
    for messages in MalformedRequests.messages {
      expectRefusal(try await server.post(Self.chat, #"{"messages":\#(messages)}"#), of: messages)
    }
    for field in MalformedRequests.completionFields {
      expectRefusal(try await server.post(Self.completions, #"{"prompt":"a",\#(field)}"#), of: field)
    }
    for field in MalformedRequests.chatFields {
      expectRefusal(try await server.post(Self.chat, "{\(Self.hello),\(field)}"), of: field)
    }
    try await expectCanary(server)
  }

  @Test func `An error never repeats what the request said`() async throws {
    let server = try TestServer(await TestModel.quick())
    let secret = "s3cr3t-value"
    for body in [
      #"{"prompt":"a","temperature":"\#(secret)"}"#, #"{"prompt":"a","model":["\#(secret)"]}"#,
      #"{"prompt":"a","logit_bias":{"\#(secret)":1}}"#, #"{"prompt":"a","\#(secret)"#, #"{"prompt":{"\#(secret)":1}}"#,
    ] {
      let reply = try await server.post(Self.completions, body)
      #expect(reply.status == 400)
      #expect(!reply.text.contains(secret))
    }
  }

  @Test func `Of equal keys the last one counts`() async throws {
    let server = try TestServer(await TestModel.quick())
    let last = try await server.post(Self.completions, #"{"prompt":"a","max_tokens":"x","max_tokens":2}"#)
    #expect(last.status == 200)
    let first = try await server.post(Self.completions, #"{"prompt":"a","max_tokens":2,"max_tokens":"x"}"#)
    #expect(first.status == 400)
  }

  @Test func `An empty prompt begins with BOS`() async throws {
    let server = try TestServer(await TestModel.quick())
    let reply = try await server.post(Self.completions, #"{"prompt":"","max_tokens":2,"ignore_eos":true}"#)
    #expect(reply.status == 200)
    #expect(reply.json["usage"]?["prompt_tokens"] == 1)
  }

  @Test func `Content types do not matter`() async throws {
    let server = try TestServer(await TestModel.quick())
    for type in ["application/x-www-form-urlencoded", "text/plain", "application/json; charset=utf-8", "image/png"] {
      let reply = try await server.post(
        Self.completions, #"{"prompt":"a","max_tokens":1}"#, headers: [.contentType: type])
      #expect(reply.status == 200)
    }
  }
}

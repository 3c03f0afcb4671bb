internal import ApusJSON
internal import ApusServer
internal import ApusTestSupport
internal import Foundation
internal import HTTPTypes
internal import Testing

@Suite struct `SageMaker` {
  private let chat = #""messages":[{"role":"user","content":"hi"}],"max_tokens":6,"seed":3"#
  private let runtime = "/endpoints/my-endpoint/invocations"

  private func header(_ name: String, _ reply: Reply) -> String? { HTTPField.Name(name).flatMap { reply.headers[$0] } }

  private static func content(_ frames: [JSONValue]) -> String {
    frames.compactMap { frame in
      guard case .string(let text)? = frame["choices"]?.elements?.first?["delta"]?["content"] else { return nil }
      return text
    }.joined()
  }

  private func text(_ choice: JSONValue?) -> JSONValue? { choice?["message"]?["content"] ?? choice?["text"] }

  @Test(arguments: ["/invocations", "/endpoints/my-endpoint/invocations", "/models/mine/invoke"])
  func `answers chats and completions as OpenAI's paths do`(_ path: String) async throws {
    let server = try TestServer(await TestModel.quick())
    for (own, body) in [
      ("/v1/chat/completions", "{\(chat)}"), ("/v1/completions", #"{"prompt":"hi","max_tokens":6,"seed":3}"#),
    ] {
      let expected = try await server.post(own, body)
      let reply = try await server.post(path, body)
      #expect(reply.status == 200 && reply.json["choices"] == expected.json["choices"], "\(reply.text)")
    }
    let streamed = try await server.post(path, "{\(chat),\"stream\":true}")
    #expect(streamed.headers[.contentType] == "text/event-stream" && streamed.text.hasSuffix("data: [DONE]\n\n"))
  }

  @Test func `takes plain text as a prompt, and dialogs of JumpStart`() async throws {
    let server = try TestServer(await TestModel.quick())
    let plain = try await server.send(
      .post, "/invocations", headers: [.contentType: "text/plain"], body: Array("hello".utf8))
    #expect(plain.json["object"] == "text_completion", "\(plain.text)")
    let line = #"{"prompt":"hello","max_tokens":1}"# + "\n"
    let lines: HTTPFields = [.contentType: "application/jsonlines"]
    #expect(try await server.post("/invocations", line, headers: lines).json["object"] == "text_completion")
    let two = try await server.post("/invocations", line + line, headers: lines)
    #expect(two.status == 400 && two.text.contains("one line"), "\(two.text)")
    let among = try await server.post("/invocations", "\r\n" + line + "\r\n\n", headers: lines)
    #expect(among.status == 200, "\(among.text)")
    let many = try await server.post("/invocations", String(repeating: "a\n", count: 1 << 18), headers: lines)
    #expect(many.status == 400 && many.text.contains("one line"), "\(many.text)")
    let dialog = #"{"inputs":[[{"role":"user","content":"hi"}]],"parameters":{"max_new_tokens":6,"seed":3}}"#
    let reply = try await server.post("/invocations", dialog)
    let expected = try await server.post("/v1/chat/completions", "{\(chat)}")
    let answer = reply.json.elements?.first?["generation"]
    #expect(answer?["role"] == "assistant", "\(reply.text)")
    #expect(answer?["content"] == text(expected.json["choices"]?.elements?.first))
  }

  @Test func `answers TGI's bodies with a list`() async throws {
    let server = try TestServer(await TestModel.quick())
    let body = #"{"inputs":"hello","parameters":{"max_new_tokens":6,"seed":3,"temperature":0.8}}"#
    let own = try await server.post("/", body)
    let reply = try await server.post(runtime, body)
    #expect(reply.status == 200 && reply.json == own.json, "\(reply.text)")
    #expect(reply.json.elements?.first?["generated_text"] != nil)
    let stream = try await server.post(runtime + "-response-stream", String(body.dropLast()) + #","stream":true}"#)
    #expect(stream.messages.map(\.text).joined().hasPrefix("data:"), "\(stream.text)")
  }

  @Test func `names the fields of TGI's bodies that are not followed, and no others`() async throws {
    let server = try TestServer(await TestModel.quick())
    for path in ["/invocations", runtime] {
      let used = try await server.post(
        path, #"{"inputs":"hi","parameters":{"max_new_tokens":3,"top_k":2,"do_sample":true,"stop":["q"]}}"#)
      #expect(used.status == 200 && used.ignoredFields == nil, "\(used.text) \(used.ignoredFields ?? "")")
      let others = try await server.post(
        path, #"{"inputs":"hi","top_a":1,"parameters":{"max_new_tokens":3,"top_b":2}}"#)
      #expect(others.ignoredFields == "top_a, parameters.top_b", "\(others.text)")
    }
  }

  @Test func `streams the bytes of an answer in parts`() async throws {
    let server = try TestServer(await TestModel.quick())
    let stream = try await server.post(runtime + "-response-stream", "{\(chat),\"stream\":true}")
    #expect(stream.headers[.contentType] == "application/vnd.amazon.eventstream")
    #expect(header("X-Amzn-SageMaker-Content-Type", stream) == "text/event-stream")
    #expect(stream.messages.count > 1 && stream.messages.allSatisfy { $0.event == "PayloadPart" })
    let events = stream.messages.map(\.text).joined()
    let expected = try await server.post("/v1/chat/completions", "{\(chat),\"stream\":true}")
    #expect(events.hasSuffix("data: [DONE]\n\n"))
    // How much comes at a time depends on how fast it is read.
    let frames = Reply(status: 200, headers: [:], body: Array(events.utf8)).events
    #expect(Self.content(frames) == Self.content(expected.events) && !Self.content(frames).isEmpty)

    let whole = try await server.post(runtime + "-response-stream", "{\(chat)}")
    #expect(whole.messages.count == 1 && header("X-Amzn-SageMaker-Content-Type", whole) == "application/json")
    let one = try await server.post("/v1/chat/completions", "{\(chat)}")
    #expect(whole.messages.first?.json["choices"] == one.json["choices"])
  }

  @Test func `tells what the platform would`() async throws {
    let server = try TestServer(await TestModel.quick())
    let attributes = try #require(HTTPField.Name("X-Amzn-SageMaker-Custom-Attributes"))
    let reply = try await server.post(runtime, "{\(chat)}", headers: [attributes: "accept_eula=true"])
    #expect(header("x-Amzn-Invoked-Production-Variant", reply) == "AllTraffic")
    #expect(reply.headers[attributes] == "accept_eula=true")
    #expect(header("x-amzn-RequestId", reply).flatMap { UUID(uuidString: $0) } != nil)
    let name = try #require(HTTPField.Name("X-Request-Id"))
    let own = "0b53ad12-2d4e-4f2f-8dc3-6f1d6b9f7f10"
    let named = try await server.post(runtime, "{\(chat)}", headers: [name: own])
    #expect(header("x-amzn-RequestId", named) == own && named.headers[name] == own)
    let renamed = try await server.post(runtime, "{\(chat)}", headers: [name: "mine"])
    #expect(header("x-amzn-RequestId", renamed).flatMap { UUID(uuidString: $0) } != nil)
    #expect(try await server.send(.get, "/ping").status == 200)
  }

  @Test func `has errors of its own, and in them those of the model`() async throws {
    let testModel = try await TestModel.quick()
    let server = try TestServer(testModel)
    for path in [runtime, runtime + "-response-stream"] {
      let reply = try await server.post(path, #"{"messages":3}"#)
      #expect(reply.status == 424 && reply.awsError == "ModelError", "\(reply.text)")
      #expect(reply.json["OriginalStatusCode"] == 400)
      let original = try JSONParser.parse(reply.json["OriginalMessage"]?.text ?? "")
      #expect(original["error"]?["param"] == "messages")
    }
    #expect(try await server.post("/invocations", #"{"messages":3}"#).isAPIError)
    let nothing = try await server.post("/invocations", "{}")
    #expect(nothing.status == 400 && nothing.json["error"]?["param"] == "inputs")
    let asynchronous = try await server.post("/endpoints/my-endpoint/async-invocations", "")
    #expect(asynchronous.status == 400 && asynchronous.awsError == "ValidationError", "\(asynchronous.text)")
    let strict = try TestServer(testModel, name: "tiny") { $0.hasStrictModels = true }
    let unknown = try await strict.post(runtime, "{\(chat)}")
    #expect(unknown.status == 400 && unknown.awsError == "ValidationError", "\(unknown.text)")
    let target = try #require(HTTPField.Name("X-Amzn-SageMaker-Target-Model"))
    #expect(try await strict.post(runtime, "{\(chat)}", headers: [target: "tiny"]).status == 200)
  }
}

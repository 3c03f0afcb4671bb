internal import ApusJSON
internal import ApusServer
internal import ApusTestSupport
internal import Foundation
internal import HTTPTypes
internal import Testing

extension Reply {
  /// The messages of an event stream; none where the bytes are no such stream.
  var messages: [EventStreamMessage] { EventStreamMessage.all(in: body) ?? [] }

  /// The name of the error that AWS's clients read.
  var awsError: String? { HTTPField.Name("x-amzn-ErrorType").flatMap { headers[$0] } }
}

extension EventStreamMessage {
  var event: String { headers[":event-type"] ?? headers[":exception-type"] ?? "" }

  var json: JSONValue { (try? JSONParser.parse(payload)) ?? .null }

  /// What a chunk of `InvokeModelWithResponseStream` holds.
  var chunk: JSONValue {
    guard case .string(let text)? = json["bytes"], let data = Data(base64Encoded: text) else { return .null }
    return (try? JSONParser.parse(Array(data))) ?? .null
  }
}

@Suite struct `Converse of Bedrock` {
  private let model = "/model/us.anthropic.claude-3-haiku-20240307-v1%3A0/"
  private let greeting: (String, JSONValue) = ("messages", [["role": "user", "content": [["text": "hello"]]]])

  private func fields(_ more: (String, JSONValue)...) -> JSONValue {
    .object(
      JSONObject(
        [greeting, ("additionalModelRequestFields", ["seed": 2]), ("inferenceConfig", ["maxTokens": 12])] + more))
  }

  @Test func `gives the text of OpenAI's chats, whole and streamed`() async throws {
    let server = try TestServer(await TestModel.quick())
    let chat = try await server.post(
      "/v1/chat/completions", ["messages": [["role": "user", "content": "hello"]], "seed": 2, "max_tokens": 12])
    let expected = chat.json["choices"]?.elements?.first?["message"]?["content"]
    let whole = try await server.post(model + "converse", fields())
    #expect(whole.status == 200, "\(whole.text)")
    #expect(whole.json["output"]?["message"]?["role"] == "assistant")
    #expect(whole.json["output"]?["message"]?["content"] == .array([["text": expected ?? .null]]))
    #expect(whole.json["usage"]?["inputTokens"] == chat.json["usage"]?["prompt_tokens"])
    #expect(whole.json["usage"]?["outputTokens"] == chat.json["usage"]?["completion_tokens"])
    #expect(whole.json["metrics"]?["latencyMs"] != nil)

    let stream = try await server.post(model + "converse-stream", fields())
    #expect(stream.headers[.contentType] == "application/vnd.amazon.eventstream")
    let events = stream.messages
    #expect(events.first?.event == "messageStart" && events.first?.json == ["role": "assistant"])
    #expect(events.suffix(3).map(\.event) == ["contentBlockStop", "messageStop", "metadata"])
    let text = events.filter { $0.event == "contentBlockDelta" }.compactMap { $0.json["delta"]?["text"]?.text }.joined()
    #expect(.string(text) == expected)
    #expect(events.dropLast().last?.json == ["stopReason": whole.json["stopReason"] ?? .null])
    #expect(events.last?.json["usage"] == whole.json["usage"])
  }

  @Test func `tells calls of tools as blocks`() async throws {
    let server = try TestServer(await TestModel.spacious())
    let call = "Look:\n<tool_call>\n{\"name\": \"f\", \"arguments\": {\"x\": 1}}\n</tool_call>"
    let tools: JSONValue = ["tools": [["toolSpec": ["name": "f", "inputSchema": ["json": ["type": "object"]]]]]]
    let request: JSONValue = [
      greeting.0: greeting.1, "toolConfig": tools, "additionalModelRequestFields": ["guided_choice": [.string(call)]],
    ]
    let whole = try await server.post(model + "converse", request)
    let blocks = try #require(whole.json["output"]?["message"]?["content"]?.elements, "\(whole.text)")
    #expect(whole.json["stopReason"] == "tool_use")
    #expect(blocks.last?["toolUse"]?["name"] == "f" && blocks.last?["toolUse"]?["input"] == ["x": 1])

    let events = try await server.post(model + "converse-stream", request).messages
    let start = try #require(events.first { $0.event == "contentBlockStart" })
    #expect(start.json["start"]?["toolUse"]?["name"] == "f" && start.json["contentBlockIndex"] == 1)
    let input = events.compactMap { $0.json["delta"]?["toolUse"]?["input"]?.text }.joined()
    #expect(try JSONParser.parse(input) == ["x": 1])
    #expect(events.filter { $0.event == "contentBlockStop" }.map { $0.json["contentBlockIndex"] } == [0, 1])

    let next: JSONValue = [
      "messages": [
        ["role": "user", "content": [["text": "hello"]]],
        ["role": "assistant", "content": .array(blocks)],
        [
          "role": "user",
          "content": [
            [
              "toolResult": ["toolUseId": blocks.last?["toolUse"]?["toolUseId"] ?? "", "content": [["json": ["y": 2]]]]
            ],
            ["text": "and?"], ["cachePoint": ["type": "default"]],
          ],
        ],
      ], "toolConfig": tools, "inferenceConfig": ["maxTokens": 4],
    ]
    let answer = try await server.post(model + "converse", next)
    #expect(answer.status == 200, "\(answer.text)")
  }

  @Test func `counts tokens as it does when it answers`() async throws {
    let server = try TestServer(await TestModel.quick())
    let answer = try await server.post(model + "converse", fields())
    let counted = try await server.post(model + "count-tokens", ["input": ["converse": fields()]])
    #expect(counted.json["inputTokens"] == answer.json["usage"]?["inputTokens"])
    let body = Data(#"{"prompt":"hello","max_gen_len":4}"#.utf8).base64EncodedString()
    let invoked = try await server.post(
      "/model/meta.llama2-13b-chat-v1/count-tokens", ["input": ["invokeModel": ["body": .string(body)]]])
    let raw = try await server.post("/v1/completions", #"{"prompt":"hello","max_tokens":1}"#)
    #expect(invoked.json["inputTokens"] == raw.json["usage"]?["prompt_tokens"], "\(invoked.text)")
  }

  @Test(arguments: [
    (#"{"messages":[]}"#, "messages"), (#"{}"#, "messages"), (#"{"messages":[{"role":"system"}]}"#, "role"),
    (#"{"messages":[{"role":"user","content":[{"image":{}}]}]}"#, "text only"),
    (#"{"messages":[{"role":"user","content":[{"text":"a"}]}],"inferenceConfig":{"temperature":2}}"#, "temperature"),
    (
      #"{"messages":[{"role":"user","content":[{"text":"a"}]}],"toolConfig":{"tools":[{"toolSpec":{}}]}}"#,
      "inputSchema"
    ),
    (#"{"messages":[{"role":"user","content":[{"text":"a"}]}],"guardrailConfig":{}}"#, "guardrailConfig"),
    (#"{"messages":[{"role":"user","content":[]}]}"#, "messages[0].content must be"),
    (#"{"messages":[{"role":"user"}]}"#, "messages[0].content must be"),
    (
      #"{"messages":[{"role":"user","content":[{"text":"a"}]}],"outputConfig":{"textFormat":{"type":"json_schema","#
        + #""structure":{"jsonSchema":{"schema":"nope"}}}}}"#,
      "outputConfig.textFormat.structure.jsonSchema.schema must be a JSON schema: this text is no JSON"
    ),
    (
      #"{"messages":[{"role":"user","content":[{"text":"a"}]}],"inferenceConfig":{"stopSequences":"x"}}"#,
      "inferenceConfig.stopSequences must be an array"
    ),
    (#"{"messages":[{"role":"user","content":[{"text":"a"}]}],"system":"x"}"#, "system"), ("[", "JSON"), ("", "body"),
  ])
  func `refuses in AWS's words`(_ body: String, _ word: String) async throws {
    let server = try TestServer(await TestModel.quick())
    for operation in ["converse", "converse-stream"] {
      let reply = try await server.post(model + operation, body)
      #expect(reply.status == 400 && reply.awsError == "ValidationException", "\(reply.text)")
      #expect(reply.json["message"]?.text?.contains(word) == true, "\(reply.text)")
    }
  }

  @Test func `has AWS's errors for keys, paths, methods and length`() async throws {
    let testModel = try await TestModel.quick()
    let server = try TestServer(testModel)
    let unknown = try await server.post("/model/x/dance", "{}")
    #expect(unknown.status == 404 && unknown.awsError == "UnknownOperationException")
    let long = try await server.post(
      model + "converse",
      ["messages": [["role": "user", "content": [["text": .string(String(repeating: "a b ", count: 400))]]]]])
    #expect(long.status == 400 && long.awsError == "ValidationException", "\(long.text)")
    let words = "Input is too long for requested model. This model's maximum context length is "
    #expect(long.json["message"]?.text?.hasPrefix(words) == true, "\(long.text)")
    let locked = try TestServer(testModel) { $0.apiKeys = ["secret"] }
    #expect(try await locked.post(model + "converse", fields()).awsError == "AccessDeniedException")
    let known = try await locked.post(model + "converse", "{}", headers: [.authorization: "Bearer secret"])
    #expect(known.awsError == "ValidationException")
  }

  @Test(arguments: [
    "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Ainference-profile%2Fus.meta.llama3-8b-instruct-v1%3A0/converse",
    "/model/arn:aws:bedrock:us-east-1:1:inference-profile/us.meta.llama3-8b-instruct-v1:0/converse",
    "/model/meta.llama3-8b-instruct-v1:0/converse",
  ])
  func `knows models by all their names`(_ path: String) async throws {
    let server = try TestServer(await TestModel.quick())
    #expect(try await server.post(path, fields()).status == 200)
  }
}

@Suite struct `Models of Bedrock` {
  @Test func `are listed and described`() async throws {
    let server = try TestServer(await TestModel.quick(), name: "tiny")
    let all = try await server.send(.get, "/foundation-models")
    #expect(all.json["modelSummaries"]?.elements?.first?["modelId"] == "tiny")
    let none = try await server.send(.get, "/foundation-models?byOutputModality=IMAGE")
    #expect(none.json["modelSummaries"] == [])
    let text = try await server.send(.get, "/foundation-models?byOutputModality=TEXT&byProvider=Apus")
    #expect(text.json["modelSummaries"]?.elements?.count == 1)
    let one = try await server.send(.get, "/foundation-models/tiny")
    #expect(one.json["modelDetails"]?["responseStreamingSupported"] == true)
    let status = try await server.send(.get, "/foundation-model-availability/tiny")
    #expect(status.json["authorizationStatus"] == "AUTHORIZED")
  }
}

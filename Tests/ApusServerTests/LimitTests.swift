internal import ApusJSON
internal import ApusServer
internal import Testing

/// Every limit at one less, at itself, and at one more.
struct LimitTests {
  private let path = "/v1/completions"

  private func expectLimit(
    _ limit: Int, beyond status: Int = 400, _ configure: (inout ServerConfiguration) -> Void = { _ in },
    path: String? = nil, _ body: (Int) -> String
  ) async throws {
    let server = try TestServer(await TestModel.quick(), configure)
    for (count, expected) in [(limit - 1, 200), (limit, 200), (limit + 1, status)] {
      let reply = try await server.post(path ?? self.path, body(count))
      #expect(reply.status == expected, "\(count) of \(limit)")
      if expected != 200 { #expect(reply.isAPIError) }
    }
  }

  @Test func `Bytes of the body`() async throws {
    let limit = 10_000
    try await expectLimit(limit, beyond: 413, { $0.limits.bodyByteCount = limit }) { count in
      let start = #"{"prompt":"a","max_tokens":1,"x":""#
      return start + String(repeating: "x", count: count - start.utf8.count - 2) + #""}"#
    }
  }

  @Test(arguments: [
    "/invocations", "/models/m/invoke", "/endpoints/e/invocations", "/endpoints/e/invocations-response-stream",
    "/invocations?x=1",
  ])
  func `Bytes of the body of an invocation`(_ path: String) async throws {
    #expect(RequestLimits().invocationByteCount == 32 << 20)
    let server = try TestServer(await TestModel.quick()) {
      $0.limits.bodyByteCount = 100
      $0.limits.invocationByteCount = 10_000
    }
    for (count, isTaken) in [(9_999, true), (10_000, true), (10_001, false)] {
      let start = #"{"prompt":"a","max_tokens":1,"x":""#
      let body = start + String(repeating: "x", count: count - start.utf8.count - 2) + #""}"#
      let reply = try await server.post(path, body)
      #expect((reply.status == 200) == isTaken, "\(count): \(reply.text)")
      if !isTaken { #expect(reply.text.contains("too large"), "\(reply.text)") }
    }
  }

  @Test func `JSON tokens`() async throws {
    let limit = 101
    try await expectLimit(limit, { $0.limits.jsonTokens = limit }) { count in
      // 14 tokens without elements; k elements are 2k - 1, and an empty array is one more than a number.
      var elements = Array(repeating: "1", count: (count - 13) / 2)
      if count.isMultiple(of: 2) { elements[0] = "[]" }
      return #"{"prompt":"a","max_tokens":1,"x":[\#(elements.joined(separator: ","))]}"#
    }
  }

  @Test func `Depth of the body`() async throws {
    try await expectLimit(127) { depth in
      let nested = String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
      return #"{"prompt":"a","max_tokens":1,"x":\#(nested)}"#
    }
  }

  @Test func `Choices per prompt, and of all prompts`() async throws {
    let limits = RequestLimits()
    try await expectLimit(limits.choices) { #"{"prompt":"a","max_tokens":1,"n":\#($0)}"# }
    try await expectLimit(limits.totalChoices) { count in
      let prompts = Array(repeating: "\"a\"", count: count).joined(separator: ",")
      return #"{"prompt":[\#(prompts)],"max_tokens":1}"#
    }
  }

  @Test func `Stop texts and their bytes`() async throws {
    let limits = RequestLimits()
    try await expectLimit(limits.stops) { count in
      let stops = (0..<count).map { "\"stop\($0)\"" }.joined(separator: ",")
      return #"{"prompt":"a","max_tokens":1,"stop":[\#(stops)]}"#
    }
    try await expectLimit(limits.stopByteCount) { count in
      #"{"prompt":"a","max_tokens":1,"stop":"\#(String(repeating: "s", count: count))"}"#
    }
  }

  @Test func `Entries of logit_bias`() async throws {
    let limit = 20
    try await expectLimit(limit, { $0.limits.logitBiases = limit }) { count in
      let entries = (0..<count).map { "\"\($0 + 5)\":1" }.joined(separator: ",")
      return #"{"prompt":"a","max_tokens":1,"logit_bias":{\#(entries)}}"#
    }
  }

  @Test func `Log probabilities, messages, tools and the model's name`() async throws {
    let limits = RequestLimits()
    try await expectLimit(limits.topLogProbabilities) { #"{"prompt":"a","max_tokens":1,"logprobs":\#($0)}"# }
    try await expectLimit(limits.modelNameByteCount) { count in
      #"{"prompt":"a","max_tokens":1,"model":"\#(String(repeating: "m", count: count))"}"#
    }
    let chat = "/v1/chat/completions"
    try await expectLimit(6, { $0.limits.messages = 6 }, path: chat) { count in
      let messages = Array(repeating: #"{"role":"user","content":"a"}"#, count: count).joined(separator: ",")
      return #"{"messages":[\#(messages)],"max_tokens":1}"#
    }
    try await expectLimit(limits.tools, path: chat) { count in
      let tools = Array(repeating: "{}", count: count).joined(separator: ",")
      let end = #""tool_choice":"none","max_tokens":1}"#
      return #"{"messages":[{"role":"user","content":"a"}],"tools":[\#(tools)],"# + end
    }
  }

  @Test func `Tokens of the context`() async throws {
    let server = try TestServer(await TestModel.quick())
    for (count, status) in [(254, 200), (255, 200), (256, 400), (257, 400)] {
      let tokens = Array(repeating: "5", count: count).joined(separator: ",")
      let reply = try await server.post(path, #"{"prompt":[\#(tokens)],"max_tokens":1}"#)
      #expect(reply.status == status, "\(count)")
      if status != 200 { #expect(reply.json["error"]?["code"] == "context_length_exceeded") }
    }
    let late = try await server.post(
      path, #"{"prompt":["a","\#(String(repeating: "he", count: 300))"],"max_tokens":1}"#)
    #expect(late.status == 400)
  }
}

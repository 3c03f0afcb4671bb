internal import Apus
internal import ApusJSON
internal import ApusServer
internal import HTTPTypes
internal import InMemoryTracing
internal import Testing
internal import Tracing

/// Requests in traces: what is recorded, passed on, and told in the log.
@Suite(.timeLimit(.minutes(2)))
struct TracingTests {
  private static let given = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
  private static let body = #"{"prompt":"abcd","max_tokens":4,"ignore_eos":true,"temperature":0.5,"seed":7}"#

  private func name(_ text: String) throws -> HTTPField.Name { try #require(HTTPField.Name(text)) }

  private func spans(_ lines: LineHold) throws -> [JSONValue] {
    try lines.lines.map { line in
      #expect(line.last == UInt8(ascii: "\n"))
      let resource = try #require(try JSONParser.parse(line)["resourceSpans"]?.elements?.first)
      let service = resource["resource"]?["attributes"]?.elements?.first { $0["key"] == "service.name" }
      #expect(service?["value"]?["stringValue"] == "apus")
      return try #require(resource["scopeSpans"]?.elements?.first?["spans"]?.elements?.first)
    }
  }

  @Test(arguments: [false, true])
  func `A request has children for preparation, waiting, prompt and generation`(_ isStreamed: Bool) async throws {
    let tracer = InMemoryTracer()
    let server = try TestServer(await TestModel.quick(), name: "tiny") { $0.tracer = tracer }
    let body = Self.body.dropLast() + #","stream":\#(isStreamed)}"#
    #expect(try await server.post("/v1/completions", String(body)).status == 200)
    let spans = tracer.finishedSpans
    #expect(
      Set(spans.map(\.operationName)) == [
        "POST /v1/completions", "preparation", "waiting", "prompt", "generation",
      ])
    #expect(spans.count == 5 && tracer.activeSpans.isEmpty && Set(spans.map(\.traceID)).count == 1)
    let request = try #require(spans.first { $0.operationName == "POST /v1/completions" })
    #expect(request.kind == .server && request.parentSpanID == nil)
    for span in spans where span.spanID != request.spanID {
      #expect(span.parentSpanID == request.spanID)
      #expect(span.startInstant.nanosecondsSinceEpoch <= span.endInstant.nanosecondsSinceEpoch)
    }
    let attributes = request.attributes
    #expect(attributes.get("gen_ai.operation.name") == "text_completion")
    #expect(attributes.get("gen_ai.provider.name") == "apus")
    #expect(attributes.get("gen_ai.response.model") == "tiny")
    #expect(attributes.get("gen_ai.usage.input_tokens") == 5)
    #expect(attributes.get("gen_ai.usage.output_tokens") == 4)
    #expect(attributes.get("gen_ai.request.max_tokens") == 4)
    #expect(attributes.get("gen_ai.request.temperature") == 0.5)
    #expect(attributes.get("gen_ai.request.seed") == 7)
    #expect(attributes.get("http.route") == "/v1/completions")
    #expect(attributes.get("http.response.status_code") == 200)
    let generation = try #require(spans.first { $0.operationName == "generation" })
    #expect(generation.attributes.get("gen_ai.response.finish_reasons") == .stringArray(["length"]))
  }

  @Test func `Each choice has spans of its own, and a chat is called one`() async throws {
    let tracer = InMemoryTracer()
    let server = try TestServer(await TestModel.quick(parallel: 2)) { $0.tracer = tracer }
    let body = #"{"messages":[{"role":"user","content":"a"}],"max_tokens":2,"n":2}"#
    #expect(try await server.post("/v1/chat/completions", body).status == 200)
    #expect(tracer.finishedSpans.filter { $0.operationName == "generation" }.count == 2)
    let request = tracer.finishedSpans.first { $0.kind == .server }
    #expect(request?.attributes.get("gen_ai.operation.name") == "chat")
    #expect(request?.attributes.get("gen_ai.request.choice.count") == 2)
  }

  @Test(arguments: [
    ("/v1/embeddings", #"{"input":"abcd"}"#, "embeddings", false),
    ("/api/embed", #"{"input":"a"}"#, "embeddings", false),
    ("/embedding", #"{"content":"a"}"#, "embeddings", false),
    ("/score", #"{"text_1":"a","text_2":"b"}"#, "score", true),
    ("/rerank", #"{"query":"a","documents":["b","c"]}"#, "rerank", true),
  ])
  func `Vectors and scores say what was done, by which model`(
    _ path: String, _ body: String, _ operation: String, _ ranks: Bool
  ) async throws {
    let tracer = InMemoryTracer()
    let model = try await ranks ? TestModel.ranking() : TestModel.embedding()
    let server = try TestServer(model, name: "tiny") { $0.tracer = tracer }
    #expect(try await server.post(path, body).status == 200)
    let attributes = try #require(tracer.finishedSpans.first { $0.kind == .server }).attributes
    #expect(attributes.get("gen_ai.operation.name") == .string(operation))
    #expect(attributes.get("gen_ai.provider.name") == "apus")
    for name in ["gen_ai.request.model", "gen_ai.response.model"] { #expect(attributes.get(name) == "tiny") }
    #expect(attributes.get("gen_ai.usage.output_tokens") == 0)
    #expect(attributes.get("gen_ai.usage.input_tokens") != nil && attributes.get("gen_ai.usage.input_tokens") != 0)
    #expect(tracer.finishedSpans.contains { $0.operationName == "work" })
  }

  @Test func `A tokenized text is no work of a model`() async throws {
    let tracer = InMemoryTracer()
    let server = try TestServer(await TestModel.quick()) { $0.tracer = tracer }
    #expect(try await server.post("/tokenize", #"{"prompt":"a"}"#).status == 200)
    let request = tracer.finishedSpans.first { $0.kind == .server }
    #expect(request != nil && request?.attributes.get("gen_ai.operation.name") == nil)
  }

  @Test func `A refusal ends its span with the error's word, and probes have no spans`() async throws {
    let tracer = InMemoryTracer()
    let server = try TestServer(await TestModel.quick()) { $0.tracer = tracer }
    #expect(try await server.post("/v1/completions", #"{"prompt":5}"#).status == 400)
    let request = try #require(tracer.finishedSpans.first { $0.kind == .server })
    #expect(request.attributes.get("error.type") == "invalid_request_error" && request.status == nil)
    tracer.clearFinishedSpans()
    _ = try await server.send(.get, "/health")
    if let method = HTTPRequest.Method("MADEUP") { _ = try await server.send(method, "/v1/models") }
    #expect(tracer.finishedSpans.map(\.operationName) == ["other /v1/models"])
  }

  @Test func `Lines are OTLP, children of the client's span, and hold nothing of the prompt`() async throws {
    let (lines, log) = (LineHold(), LineHold())
    let server = try TestServer(await TestModel.quick(), logger: log.logger) {
      $0.tracer = LineTracer(version: "1") { lines.add($0) }
    }
    let headers: HTTPFields = [try name("traceparent"): Self.given, try name("tracestate"): "a=1,b=2"]
    let reply = try await server.post("/v1/completions", Self.body, headers: headers)
    let spans = try spans(lines)
    let request = try #require(spans.first { $0["kind"] == 2 })
    let id = try #require(request["spanId"]?.text)
    #expect(spans.count == 5 && spans.allSatisfy { $0["traceId"] == "0af7651916cd43dd8448eb211c80319c" })
    #expect(request["parentSpanId"] == "b7ad6b7169203331" && request["traceState"] == "a=1,b=2")
    #expect(spans.filter { $0["parentSpanId"] == .string(id) }.count == 4)
    #expect(reply.headers[try name("traceparent")] == "00-0af7651916cd43dd8448eb211c80319c-\(id)-01")
    #expect(reply.headers[try name("tracestate")] == "a=1,b=2")
    #expect(log.requests.map { $0["trace_id"] } == ["0af7651916cd43dd8448eb211c80319c"])
    let tokens = request["attributes"]?.elements?.first { $0["key"] == "gen_ai.usage.input_tokens" }
    #expect(tokens?["value"]?["intValue"] == "5")
    for line in lines.lines { #expect(!String(decoding: line, as: UTF8.self).contains("abcd")) }
  }

  @Test func `A trace that its client does not record is passed on and not written`() async throws {
    let lines = LineHold()
    let server = try TestServer(await TestModel.quick()) { $0.tracer = LineTracer(version: "1") { lines.add($0) } }
    let unrecorded = Self.given.dropLast() + "0"
    let reply = try await server.post(
      "/v1/completions", Self.body, headers: [try name("traceparent"): String(unrecorded)])
    #expect(try lines.lines.isEmpty && reply.headers[name("traceparent")]?.hasSuffix("-00") == true)
  }

  @Test func `Without a tracer what a client sent is passed on as it is, and named in the log`() async throws {
    let log = LineHold()
    let server = try TestServer(await TestModel.quick(), logger: log.logger)
    let parent = try name("traceparent")
    #expect(
      try await server.post("/v1/completions", Self.body, headers: [parent: Self.given]).headers[parent] == Self.given)
    #expect(try await server.post("/v1/completions", Self.body).headers[parent] == nil)
    #expect(log.requests.map { $0["trace_id"] } == ["0af7651916cd43dd8448eb211c80319c", nil])
  }

  @Test(arguments: [
    "", "00", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
    "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    "00-00000000000000000000000000000000-b7ad6b7169203331-01",
    "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
    "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x",
    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0g", "00-0af7651916cd43dd8448eb211c80319-b7ad6b7169203331-01",
  ])
  func `What is no trace context begins a new trace`(_ text: String) async throws {
    let lines = LineHold()
    let server = try TestServer(await TestModel.quick()) { $0.tracer = LineTracer(version: "1") { lines.add($0) } }
    _ = try await server.send(.get, "/v1/models", headers: [try name("traceparent"): text])
    let span = try #require(try spans(lines).first)
    #expect(span["parentSpanId"] == nil && span["traceId"]?.text?.utf8.count == 32)
    #expect(span["traceId"] != "0af7651916cd43dd8448eb211c80319c")
  }

  @Test func `A later version of the header is read as far as it is known`() async throws {
    let lines = LineHold()
    let server = try TestServer(await TestModel.quick()) { $0.tracer = LineTracer(version: "1") { lines.add($0) } }
    let later = "01" + Self.given.dropFirst(2) + "-more"
    _ = try await server.send(.get, "/v1/models", headers: [try name("traceparent"): later])
    #expect(try spans(lines).map { $0["parentSpanId"] } == ["b7ad6b7169203331"])
  }
}

extension JSONValue {
  fileprivate var text: String? { if case .string(let text) = self { text } else { nil } }
}

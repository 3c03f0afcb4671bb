internal import Apus
internal import ApusJSON
internal import ApusServer
internal import ApusStore
internal import ApusTestSupport
internal import HTTPTypes
internal import InMemoryTracing
internal import Testing
internal import Tracing

/// What is told of batches and their requests, and to whom.
@Suite(.timeLimit(.minutes(2))) struct `Requests of batches` {
  private func entries(_ log: LineHold, _ message: String) -> [JSONValue] {
    log.lines.compactMap { try? JSONParser.parse($0) }.filter { $0["message"] == .string(message) }
  }

  @Test func `have lines in the log, counts and traces as others have`() async throws {
    let (log, tracer, folder) = (LineHold(), InMemoryTracer(), try TemporaryFolder())
    let files = try FileFolder(path: folder.path("files"), sections: FileFolder.batchSections)
    let server = try TestServer(await TestModel.quick(), name: "tiny", logger: log.logger) {
      ($0.files, $0.tracer) = (files, tracer)
    }
    let text = [
      BatchText.line("a", #"{"prompt":"secret","max_tokens":2,"ignore_eos":true}"#),
      BatchText.line("b", #"{"prompt":"secret","n":0}"#),
    ].joined(separator: "\n")
    let file = try #require(try await server.upload(text).json["id"]?.text)
    let id = try #require(try await server.createBatch(file).json["id"]?.text)
    #expect(try await server.endOfBatch(id)["status"] == "completed")
    while entries(log, "batch ended").isEmpty { await Task.yield() }
    let began = try #require(entries(log, "batch began").first)
    #expect(began["batch"]?.text == id && began["endpoint"] == "/v1/completions" && began["requests"] == 2)
    let ended = try #require(entries(log, "batch ended").first)
    #expect(ended["batch"]?.text == id && ended["status"] == "completed", "\(ended)")
    #expect(ended["completed"] == 1 && ended["failed"] == 1 && ended["error"] == nil)
    let lines = log.requests.filter { $0["batch"]?.text == id }
    #expect(
      lines.map { $0["status"] } == [200, 400] && lines.map { $0["path"] } == ["/v1/completions", "/v1/completions"])
    #expect(lines.first?["model"] == "tiny" && lines.first?["completion_tokens"] == 2)
    #expect(lines.last?["end"] == "invalid_request_error")
    #expect(!log.lines.contains { String(decoding: $0, as: UTF8.self).contains("secret") })
    let page = try await server.send(.get, "/metrics").text
    for status in ["2xx", "4xx"] {
      #expect(
        page.split(separator: "\n").contains {
          $0.hasPrefix("http_requests_total{") && $0.contains("handler=\"/v1/completions\"")
            && $0.contains("status=\"\(status)\"") && $0.hasSuffix(" 1")
        }, "\(page)")
    }
    let spans = tracer.finishedSpans.filter { $0.operationName == "POST /v1/completions" }
    #expect(spans.map { $0.attributes.get("apus.batch.id") } == [.string(id), .string(id)])
    #expect(tracer.activeSpans.isEmpty)
  }

  @Test func `that are wrong end a batch, whose line says why`() async throws {
    let (log, folder) = (LineHold(), try TemporaryFolder())
    let files = try FileFolder(path: folder.path("files"), sections: FileFolder.batchSections)
    let server = try TestServer(await TestModel.quick(), logger: log.logger) { $0.files = files }
    let file = try #require(try await server.upload("{").json["id"]?.text)
    let id = try #require(try await server.createBatch(file).json["id"]?.text)
    #expect(try await server.endOfBatch(id)["status"] == "failed")
    while entries(log, "batch ended").isEmpty { await Task.yield() }
    let ended = try #require(entries(log, "batch ended").first)
    #expect(ended["status"] == "failed" && ended["error"] == "invalid_json_line", "\(ended)")
    #expect(entries(log, "batch began").isEmpty)
  }
}

internal import Apus
internal import ApusJSON
internal import ApusServer
internal import ApusTestSupport
internal import Foundation
internal import HTTPTypes
internal import Testing

/// Docs/Endings.md names every cause that the code knows, and what the server says is what it says.
@Suite(.timeLimit(.minutes(2)))
struct EndingTests {
  private static let endless = #""prompt":"a","max_tokens":30000,"ignore_eos":true"#

  private static var table: String {
    get throws {
      let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
      return try String(contentsOf: root.appendingPathComponent("Docs/Endings.md"), encoding: .utf8)
    }
  }

  /// The name of an error in the table; a new case does not compile until it has one.
  private static func name(_ error: ApusError) -> String {
    switch error {
    case .cannotLoad: "cannotLoad"
    case .invalidOption: "invalidOption"
    case .notEnoughMemory: "notEnoughMemory"
    case .modelsInUse: "modelsInUse"
    case .unknownModel: "unknownModel"
    case .invalidRequest: "invalidRequest"
    case .invalidText: "invalidText"
    case .contextLengthExceeded: "contextLengthExceeded"
    case .noChatTemplate: "noChatTemplate"
    case .chatTemplate: "chatTemplate"
    case .unsuitableModel: "unsuitableModel"
    case .alreadyResponding: "alreadyResponding"
    case .queueFull: "queueFull"
    case .shuttingDown: "shuttingDown"
    case .modelChanged: "modelChanged"
    case .modelDamaged: "modelDamaged"
    case .stopped: "stopped"
    case .cannotSave: "cannotSave"
    case .cannotRestore: "cannotRestore"
    case .outputCut: "outputCut"
    case .tooManyToolRounds: "tooManyToolRounds"
    case .toolFailed: "toolFailed"
    case .engineFailed: "engineFailed"
    }
  }

  private static let errors: [ApusError] = [
    .cannotLoad(path: "", reason: ""), .invalidOption(name: "", reason: ""),
    .notEnoughMemory(neededBytes: 0, availableBytes: 0, largestContext: nil), .modelsInUse(missingBytes: 0),
    .unknownModel(name: "", known: []), .invalidRequest(field: "", reason: ""),
    .invalidText(index: 0, reason: ""),
    .contextLengthExceeded(limit: 0, requested: 0, prompt: 0), .noChatTemplate, .chatTemplate(reason: ""),
    .unsuitableModel(reason: ""), .alreadyResponding, .queueFull(limit: 0), .shuttingDown, .modelChanged(path: ""),
    .modelDamaged(path: "", reason: ""),
    .stopped, .cannotSave(path: "", reason: ""), .cannotRestore(path: "", reason: ""),
    .outputCut(reason: .length), .tooManyToolRounds(limit: 0), .toolFailed(name: "", reason: ""),
    .engineFailed(reason: ""),
  ]

  @Test func `The table of endings names every end that the code knows`() throws {
    let table = try Self.table
    for end in AnswerEnd.allCases { #expect(table.contains("`\(end.rawValue)`"), "\(end)") }
    for reason in FinishReason.allCases { #expect(table.contains("`FinishReason.\(reason.rawValue)`"), "\(reason)") }
    for error in Self.errors { #expect(table.contains("\n| `\(Self.name(error))` |"), "\(error)") }
    let rows = table.split(separator: "\n").filter { $0.hasPrefix("| `") }
    #expect(rows.count == Self.errors.count)
  }

  @Test func `The limit of a whole answer begins with the work, and what it cuts is told`() async throws {
    let server = try TestServer(await TestModel.slow()) { $0.timeouts.wholeAnswer = .milliseconds(400) }
    let busy = (0..<2).map { _ in Task { try await server.post("/v1/completions", "{\(Self.endless)}") } }
    while server.model.engine.health.running + server.model.engine.health.queued < 2 { await Task.yield() }
    let late = try await server.post("/v1/completions", #"{"prompt":"a","max_tokens":3,"ignore_eos":true}"#)
    #expect(late.status == 200)
    #expect(late.json["usage"]?["completion_tokens"] == 3)
    for task in busy {
      let choice = try #require(try await task.value.json["choices"]?.elements?.first)
      #expect(choice["finish_reason"] == "deadline")
      #expect(choice["text"] != "")
    }
  }

  @Test func `Where nothing was produced the limit is an error`() async throws {
    let server = try TestServer(await TestModel.slow()) { $0.timeouts.wholeAnswer = .zero }
    let prompt = Array(repeating: "5", count: 30000).joined(separator: ",")
    let reply = try await server.post("/v1/completions", #"{"prompt":[\#(prompt)],"max_tokens":2000}"#)
    #expect(reply.status == 504)
    #expect(reply.json["error"]?["code"] == "deadline_exceeded")
  }

  @Test func `Of several choices those that were not begun have the same end`() async throws {
    let server = try TestServer(await TestModel.slow()) { $0.timeouts.wholeAnswer = .milliseconds(200) }
    let reply = try await server.post("/v1/completions", #"{\#(Self.endless),"n":3}"#)
    #expect(reply.status == 200)
    let choices = try #require(reply.json["choices"]?.elements)
    #expect(choices.map { $0["finish_reason"] } == ["deadline", "deadline", "deadline"])
    #expect(choices.map { $0["text"] == "" } == [false, true, true])
  }

  @Test func `Waiting too long is an error of its own, also for a stream, which has not begun`() async throws {
    let server = try TestServer(await TestModel.slow()) { $0.timeouts.queue = .seconds(2) }
    let busy = Task { try await server.post("/v1/completions", #"{\#(Self.endless),"stream":true}"#) }
    while server.model.engine.health.running == 0 { await Task.yield() }
    let whole = try await server.post("/v1/completions", #"{"prompt":"a","max_tokens":1}"#)
    #expect(whole.status == 503)
    #expect(whole.json["error"]?["code"] == "queue_timeout")
    #expect(whole.headers[.retryAfter] != nil)
    let stream = try await server.post("/v1/completions", #"{"prompt":"a","max_tokens":1,"stream":true}"#)
    #expect(stream.status == 503)
    #expect(stream.json["error"]?["code"] == "queue_timeout")
    busy.cancel()
    _ = try await busy.value
  }

  @Test func `What the end of the server cuts is told, with what there is`() async throws {
    let server = try TestServer(await TestModel.slow())
    let whole = Task { try await server.post("/v1/completions", "{\(Self.endless)}") }
    while server.model.engine.metrics.steps < 3 { await Task.yield() }
    let waiting = [false, true].map { isStreamed in
      Task { try await server.post("/v1/completions", "{\(Self.endless),\"stream\":\(isStreamed)}") }
    }
    while server.model.engine.health.queued < 2 { await Task.yield() }
    server.model.engine.cancelAll()
    let choice = try #require(try await whole.value.json["choices"]?.elements?.first)
    #expect(choice["finish_reason"] == "shutdown")
    for reply in waiting { #expect(try await reply.value.status == 503) }
  }

  @Test func `A streamed answer that is cut has its end in the last frame, and an error after it`() async throws {
    let server = try TestServer(await TestModel.slow())
    let stream = Task { try await server.post("/v1/completions", #"{\#(Self.endless),"stream":true}"#) }
    while server.model.engine.metrics.steps < 5 { await Task.yield() }
    server.model.engine.cancelAll()
    let events = try await stream.value.events
    #expect(events.last?["error"]?["code"] == "shutting_down")
    #expect(events.dropLast().last?["choices"]?.elements?.first?["finish_reason"] == "shutdown")
  }

  @Test func `An answer that fails after it has begun holds the error, and does not end in order`() async throws {
    let server = try TestServer(await TestModel.slow()) {
      $0.timeouts.heartbeat = .milliseconds(50)
      $0.timeouts.queue = .seconds(2)
    }
    let busy = Task { try await server.post("/v1/completions", #"{\#(Self.endless),"stream":true}"#) }
    while server.model.engine.health.running == 0 { await Task.yield() }
    await #expect(throws: (any Error).self) { try await server.post("/v1/completions", #"{"prompt":"a"}"#) }
    busy.cancel()
    _ = try await busy.value
  }

  @Test func `Preparing has a time limit that its error names`() async throws {
    let server = try TestServer(await TestModel.slow()) { $0.timeouts.preparation = .zero }
    let reply = try await server.post("/v1/completions", #"{"prompt":"a","max_tokens":1}"#)
    #expect(reply.status == 400)
    #expect(reply.json["error"]?["code"] == "preparation_timeout")
  }
}

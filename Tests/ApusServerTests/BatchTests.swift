internal import Apus
internal import ApusJSON
internal import ApusServer
internal import ApusStore
internal import ApusTestSupport
internal import Foundation
internal import HTTPTypes
internal import Testing

@Suite struct `Bodies of parts` {
  private let body =
    "--b\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nbatch\r\n"
    + "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a \\\"b\\\".jsonl\"\r\n"
    + "Content-Type: text/plain\r\n\r\nx\r\n--c\r\n\r\n--b--\r\n"

  /// All that a body says, its data put together.
  private func read(_ body: String, by size: Int) throws -> [MultipartReader.Event] {
    var reader = try #require(MultipartReader(contentType: "multipart/form-data; charset=x; boundary=\"b\""))
    var events: [MultipartReader.Event] = []
    let bytes = Array(body.utf8)
    for start in stride(from: 0, to: bytes.count, by: size) {
      for event in try reader.feed(bytes[start..<min(bytes.count, start + size)]) {
        if case .data(let more) = event, case .data(let old)? = events.last {
          events[events.count - 1] = .data(old + more)
        } else {
          events.append(event)
        }
      }
    }
    try reader.finish()
    return events
  }

  @Test(arguments: [1, 2, 3, 7, 1000]) func `are read in pieces of any size`(_ size: Int) throws {
    #expect(
      try read(body, by: size) == [
        .begin(name: "purpose", filename: nil), .data(Array("batch".utf8)), .end,
        .begin(name: "file", filename: "a \"b\".jsonl"), .data(Array("x\r\n--c\r\n".utf8)), .end,
      ])
  }

  @Test(arguments: [
    "", "x", "--b", "--b\r\n", "--c\r\n", "--bx", "--b\r\n\r\n\r\na\r\n--b--", "--b--x",
    "--b\r\nContent-Disposition: form-data; name=a\r\n\r\nb",
    "--b\r\nContent-Disposition: form-data; name=a\r\n\r\nb\r\n--b--x",
  ])
  func `that are wrong are refused`(_ body: String) {
    for size in [1, 1000] { #expect(throws: MultipartError.self) { try read(body, by: size) } }
  }

  @Test func `need a boundary, and have short headers`() throws {
    for type in ["", "text/plain", "multipart/form-data", "multipart/form-data; boundary="] {
      #expect(MultipartReader(contentType: type) == nil)
    }
    var reader = try #require(MultipartReader(contentType: "multipart/form-data; boundary=b"))
    _ = try reader.feed("--b\r\n".utf8)
    #expect(throws: MultipartError.self) { try reader.feed(repeatElement(0x61, count: 9000)) }
  }
}

@Suite(.timeLimit(.minutes(2))) struct `Batches` {
  private func server(
    _ model: TestModel, _ folder: TemporaryFolder, _ configure: (inout ServerConfiguration) -> Void = { _ in }
  ) throws -> TestServer {
    let files = try FileFolder(path: folder.path("files"), sections: FileFolder.batchSections)
    return try TestServer(model) {
      $0.files = files
      configure(&$0)
    }
  }

  @Test func `answer each line as the path itself does, and errors stand apart`() async throws {
    let (model, folder) = (try await TestModel.quick(parallel: 4), try TemporaryFolder())
    let server = try server(model, folder)
    let text = [BatchText.short("a"), "", BatchText.short("b", 2), BatchText.line("c", #"{"prompt":3}"#)].joined(
      separator: "\n")
    let file = try await server.upload(text)
    #expect(file.json["purpose"] == "batch" && file.json["bytes"] == .int(text.utf8.count), "\(file.text)")
    let id = try #require(file.json["id"]?.text)
    #expect(try await server.send(.get, "/v1/files/\(id)/content").text == text)
    let batch = try await server.createBatch(id)
    #expect(batch.status == 200 && batch.json["metadata"] == ["a": "b"], "\(batch.text)")
    let ended = try await server.endOfBatch(try #require(batch.json["id"]?.text))
    #expect(ended["status"] == "completed")
    #expect(ended["request_counts"] == ["total": 3, "completed": 2, "failed": 1], "\(ended)")
    let answers = try await server.lines(of: ended["output_file_id"])
    #expect(Set(answers.compactMap { $0["custom_id"]?.text }) == ["a", "b"])
    for (name, seed) in [("a", 1), ("b", 2)] {
      let own = try await server.post(
        "/v1/completions", #"{"prompt":"a","max_tokens":4,"seed":\#(seed),"ignore_eos":true}"#)
      let answer = answers.first { $0["custom_id"]?.text == name }?["response"]
      #expect(answer?["status_code"] == 200 && answer?["body"]?["choices"] == own.json["choices"])
    }
    let errors = try await server.lines(of: ended["error_file_id"])
    #expect(errors.count == 1 && errors.first?["response"]?["status_code"] == 400)
    #expect(errors.first?["response"]?["body"]?["error"]?["param"] == "prompt")
    let listed = try await server.send(.get, "/v1/batches?limit=1").json
    #expect(listed["has_more"] == false && listed["data"]?.elements?.count == 1)
    #expect(try await server.send(.delete, "/v1/files/" + id).json["deleted"] == true)
    #expect(try await server.send(.get, "/v1/files/" + id).status == 404)
  }

  @Test func `whose file is wrong fail, and say which lines`() async throws {
    let (model, folder) = (try await TestModel.quick(), try TemporaryFolder())
    let server = try server(model, folder) { $0.batchLimits.lines = 8 }
    let text = [
      BatchText.short("a"), "{", BatchText.short("a"), BatchText.line("b", "{}", url: "/v1/embeddings"),
      BatchText.line("c", "3"),
      BatchText.line("d", #"{"stream":true}"#),
    ].joined(separator: "\n")
    for (text, codes) in [
      (
        text, ["invalid_json_line", "duplicate_custom_id", "invalid_url", "missing_required_parameter", "invalid_body"]
      ),
      ("\n\n", ["empty_file"]),
      (Array(0..<9).map { BatchText.short("\($0)") }.joined(separator: "\n"), ["too_many_requests"]),
    ] {
      let file = try #require(try await server.upload(text).json["id"]?.text)
      let batch = try await server.endOfBatch(try #require(try await server.createBatch(file).json["id"]?.text))
      #expect(batch["status"] == "failed")
      #expect(batch["errors"]?["data"]?.elements?.compactMap { $0["code"]?.text } == codes)
    }
  }

  @Test func `go on where they were after the server was started again`() async throws {
    let (model, folder) = (try await TestModel.slow(), try TemporaryFolder())
    let files = try FileFolder(path: folder.path("files"), sections: FileFolder.batchSections)
    let answered = #"{"custom_id":"a","response":{"status_code":200}}"# + "\n"
    try files.append(
      Array([BatchText.short("a"), BatchText.short("b")].joined(separator: "\n").utf8), to: "files/file-1")
    let file =
      #"{"id":"file-1","owner":"","filename":"in","purpose":"batch","byteCount":9,"created":1}"#
    try files.write(Array(file.utf8), to: "files/file-1.json")
    try files.append(Array((answered + #"{"custom_id":"b","resp"#).utf8), to: "batches/batch_1.output")
    let batch =
      #"{"id":"batch_1","owner":"","endpoint":"/v1/completions","input":"file-1","metadata":{},"created":1,"#
      + #""expires":1800000000,"status":"in_progress","times":{},"problems":[],"total":2,"completed":0,"failed":0}"#
    try files.write(Array(batch.utf8), to: "batches/batch_1.json")
    let server = try TestServer(model) { $0.files = files }
    let ended = try await server.endOfBatch("batch_1")
    #expect(ended["status"] == "completed" && ended["request_counts"]?["completed"] == 2, "\(ended)")
    let answers = try await server.lines(of: ended["output_file_id"])
    #expect(answers.compactMap { $0["custom_id"]?.text } == ["a", "b"])
    #expect(model.model.engine.metrics.completedRequests == 1)
  }

  @Test func `whose file is gone fail, and hold up no others`() async throws {
    let (model, folder) = (try await TestModel.quick(), try TemporaryFolder())
    let files = try FileFolder(path: folder.path("files"), sections: FileFolder.batchSections)
    let batch =
      #"{"id":"batch_1","owner":"","endpoint":"/v1/completions","input":"file-1","metadata":{},"created":1,"#
      + #""expires":1800000000,"status":"in_progress","times":{},"problems":[],"total":2,"completed":0,"failed":0}"#
    try files.write(Array(batch.utf8), to: "batches/batch_1.json")
    let server = try TestServer(model) { $0.files = files }
    let ended = try await server.endOfBatch("batch_1")
    #expect(ended["status"] == "failed" && ended["errors"]?["data"]?.elements?.first?["code"] == "input_file_gone")
    let file = try #require(try await server.upload(BatchText.short("a")).json["id"]?.text)
    let other = try await server.endOfBatch(try #require(try await server.createBatch(file).json["id"]?.text))
    #expect(other["status"] == "completed")
  }

  @Test func `can be cancelled, and take no place of clients that wait`() async throws {
    let (model, folder) = (try await TestModel.slow(), try TemporaryFolder())
    let server = try server(model, folder) { $0.queueLimit = 0 }
    let long = BatchText.line("a", #"{"prompt":"a","max_tokens":30000,"ignore_eos":true}"#)
    let file = try #require(try await server.upload(long + "\n" + BatchText.short("b")).json["id"]?.text)
    let id = try #require(try await server.createBatch(file).json["id"]?.text)
    while model.model.engine.health.running == 0 { await Task.yield() }
    #expect(try await server.send(.delete, "/v1/files/" + file).status == 400)
    #expect(try await server.post("/v1/completions", #"{"prompt":"a","max_tokens":2}"#).status == 200)
    let cancelled = try await server.post("/v1/batches/\(id)/cancel", "")
    #expect(cancelled.json["status"] == "cancelling", "\(cancelled.text)")
    #expect(try await server.endOfBatch(id)["status"] == "cancelled")
    #expect(try await server.post("/v1/batches/\(id)/cancel", "").json["status"] == "cancelled")
  }

  @Test func `that must wait for a limit of their key let others go first`() async throws {
    let (model, folder) = (try await TestModel.quick(), try TemporaryFolder())
    let lines = ["slow requests-per-minute=1", "fast"].map { line in
      let words = line.split(separator: " ", maxSplits: 1)
      return "\(words[0]) \(KeyDigest(of: "key of \(words[0])").text) \(words.dropFirst().joined())"
    }
    let server = try server(model, folder) { $0.keyFile = MemoryFile(lines.joined(separator: "\n")) }
    var ids: [String] = []
    for name in ["slow", "fast"] {
      let key: HTTPFields = [.authorization: "Bearer key of \(name)"]
      let file = try #require(
        try await server.upload([BatchText.short("a"), BatchText.short("b")].joined(separator: "\n"), key).json["id"])
      ids.append(try #require(try await server.createBatch(file.text ?? "", key).json["id"]?.text))
    }
    let ended = try await server.endOfBatch(ids[1], [.authorization: "Bearer key of fast"])
    #expect(ended["request_counts"]?["completed"] == 2)
    let waiting = try await server.send(.get, "/v1/batches/" + ids[0], headers: [.authorization: "Bearer key of slow"])
    #expect(waiting.json["status"] == "in_progress" && waiting.json["request_counts"]?["completed"] == 1)
  }

  @Test func `that come too late expire, and each line says so`() async throws {
    let (model, folder) = (try await TestModel.quick(), try TemporaryFolder())
    let files = try FileFolder(path: folder.path("files"), sections: FileFolder.batchSections)
    try files.append(Array(BatchText.short("a").utf8), to: "files/file-1")
    let batch =
      #"{"id":"batch_1","owner":"","endpoint":"/v1/completions","input":"file-1","metadata":{},"created":1,"#
      + #""expires":2,"status":"validating","times":{},"problems":[],"total":0,"completed":0,"failed":0}"#
    try files.write(Array(batch.utf8), to: "batches/batch_1.json")
    let server = try TestServer(model) { $0.files = files }
    let ended = try await server.endOfBatch("batch_1")
    #expect(ended["status"] == "expired")
    #expect(try await server.lines(of: ended["error_file_id"]).first?["error"]?["code"] == "batch_expired")
  }

  @Test func `and files are their owners' alone, and need a folder`() async throws {
    let (model, folder) = (try await TestModel.quick(), try TemporaryFolder())
    let server = try server(model, folder) { $0.apiKeys = ["k", "l"] }
    let (mine, other): (HTTPFields, HTTPFields) = ([.authorization: "Bearer k"], [.authorization: "Bearer l"])
    let file = try #require(try await server.upload(BatchText.short("a"), mine).json["id"]?.text)
    #expect(try await server.createBatch(file, other).status == 400)
    let id = try #require(try await server.createBatch(file, mine).json["id"]?.text)
    #expect(try await server.endOfBatch(id, mine)["request_counts"]?["completed"] == 1)
    for path in ["/v1/files/" + file, "/v1/files/\(file)/content", "/v1/batches/" + id] {
      #expect(try await server.send(.get, path, headers: other).status == 404)
      #expect(try await server.send(.get, path, headers: mine).status == 200)
    }
    #expect(try await server.send(.get, "/v1/files", headers: other).json["data"] == [])
    let none = try TestServer(model)
    for path in ["/v1/files", "/v1/batches"] {
      let reply = try await none.send(.get, path)
      #expect(reply.status == 400 && reply.isAPIError && reply.text.contains("--files"))
    }
  }

  @Test func `have files that are bounded, and of one purpose`() async throws {
    let (model, folder) = (try await TestModel.quick(), try TemporaryFolder())
    let server = try server(model, folder) {
      $0.batchLimits.fileByteCount = 100
      $0.batchLimits.allFilesByteCount = 150
    }
    let hundred = String(repeating: "a", count: 100)
    #expect(try await server.upload(hundred, purpose: "vision").json["error"]?["param"] == "purpose")
    #expect(try await server.upload("").status == 400)
    #expect(try await server.upload(hundred + "a").status == 413)
    #expect(try await server.upload(hundred).status == 200)
    #expect(try await server.upload(hundred).status == 413)
    #expect(try await server.post("/v1/files", "x").status == 400)
    #expect(try await server.post("/v1/files", "--b\r\n", headers: TestServer.multipart).status == 400)
  }
}
